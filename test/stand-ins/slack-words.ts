import type { StandInMessage } from './slack-call.ts';

/** What a person sees of a message: the text of its blocks, line by line, with `[buttons]`; links show their address. */
export function linesOf({ blocks }: Pick<StandInMessage, 'blocks'>): string[] {
  return (blocks as readonly Block[]).flatMap(linesOfBlock).filter((line) => line.trim() !== '');
}

/** The value of the message's button; throws when it has none. */
export function buttonValue(message: Pick<StandInMessage, 'blocks'>, actionId: string): string {
  const [button, ...more] = buttonsOf(message).filter((element) => element.action_id === actionId);
  if (button?.value === undefined || more.length > 0) throw new Error(`the message does not have one button ${actionId}`);
  return button.value;
}

/** What the message's buttons say. */
export function buttonTexts(message: Pick<StandInMessage, 'blocks'>): string[] {
  return buttonsOf(message).map(({ text }) => text?.text ?? '');
}

interface Text {
  readonly text: string;
}

interface Element {
  readonly type: string;
  /** Of a context's element; of a button, its label. */
  readonly text?: string | Text;
  readonly action_id?: string;
  readonly value?: string;
}

interface Button extends Element {
  readonly text?: Text;
}

interface Block {
  readonly type: string;
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly elements?: readonly Element[];
}

function buttonsOf({ blocks }: Pick<StandInMessage, 'blocks'>): Button[] {
  return (blocks as readonly Block[]).flatMap(({ elements }) => elements ?? []).filter((element) => element.type === 'button') as Button[];
}

function linesOfBlock({ type, text, fields, elements }: Block): string[] {
  if (type === 'actions') return [(elements ?? []).map((element) => `[${wordsOf(element)}]`).join(' ')];
  const inside = (elements ?? []).map(wordsOf).join(' · ');
  const facts = (fields ?? []).map((field) => field.text.replace('\n', ' ')).join(' · ');
  return [text?.text ?? '', facts, inside].map(readable).flatMap((part) => part.split('\n'));
}

function wordsOf({ text }: Element): string {
  return typeof text === 'string' ? text : (text?.text ?? '…');
}

/** mrkdwn for a terminal (Slack, "Formatting text for app surfaces"). */
function readable(mrkdwn: string): string {
  return mrkdwn
    .replace(/<!date\^\d+\^[^|>]*\|([^>]*)>/g, '$1')
    .replace(/<(https?:[^|>]*)\|([^>]*)>/g, '$2 ($1)')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
