/** Slack's limits on what is posted, from its Block Kit reference (docs.slack.dev/reference/block-kit) and chat.postMessage. */

type Fields = Readonly<Record<string, unknown>>;
type Report = (pointer: string, message: string) => void;

const MESSAGE_BLOCKS = 50;
const HOME_BLOCKS = 100;
/** All text in the blocks of one message; beyond it Slack answers `msg_blocks_too_long`. */
const MESSAGE_CHARACTERS = 13_000;

/** What Slack would say to these blocks: its error, and one line per mistake as in `response_metadata.messages`. */
export interface BlocksProblem {
  readonly error: 'invalid_blocks' | 'msg_blocks_too_long';
  readonly messages: readonly string[];
}

/** Checks blocks as Slack does before it posts them; `undefined` when they are fine. */
export function blocksProblem(blocks: unknown, surface: 'message' | 'home' = 'message'): BlocksProblem | undefined {
  const messages: string[] = [];
  const report: Report = (pointer, message) => messages.push(`[ERROR] ${message} [json-pointer:${pointer}]`);
  if (!Array.isArray(blocks)) return { error: 'invalid_blocks', messages: ['[ERROR] must be an array [json-pointer:/blocks]'] };
  const limit = surface === 'message' ? MESSAGE_BLOCKS : HOME_BLOCKS;
  if (blocks.length > limit) report('/blocks', `no more than ${limit} items allowed [have ${blocks.length}]`);
  const ids = new Set<unknown>();
  blocks.forEach((block: unknown, index) => {
    const pointer = `/blocks/${index}`;
    checkBlock(asFields(block), pointer, report);
    const id = asFields(block).block_id;
    if (id !== undefined && ids.has(id)) report(`${pointer}/block_id`, 'block_id already exists');
    if (id !== undefined) ids.add(id);
  });
  if (messages.length > 0) return { error: 'invalid_blocks', messages };
  return surface === 'message' && charactersIn(blocks) > MESSAGE_CHARACTERS ? { error: 'msg_blocks_too_long', messages: [] } : undefined;
}

function checkBlock(block: Fields, pointer: string, report: Report): void {
  checkLength(block.block_id, 1, 255, `${pointer}/block_id`, report);
  switch (block.type) {
    case 'divider':
      return;
    case 'header':
      checkText(block.text, 150, ['plain_text'], `${pointer}/text`, report);
      return;
    case 'section':
      checkSection(block, pointer, report);
      return;
    case 'context': {
      const elements = listOf(block.elements, 1, 10, `${pointer}/elements`, report);
      elements.forEach((element, index) => {
        const at = `${pointer}/elements/${index}`;
        if (asFields(element).type === 'image') checkImage(asFields(element), at, report);
        else checkText(element, 2000, ['plain_text', 'mrkdwn'], at, report);
      });
      return;
    }
    case 'actions': {
      const elements = listOf(block.elements, 1, 25, `${pointer}/elements`, report);
      elements.forEach((element, index) => {
        checkElement(asFields(element), `${pointer}/elements/${index}`, report);
      });
      return;
    }
    case 'image':
      checkImage(block, pointer, report);
      return;
    case 'input':
      checkText(block.label, 2000, ['plain_text'], `${pointer}/label`, report);
      checkElement(asFields(block.element), `${pointer}/element`, report);
      return;
    case 'rich_text':
      listOf(block.elements, 1, 1000, `${pointer}/elements`, report);
      return;
    default:
      report(pointer, `unsupported type: ${String(block.type)}`);
  }
}

function checkSection(block: Fields, pointer: string, report: Report): void {
  if (block.text === undefined && block.fields === undefined) report(pointer, 'missing required field: text or fields');
  if (block.text !== undefined) checkText(block.text, 3000, ['plain_text', 'mrkdwn'], `${pointer}/text`, report);
  if (block.fields !== undefined) {
    const fields = listOf(block.fields, 1, 10, `${pointer}/fields`, report);
    fields.forEach((field, index) => {
      checkText(field, 2000, ['plain_text', 'mrkdwn'], `${pointer}/fields/${index}`, report);
    });
  }
  if (block.accessory !== undefined) checkElement(asFields(block.accessory), `${pointer}/accessory`, report);
}

