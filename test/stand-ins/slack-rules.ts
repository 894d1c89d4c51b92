import {
  asFields,
  checkBoolean,
  checkKeys,
  checkLength,
  checkOptionalText,
  checkText,
  type Fields,
  type Report,
} from './slack-rules-basics.ts';
import { checkBlocks, type Surface } from './slack-rules-blocks.ts';

/** What Slack takes as a message or as a view (Slack, "Block Kit reference", "Views", chat.postMessage, chat.update, views.open). */

/**
 * Characters of the blocks of one message, as JSON. Not documented: beyond it Slack answers `msg_blocks_too_long`
 * (slackapi/bolt-js#2509 saw it from 13,172 on).
 */
const MESSAGE_CHARACTERS = 13_000;
/** Characters. Longer texts are cut off when they are posted, and refused when they replace one (Slack, chat.update: `msg_too_long`). */
const TEXT_CHARACTERS = { post: 40_000, update: 4000 } as const;
/** Bytes of a view as JSON (Slack, views.open: `view_too_large`). */
const VIEW_BYTES = 250_000;

/** What Slack would say: its error, and a line for each mistake as in `response_metadata.messages`. */
export interface SlackProblem {
  readonly error: string;
  readonly messages: readonly string[];
}

/** Checks blocks as Slack does before it posts them; `undefined` when they are fine. */
export function blocksProblem(blocks: unknown, surface: Surface = 'message'): SlackProblem | undefined {
  const messages = mistakesIn((report) => checkBlocks(blocks, surface, '/blocks', report));
  if (messages.length > 0) return { error: 'invalid_blocks', messages };
  const tooLong = surface === 'message' && JSON.stringify(blocks).length > MESSAGE_CHARACTERS;
  return tooLong ? { error: 'msg_blocks_too_long', messages: [] } : undefined;
}

/** Checks a whole message: it says something, its text is not too long, and its blocks and metadata are fine. */
export function messageProblem(message: Fields, kind: 'post' | 'update' = 'post'): SlackProblem | undefined {
  const { text, blocks, attachments, metadata } = message;
  const isBlank = (value: unknown): boolean => value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  const found = blocks === undefined ? undefined : blocksProblem(blocks);
  if (found !== undefined) return found;
  if (isBlank(text) && isBlank(blocks) && isBlank(attachments)) return { error: 'no_text', messages: [] };
  if (typeof text === 'string' && text.length > TEXT_CHARACTERS[kind]) return { error: 'msg_too_long', messages: [] };
  const fine = metadata === undefined || isMetadata(metadata) || (kind === 'update' && isBlankMetadata(metadata));
  return fine ? undefined : { error: 'invalid_metadata_format', messages: [] };
}

/** Checks a modal or an App Home as Slack does before it shows it; `undefined` when it is fine. */
export function viewProblem(view: unknown, type: 'home' | 'modal'): SlackProblem | undefined {
  const messages = mistakesIn((report) => checkView(asFields(view), type, report));
  if (messages.length > 0) return { error: 'invalid_arguments', messages };
  return Buffer.byteLength(JSON.stringify(view)) > VIEW_BYTES ? { error: 'view_too_large', messages: [] } : undefined;
}

function checkView(view: Fields, type: 'home' | 'modal', report: Report): void {
  if (view.type !== type) report('/view/type', `must be ${type}`);
  const modal = ['title', 'submit', 'close', 'clear_on_close', 'notify_on_close', 'submit_disabled'];
  const keys = ['type', 'blocks', 'private_metadata', 'callback_id', 'external_id', ...(type === 'modal' ? modal : [])];
  checkKeys(view, keys, '/view', report);
  checkLength(view.private_metadata, 0, 3000, '/view/private_metadata', report);
  checkLength(view.callback_id, 0, 255, '/view/callback_id', report);
  checkLength(view.external_id, 0, 255, '/view/external_id', report);
  checkBlocks(view.blocks, type, '/view/blocks', report);
  const blocks = Array.isArray(view.blocks) ? view.blocks.map(asFields) : [];
  const focused = blocks.flatMap(elementsOf).filter((element) => element.focus_on_load === true);
  if (focused.length > 1) report('/view/blocks', 'only one element may have focus_on_load');
  if (type !== 'modal') return;
  const short = { most: 24, types: ['plain_text'] } as const;
  checkText(view.title, short, '/view/title', report);
  checkOptionalText(view.submit, short, '/view/submit', report);
  checkOptionalText(view.close, short, '/view/close', report);
  for (const name of ['clear_on_close', 'notify_on_close', 'submit_disabled']) checkBoolean(view[name], `/view/${name}`, report);
  if (view.submit === undefined && blocks.some((block) => block.type === 'input')) report('/view/submit', 'required with an input block');
}

function elementsOf({ element, accessory, elements }: Fields): Fields[] {
  return [element, accessory, ...(Array.isArray(elements) ? elements : [])].map(asFields);
}

/** Slack, "Message metadata": a type, and a flat object or one with objects inside. */
function isMetadata(metadata: unknown): boolean {
  const { event_type: type, event_payload: payload } = asFields(metadata);
  return typeof type === 'string' && type !== '' && typeof payload === 'object' && payload !== null && !Array.isArray(payload);
}

/** An empty object takes the metadata of a message away (Slack, chat.update). */
export function isBlankMetadata(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && Object.keys(metadata).length === 0;
}

function mistakesIn(check: (report: Report) => void): string[] {
  const messages: string[] = [];
  check((pointer, message) => messages.push(`[ERROR] ${message} [json-pointer:${pointer}]`));
  return messages;
}
