import type { AdminContext } from '../access.ts';
import { type Html, html } from '../components/html.ts';

/**
 * What was just done, as the address of the next page says it: a word of ours and numbers, never a text. So nobody can make a link
 * that has this receiver say something.
 */
const DONE: Readonly<Record<string, (count: string) => string>> = {
  replay: (count) => `${count} sent again.`,
  cancel: (count) => `${count} cancelled.`,
  approve: (count) => `${count} approved.`,
  counted: () => 'Your approval is counted. More are needed.',
  reject: (count) => `${count} rejected.`,
  pause: () => 'Paused.',
  resume: () => 'Resumed.',
  mute: () => 'Muted.',
  unmute: () => 'Not muted any more.',
  rollback: () => 'The rollback is under way.',
};

/** @param why what did not work, for people: our own words */
export function doneQuery(what: string, done: number, notDone: number): Record<string, string> {
  return { did: what, done: String(done), ...(notDone === 0 ? {} : { undone: String(notDone) }) };
}

export function noticeOf(c: AdminContext): Html {
  const what = c.req.query('did') ?? '';
  const text = Object.hasOwn(DONE, what) ? DONE[what] : undefined;
  if (text === undefined) return html``;
  const [done, undone] = [numberIn(c.req.query('done')), numberIn(c.req.query('undone'))];
  const count = `${done.toLocaleString('en')} ${done === 1 ? 'delivery' : 'deliveries'}`;
  const left = undone === 0 ? '' : ` ${undone.toLocaleString('en')} could not be changed any more: look at them again.`;
  return html`<p class="notice ${undone > 0 ? 'bad' : 'good'}" role="status">${done === 0 && undone > 0 ? '' : text(count)}${left}</p>`;
}

function numberIn(text: string | undefined): number {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0;
}
