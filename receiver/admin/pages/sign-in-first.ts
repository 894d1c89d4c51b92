import type { AdminContext } from '../access.ts';
import { linkTo, type Shell } from './page.ts';

/** Answers whoever is not known and asked for a page: with the way to the sign-in form, which leads back. */
export function signInFirst(shellOf: (c: AdminContext) => Promise<Shell>): (c: AdminContext) => Promise<Response> {
  return async (c) => {
    // W&B's webhook at a wrong address is no person who forgot to sign in.
    if (c.req.method !== 'GET' && c.req.header('cookie') === undefined) return c.notFound();
    const shell = await shellOf(c);
    const url = new URL(c.req.url);
    const here = `${url.pathname.slice(shell.basePath.length) || '/'}${url.search}`;
    return c.redirect(linkTo(shell, '/sign-in', { next: c.req.method === 'GET' && here !== '/' ? here : undefined }), 303);
  };
}
