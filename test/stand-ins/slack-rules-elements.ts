import {
  asFields,
  checkBoolean,
  checkInteger,
  checkKeys,
  checkLength,
  checkOneOf,
  checkOptionalText,
  checkRequired,
  checkText,
  checkUnique,
  checkUrl,
  type Fields,
  listOf,
  type Report,
} from './slack-rules-basics.ts';

/**
 * Slack's rules for the elements of blocks and their composition objects (Slack, "Block Kit reference": "Block elements",
 * "Composition objects"). An element that is missing here is reported: nothing unchecked gets through.
 */

/** Where an element stands. */
export type Place = 'section' | 'actions' | 'context' | 'input';

const PLAIN = ['plain_text'] as const;
const INTERACTIVE = ['type', 'action_id', 'confirm'];
const SELECT = [...INTERACTIVE, 'placeholder', 'focus_on_load'];

type Check = (element: Fields, pointer: string, report: Report) => void;

interface Rule {
  readonly places: readonly Place[];
  readonly keys: readonly string[];
  readonly check: Check;
}

const RULES: Readonly<Record<string, Rule>> = {
  button: {
    places: ['section', 'actions'],
    keys: [...INTERACTIVE, 'text', 'value', 'url', 'style', 'accessibility_label'],
    check: checkButton,
  },
  overflow: {
    places: ['section', 'actions'],
    keys: [...INTERACTIVE, 'options'],
    check: ({ options }, pointer, report) => checkOptions(options, { most: 5, urls: true }, `${pointer}/options`, report),
  },
  static_select: {
    places: ['section', 'actions', 'input'],
    keys: [...SELECT, 'options', 'option_groups', 'initial_option'],
    check: checkSelect,
  },
  users_select: { places: ['section', 'actions', 'input'], keys: [...SELECT, 'initial_user'], check: () => undefined },
  channels_select: {
    places: ['section', 'actions', 'input'],
    keys: [...SELECT, 'initial_channel', 'response_url_enabled'],
    check: () => undefined,
  },
  conversations_select: {
    places: ['section', 'actions', 'input'],
    keys: [...SELECT, 'initial_conversation', 'default_to_current_conversation', 'response_url_enabled', 'filter'],
    check: () => undefined,
  },
  checkboxes: {
    places: ['section', 'actions', 'input'],
    keys: [...INTERACTIVE, 'options', 'initial_options', 'focus_on_load'],
    check: checkChoices,
  },
  radio_buttons: {
    places: ['section', 'actions', 'input'],
    keys: [...INTERACTIVE, 'options', 'initial_option', 'focus_on_load'],
    check: checkChoices,
  },
  plain_text_input: {
    places: ['input'],
    keys: [
      'type',
      'action_id',
      'initial_value',
      'multiline',
      'min_length',
      'max_length',
      'dispatch_action_config',
      'focus_on_load',
      'placeholder',
    ],
    check: checkTextInput,
  },
  image: { places: ['section', 'context'], keys: ['type', 'image_url', 'slack_file', 'alt_text'], check: checkImage },
};

/** Checks an element, and that it may stand where it does. */
export function checkElement(value: unknown, place: Place, pointer: string, report: Report): void {
  const element = asFields(value);
  const rule = typeof element.type === 'string' && Object.hasOwn(RULES, element.type) ? RULES[element.type] : undefined;
  if (rule === undefined) {
    report(`${pointer}/type`, `unsupported type: ${String(element.type)}`);
    return;
  }
  if (!rule.places.includes(place)) report(`${pointer}/type`, `unsupported type in a block of type ${place}: ${String(element.type)}`);
  checkKeys(element, rule.keys, pointer, report);
  checkLength(element.action_id, 1, 255, `${pointer}/action_id`, report);
  checkBoolean(element.focus_on_load, `${pointer}/focus_on_load`, report);
  checkOptionalText(element.placeholder, { most: 150, types: PLAIN }, `${pointer}/placeholder`, report);
  if (element.confirm !== undefined) checkConfirm(element.confirm, `${pointer}/confirm`, report);
  rule.check(element, pointer, report);
}

/** An image, as an element or a block: exactly one source, and words for those who do not see it. */
export function checkImage(image: Fields, pointer: string, report: Report): void {
  if ((image.image_url === undefined) === (image.slack_file === undefined)) report(pointer, 'must have one of image_url, slack_file');
  checkUrl(image.image_url, `${pointer}/image_url`, report);
  checkRequired(image.alt_text, `${pointer}/alt_text`, report);
  checkLength(image.alt_text, 1, 2000, `${pointer}/alt_text`, report);
}

function checkButton(button: Fields, pointer: string, report: Report): void {
  checkText(button.text, { most: 75, types: PLAIN }, `${pointer}/text`, report);
  checkLength(button.value, 1, 2000, `${pointer}/value`, report);
  checkUrl(button.url, `${pointer}/url`, report);
  checkOneOf(button.style, ['primary', 'danger'], `${pointer}/style`, report);
  checkLength(button.accessibility_label, 1, 75, `${pointer}/accessibility_label`, report);
}

