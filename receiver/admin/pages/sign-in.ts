import { Hono } from 'hono';
import { durationWords } from '../../../src/lib/duration.ts';
import { readBody, refuseUnread } from '../../http/request-body.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import { type Access, type AdminContext, isTooMany } from '../access.ts';
import { html } from '../components/html.ts';
import { retryAfter } from '../guard.ts';
import { isSameOrigin } from '../same-origin.ts';
import { linkTo, PAGE_HEADERS, pageText, type Shell } from './page.ts';

export interface SignInOptions {
  readonly access: Access;
  readonly shell: (c: AdminContext) => Promise<Shell>;
}

const FORM_LIMIT = { maxBytes: 4_096, from: 'a limit of this receiver' } as const;
const utf8 = new TextDecoder();

/** The form that takes a token, and the end of a session. The only pages for those who are not known. */
export function signIn({ access, shell }: SignInOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  const answer = async (
    c: AdminContext,
    next: string,
    notice: string | undefined,
    status: 200 | 403 | 429,
    headers = {},
  ): Promise<Response> => {
    // Nobody who is not known is shown what is going on here.
    const bare = { ...(await shell(c)), banners: [], sources: [] };
    const text = await pageText(bare, { title: 'Sign in', isNarrow: true, body: form(bare, next, notice) }, undefined, c.req.path);
    return c.html(text, status, { ...PAGE_HEADERS, ...headers });
  };
  app.get('/sign-in', (c) => (access.hasPages(c) ? answer(c, nextOf(c.req.query('next')), undefined, 200) : c.notFound()));
  app.post('/sign-in', async (c) => {
    if (!access.hasPages(c)) return c.notFound();
    const fields = await formOf(c);
    if (fields instanceof Response) return fields;
    const next = nextOf(fields.get('next') ?? undefined);
    if (!isSameOrigin(c)) return answer(c, next, 'Another site sent this form. Enter the token here.', 403);
    const result = await access.signIn(c, fields.get('token') ?? '');
    if (result === 'wrong') {
      c.get('logFields').reason = 'refused: a wrong token at the sign-in form';
      return answer(c, next, 'No such token. Ask whoever runs this receiver for yours (RELAY_ADMIN_TOKENS).', 403);
    }
    if (isTooMany(result)) {
      c.get('logFields').reason = 'refused: too many wrong tokens at the sign-in form';
      const notice = `Too many wrong tokens. Try again in ${durationWords(result.retryInMs)}.`;
      return answer(c, next, notice, 429, retryAfter(result.retryInMs));
    }
    c.get('logFields').result = `${result.name} signed in`;
    return c.redirect(linkToNext(await shell(c), next), 303);
  });
  app.post('/sign-out', async (c) => {
    if (!access.hasPages(c)) return c.notFound();
    if (isSameOrigin(c)) await access.signOut(c);
    return c.redirect(linkTo(await shell(c), '/sign-in'), 303);
  });
  return app;
}

function form(shell: Shell, next: string, notice: string | undefined) {
  return html`<section class="card" aria-label="Sign in"><div class="body">
${notice === undefined ? '' : html`<p class="notice bad" role="alert">${notice}</p>`}
<form method="post" action="${linkTo(shell, '/sign-in')}" class="stack">
<input type="hidden" name="next" value="${next}">
<label>Token<input name="token" type="password" required autofocus autocomplete="current-password" spellcheck="false"></label>
<button class="main">Sign in</button>
</form>
<p class="quiet small">The token is the one that this receiver has for you in its environment. It is not a token of W&amp;B or GitHub.</p>
</div></section>`;
}

/** Where to go afterwards: a path of ours, never another site. */
export function nextOf(text: string | undefined): string {
  return text !== undefined && /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(text) && text.length <= 2_000 ? text : '/';
}

/** The address of a path that `nextOf` has checked, with what has to be in every link. What is in `query` takes the place of the path's own. */
export function linkToNext(shell: Shell, next: string, query: Readonly<Record<string, string>> = {}): string {
  const [path = '/', given = ''] = next.replace(/#.*$/s, '').split('?', 2);
  const kept = [...new URLSearchParams(given)].filter(([name]) => name !== 'source');
  return linkTo(shell, path, { ...Object.fromEntries(kept), ...query });
}

/** The fields of a form, at most a few kilobytes of them. */
export async function formOf(c: AdminContext, limit: Parameters<typeof readBody>[1] = FORM_LIMIT): Promise<URLSearchParams | Response> {
  const body = refuseUnread(c, limit) ?? (await readBody(c, limit));
  return body instanceof Response ? body : new URLSearchParams(utf8.decode(body));
}