function checkElement(element: Fields, pointer: string, report: Report): void {
  checkLength(element.action_id, 1, 255, `${pointer}/action_id`, report);
  if (element.confirm !== undefined) checkConfirm(asFields(element.confirm), `${pointer}/confirm`, report);
  switch (element.type) {
    case 'button':
      checkText(element.text, 75, ['plain_text'], `${pointer}/text`, report);
      checkLength(element.value, 0, 2000, `${pointer}/value`, report);
      checkUrl(element.url, `${pointer}/url`, report);
      if (element.style !== undefined && element.style !== 'primary' && element.style !== 'danger')
        report(`${pointer}/style`, 'must be a valid enum value');
      return;
    case 'overflow':
      checkOptions(element.options, 5, `${pointer}/options`, report);
      return;
    case 'static_select':
      if (element.placeholder !== undefined) checkText(element.placeholder, 150, ['plain_text'], `${pointer}/placeholder`, report);
      checkOptions(element.options, 100, `${pointer}/options`, report);
      return;
    case 'image':
      checkImage(element, pointer, report);
      return;
    case 'plain_text_input':
    case 'users_select':
    case 'channels_select':
    case 'conversations_select':
      return;
    default:
      report(pointer, `unsupported type: ${String(element.type)}`);
  }
}

function checkOptions(options: unknown, most: number, pointer: string, report: Report): void {
  listOf(options, 1, most, pointer, report).forEach((option, index) => {
    checkText(asFields(option).text, 75, ['plain_text', 'mrkdwn'], `${pointer}/${index}/text`, report);
    checkLength(asFields(option).value ?? '', 1, 150, `${pointer}/${index}/value`, report);
    checkUrl(asFields(option).url, `${pointer}/${index}/url`, report);
  });
}

function checkConfirm(confirm: Fields, pointer: string, report: Report): void {
  checkText(confirm.title, 100, ['plain_text'], `${pointer}/title`, report);
  checkText(confirm.text, 300, ['plain_text', 'mrkdwn'], `${pointer}/text`, report);
  checkText(confirm.confirm, 30, ['plain_text'], `${pointer}/confirm`, report);
  checkText(confirm.deny, 30, ['plain_text'], `${pointer}/deny`, report);
}

function checkImage(image: Fields, pointer: string, report: Report): void {
  checkUrl(image.image_url, `${pointer}/image_url`, report);
  checkLength(image.alt_text ?? '', 1, 2000, `${pointer}/alt_text`, report);
}

function checkText(text: unknown, most: number, types: readonly string[], pointer: string, report: Report): void {
  const { type, text: words } = asFields(text);
  if (!types.includes(String(type))) report(`${pointer}/type`, `must be one of ${types.join(', ')}`);
  if (typeof words !== 'string') report(`${pointer}/text`, 'missing required field: text');
  else checkLength(words, 1, most, `${pointer}/text`, report);
}

function checkUrl(url: unknown, pointer: string, report: Report): void {
  if (url === undefined) return;
  checkLength(url, 1, 3000, pointer, report);
  if (!URL.canParse(String(url))) report(pointer, 'must be a valid URL');
}

function checkLength(text: unknown, least: number, most: number, pointer: string, report: Report): void {
  if (text === undefined) return;
  if (typeof text !== 'string') report(pointer, 'must be a string');
  else if (text.length > most) report(pointer, `must be less than ${most + 1} characters`);
  else if (text.length < least) report(pointer, `must be more than ${least - 1} characters`);
}

function listOf(value: unknown, least: number, most: number, pointer: string, report: Report): readonly unknown[] {
  const list = Array.isArray(value) ? value : [];
  if (list.length < least) report(pointer, `no fewer than ${least} items required`);
  if (list.length > most) report(pointer, `no more than ${most} items allowed [have ${list.length}]`);
  return list;
}

/** The characters of every `text` anywhere inside. */
function charactersIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + charactersIn(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + (key === 'text' && typeof item === 'string' ? item.length : charactersIn(item)),
    0,
  );
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
