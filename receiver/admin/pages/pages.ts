import { Hono } from 'hono';
import type { RequestVariables } from '../../http/request-log.ts';
import type { Access } from '../access.ts';
import { guard } from '../guard.ts';
import { assets } from './assets.ts';
import { changesPage } from './changes-page.ts';
import { eventPage } from './event-page.ts';
import { eventsPage } from './events-page.ts';
import { notDone } from './forms.ts';
import { livePage } from './live.ts';
import { linkTo } from './page.ts';
import type { PageApp, PageOptions } from './page-options.ts';
import { pausesPage } from './pauses-page.ts';
import { signIn } from './sign-in.ts';

/** Everything that only those may see who are known. */
const PATHS = ['/', '/live', '/events/*', '/deliveries/*', '/models/*', '/routes/*', '/automations/*', '/simulate/*', '/pauses/*'];
const APPS: readonly PageApp[] = [eventsPage, eventPage, changesPage, pausesPage];

const NO_PAGE = 'There is no page at this address.';

/**
 * All pages, behind their guard. Whoever is not known is sent to the sign-in form; where there are no pages, everything here is
 * as if it did not exist.
 */
export function pages(access: Access, options: PageOptions): Hono<RequestVariables> {
  const root = new Hono<RequestVariables>();
  root.route('/assets', assets());
  root.route('/', signIn({ access, shell: options.shell, now: options.now }));
  const guarded = new Hono<RequestVariables>();
  const known = guard(access, async (c) => {
    // W&B's webhook at a wrong address is no person who forgot to sign in.
    if (c.req.method !== 'GET' && c.req.header('cookie') === undefined) return c.notFound();
    const { basePath } = await options.shell();
    const url = new URL(c.req.url);
    const here = `${url.pathname.slice(basePath.length) || '/'}${url.search}`;
    return c.redirect(linkTo(await options.shell(), '/sign-in', { next: c.req.method === 'GET' && here !== '/' ? here : undefined }), 303);
  });
  for (const path of PATHS) guarded.use(path, async (c, next) => (access.hasPages(c) ? known(c, next) : c.notFound()));
  for (const app of APPS) guarded.route('/', app(options));
  guarded.route('/', livePage(access, options.changes));
  for (const path of PATHS)
    guarded.get(path, async (c) => notDone(c, await options.shell(), { title: 'No such page', why: NO_PAGE, next: '/' }, 404));
  root.route('/', guarded);
  return root;
}