function checkSelect({ options, option_groups: groups, initial_option: initial }: Fields, pointer: string, report: Report): void {
  if ((options === undefined) === (groups === undefined)) report(pointer, 'must have one of options, option_groups');
  if (options !== undefined) checkOptions(options, { most: 100 }, `${pointer}/options`, report);
  if (groups !== undefined) {
    listOf(groups, 1, 100, `${pointer}/option_groups`, report).forEach((group, index) => {
      const at = `${pointer}/option_groups/${index}`;
      checkKeys(group, ['label', 'options'], at, report);
      checkText(asFields(group).label, { most: 75, types: PLAIN }, `${at}/label`, report);
      checkOptions(asFields(group).options, { most: 100 }, `${at}/options`, report);
    });
  }
  const offered = [options, ...(Array.isArray(groups) ? groups.map((group) => asFields(group).options) : [])];
  checkInitial(initial, offered, `${pointer}/initial_option`, report);
}

function checkChoices({ options, initial_options: many, initial_option: one }: Fields, pointer: string, report: Report): void {
  checkOptions(options, { most: 10, mrkdwn: true }, `${pointer}/options`, report);
  checkInitial(one, [options], `${pointer}/initial_option`, report);
  if (many !== undefined)
    listOf(many, 1, 10, `${pointer}/initial_options`, report).forEach((option, index) => {
      checkInitial(option, [options], `${pointer}/initial_options/${index}`, report);
    });
}

/** What is chosen at first has to be among the options, field by field. */
function checkInitial(initial: unknown, offered: readonly unknown[], pointer: string, report: Report): void {
  if (initial === undefined) return;
  const options = offered.flatMap((list) => (Array.isArray(list) ? list : []));
  if (!options.some((option) => JSON.stringify(option) === JSON.stringify(initial))) report(pointer, 'must match one of the options');
}

interface OptionsRule {
  readonly most: number;
  readonly mrkdwn?: boolean;
  /** Only overflow menus have options that open an address. */
  readonly urls?: boolean;
}

function checkOptions(options: unknown, { most, mrkdwn = false, urls = false }: OptionsRule, pointer: string, report: Report): void {
  const list = listOf(options, 1, most, pointer, report).map(asFields);
  const types = mrkdwn ? (['plain_text', 'mrkdwn'] as const) : PLAIN;
  list.forEach((option, index) => {
    const at = `${pointer}/${index}`;
    checkKeys(option, ['text', 'value', 'description', ...(urls ? ['url'] : [])], at, report);
    checkText(option.text, { most: 75, types }, `${at}/text`, report);
    checkRequired(option.value, `${at}/value`, report);
    checkLength(option.value, 1, 150, `${at}/value`, report);
    checkOptionalText(option.description, { most: 75, types }, `${at}/description`, report);
    checkUrl(option.url, `${at}/url`, report);
  });
  checkUnique(
    list.map(({ value }) => value),
    (index) => report(`${pointer}/${index}/value`, 'the value is that of another option'),
  );
}

function checkTextInput(input: Fields, pointer: string, report: Report): void {
  checkBoolean(input.multiline, `${pointer}/multiline`, report);
  checkInteger(input.min_length, 0, 3000, `${pointer}/min_length`, report);
  checkInteger(input.max_length, 1, 3000, `${pointer}/max_length`, report);
  if (Number(input.min_length) > Number(input.max_length)) report(`${pointer}/min_length`, 'must not be more than max_length');
  checkLength(input.initial_value, 0, Number(input.max_length ?? 3000), `${pointer}/initial_value`, report);
  const { dispatch_action_config: dispatch } = input;
  if (dispatch === undefined) return;
  const at = `${pointer}/dispatch_action_config`;
  checkKeys(dispatch, ['trigger_actions_on'], at, report);
  listOf(asFields(dispatch).trigger_actions_on, 1, 2, `${at}/trigger_actions_on`, report).forEach((trigger, index) => {
    checkOneOf(trigger, ['on_enter_pressed', 'on_character_entered'], `${at}/trigger_actions_on/${index}`, report);
  });
}

function checkConfirm(value: unknown, pointer: string, report: Report): void {
  const { title, text, confirm, deny, style } = asFields(value);
  checkKeys(value, ['title', 'text', 'confirm', 'deny', 'style'], pointer, report);
  checkText(title, { most: 100, types: PLAIN }, `${pointer}/title`, report);
  checkText(text, { most: 300 }, `${pointer}/text`, report);
  checkText(confirm, { most: 30, types: PLAIN }, `${pointer}/confirm`, report);
  checkText(deny, { most: 30, types: PLAIN }, `${pointer}/deny`, report);
  checkOneOf(style, ['primary', 'danger'], `${pointer}/style`, report);
}
