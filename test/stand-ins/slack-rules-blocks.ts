import {
  asFields,
  checkBoolean,
  checkKeys,
  checkLength,
  checkOptionalText,
  checkRequired,
  checkText,
  checkUnique,
  type Fields,
  listOf,
  type Report,
} from './slack-rules-basics.ts';
import { CHARTS_PER_MESSAGE, checkChartBlock } from './slack-rules-chart.ts';
import { checkElement, checkImage } from './slack-rules-elements.ts';
import { checkRichText } from './slack-rules-rich-text.ts';

/** Slack's rules for blocks (Slack, "Block Kit reference": "Blocks"). A block that is missing here is reported. */

export type Surface = 'message' | 'home' | 'modal';

interface Rule {
  readonly keys: readonly string[];
  /** Left out: all of them. */
  readonly surfaces?: readonly Surface[];
  readonly check: (block: Fields, pointer: string, report: Report) => void;
}

const RULES: Readonly<Record<string, Rule>> = {
  divider: { keys: [], check: () => undefined },
  header: {
    keys: ['text'],
    check: ({ text }, pointer, report) => checkText(text, { most: 150, types: ['plain_text'] }, `${pointer}/text`, report),
  },
  section: { keys: ['text', 'fields', 'accessory', 'expand'], check: checkSection },
  context: { keys: ['elements'], check: checkContext },
  actions: { keys: ['elements'], check: checkActions },
  image: { keys: ['image_url', 'slack_file', 'alt_text', 'title'], check: checkImageBlock },
  input: { keys: ['label', 'element', 'dispatch_action', 'hint', 'optional'], check: checkInput },
  rich_text: { keys: ['elements'], check: checkRichText },
  data_visualization: { keys: ['title', 'chart'], surfaces: ['message'], check: checkChartBlock },
};

/** Checks all blocks of a message or a view: each one, their number, and that no id is there twice. */
export function checkBlocks(value: unknown, surface: Surface, pointer: string, report: Report): void {
  const blocks = listOf(value, 0, surface === 'message' ? 50 : 100, pointer, report);
  blocks.forEach((block, index) => {
    checkBlock(block, surface, `${pointer}/${index}`, report);
  });
  const ids = blocks.map((block) => asFields(block).block_id);
  checkUnique(ids, (index, id) => report(`${pointer}/${index}/block_id`, `block_id ${String(id)} already exists`));
  const charts = blocks.filter((block) => asFields(block).type === 'data_visualization').length;
  if (charts > CHARTS_PER_MESSAGE) report(pointer, `no more than ${CHARTS_PER_MESSAGE} data_visualization blocks allowed [have ${charts}]`);
}

function checkBlock(value: unknown, surface: Surface, pointer: string, report: Report): void {
  const block = asFields(value);
  const rule = typeof block.type === 'string' && Object.hasOwn(RULES, block.type) ? RULES[block.type] : undefined;
  if (rule === undefined) {
    report(`${pointer}/type`, `unsupported type: ${String(block.type)}`);
    return;
  }
  if (rule.surfaces?.includes(surface) === false) report(`${pointer}/type`, `unsupported type on this surface: ${String(block.type)}`);
  checkKeys(block, ['type', 'block_id', ...rule.keys], pointer, report);
  checkLength(block.block_id, 1, 255, `${pointer}/block_id`, report);
  rule.check(block, pointer, report);
}

function checkSection({ text, fields, accessory, expand }: Fields, pointer: string, report: Report): void {
  if (text === undefined && fields === undefined) report(pointer, 'missing required field: text or fields');
  checkOptionalText(text, { most: 3000 }, `${pointer}/text`, report);
  if (fields !== undefined)
    listOf(fields, 1, 10, `${pointer}/fields`, report).forEach((field, index) => {
      checkText(field, { most: 2000 }, `${pointer}/fields/${index}`, report);
    });
  if (accessory !== undefined) checkElement(accessory, 'section', `${pointer}/accessory`, report);
  checkBoolean(expand, `${pointer}/expand`, report);
}

function checkContext({ elements }: Fields, pointer: string, report: Report): void {
  listOf(elements, 1, 10, `${pointer}/elements`, report).forEach((element, index) => {
    const at = `${pointer}/elements/${index}`;
    if (asFields(element).type === 'image') checkElement(element, 'context', at, report);
    else checkText(element, { most: 3000 }, at, report);
  });
}

function checkActions({ elements }: Fields, pointer: string, report: Report): void {
  const list = listOf(elements, 1, 25, `${pointer}/elements`, report);
  list.forEach((element, index) => {
    checkElement(element, 'actions', `${pointer}/elements/${index}`, report);
  });
  checkUnique(
    list.map((element) => asFields(element).action_id),
    (index, id) => report(`${pointer}/elements/${index}/action_id`, `action_id ${String(id)} already exists`),
  );
}

function checkImageBlock(block: Fields, pointer: string, report: Report): void {
  checkImage(block, pointer, report);
  checkOptionalText(block.title, { most: 2000, types: ['plain_text'] }, `${pointer}/title`, report);
}

function checkInput({ label, element, hint, optional, dispatch_action: dispatch }: Fields, pointer: string, report: Report): void {
  checkText(label, { most: 2000, types: ['plain_text'] }, `${pointer}/label`, report);
  checkRequired(element, `${pointer}/element`, report);
  if (element !== undefined) checkElement(element, 'input', `${pointer}/element`, report);
  checkOptionalText(hint, { most: 2000, types: ['plain_text'] }, `${pointer}/hint`, report);
  checkBoolean(optional, `${pointer}/optional`, report);
  checkBoolean(dispatch, `${pointer}/dispatch_action`, report);
}
