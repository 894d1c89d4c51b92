import { cleanReason } from '../../reason.ts';
import type { AdminContext } from '../access.ts';
import { type Html, html } from '../components/html.ts';
import { identityOf } from '../guard.ts';
import type { Identity } from '../identity.ts';
import { nameProblem } from '../person-name.ts';
import { answerPage, type Shell } from './page.ts';
import { linkToNext, nextOf } from './sign-in.ts';

/** How the store's notes say where a change was made: `ada, by the pages`. */
export const BY_THE_PAGES = 'by the pages';

/** Who makes a change: the name that a form has, where several people share a token. */
export interface Person {
  readonly name: string;
}

/**
 * Who makes a change with this form. A decision is a person's: whoever shares a token has to give a name. Other changes are
 * recorded with the shared name where none is given. The problem is a sentence.
 */
export function personOf(identity: Identity, fields: URLSearchParams, kind: 'decision' | 'change'): Person | { readonly problem: string } {
  const typed = fields.get('by')?.trim() ?? '';
  if (identity.isShared !== true) return { name: identity.name };
  if (typed === '')
    return kind === 'change'
      ? { name: identity.name }
      : { problem: 'Say who decides: several people use this token, and the decision is one person’s.' };
  const problem = nameProblem(typed);
  return problem === undefined ? { name: typed } : { problem: `The name ${problem}.` };
}

/** A field for the name, only where the token says nothing of who it is. */
export function nameField(identity: Identity, isRequired: boolean): Html {
  return identity.isShared === true
    ? html`<label>Your name<input name="by" maxlength="80" autocomplete="name"${isRequired ? html` required` : ''}></label>`
    : html``;
}

/** The reason in a form, on one line; `undefined`: none was given. */
export function reasonIn(fields: URLSearchParams): string | undefined {
  return cleanReason(fields.get('reason') ?? '');
}

/** Where a form leads afterwards, with what was done. */
export function nextWith(shell: Shell, next: string | undefined, query: Readonly<Record<string, string>>): string {
  return linkToNext(shell, nextOf(next), { did: '', done: '', undone: '', ...query });
}

/** Answers a change that was not made: why, in our own words, and the way back. */
export function notDone(
  c: AdminContext,
  shell: Shell,
  { title = 'Not done', why, next }: { readonly title?: string; readonly why: string; readonly next: string | undefined },
  status: 400 | 403 | 404 | 409,
): Promise<Response> {
  const isAsked = c.req.method === 'GET' || c.req.method === 'HEAD';
  c.get('logFields').reason = `${isAsked ? 'not shown to' : 'not changed for'} ${identityOf(c).name}: ${why}`;
  const body = html`<section class="card"><div class="body"><p class="notice bad" role="alert">${sentence(why)}</p><p><a class="button" href="${nextWith(shell, next, {})}">Back</a></p></div></section>`;
  return answerPage(c, shell, { title, body }, status);
}

function sentence(text: string): string {
  const [first = '', ...rest] = text;
  return `${first.toUpperCase()}${rest.join('')}${/[.!?]$/.test(text) ? '' : '.'}`;
}
