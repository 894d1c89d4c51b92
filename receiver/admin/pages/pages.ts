import { Hono } from 'hono';
import type { RequestVariables } from '../../http/request-log.ts';
import type { Access } from '../access.ts';
import { guard } from '../guard.ts';
import { activityPages } from './activity-pages.ts';
import { ASKING_PATHS } from './asking-paths.ts';
import { assets } from './assets.ts';
import { changesPage } from './changes-page.ts';
import { eventPage } from './event-page.ts';
import { eventsPage } from './events-page.ts';
import { notDone } from './forms.ts';
import { livePage } from './live.ts';
import { modelHistoryPage } from './model-history-page.ts';
import { modelsPage } from './models-page.ts';
import type { PageApp, PageOptions } from './page-options.ts';
import { PAGE_PATHS } from './paths.ts';
import { pausesPage } from './pauses-page.ts';
import { rollbackPage } from './rollback-page.ts';
import { signIn } from './sign-in.ts';
import { signInFirst } from './sign-in-first.ts';
import { simulatePage } from './simulate-page.ts';

const APPS: readonly PageApp[] = [
  eventsPage,
  eventPage,
  changesPage,
  pausesPage,
  modelsPage,
  modelHistoryPage,
  rollbackPage,
  simulatePage,
  activityPages,
];

const NO_PAGE = 'There is no page at this address.';

/**
 * All pages, behind their guard. Whoever is not known is sent to the sign-in form; where there are no pages, everything here is
 * as if it did not exist.
 */
export function pages(access: Access, options: PageOptions): Hono<RequestVariables> {
  const root = new Hono<RequestVariables>();
  root.route('/assets', assets());
  root.route('/', signIn({ access, shell: options.shell }));
  const guarded = new Hono<RequestVariables>();
  const stranger = signInFirst(options.shell);
  const [known, knownReader] = [guard(access, stranger), guard(access, stranger, false)];
  for (const path of PAGE_PATHS) {
    const mayEnter = ASKING_PATHS.includes(path) ? knownReader : known;
    guarded.use(path, async (c, next) => (access.hasPages(c) ? mayEnter(c, next) : c.notFound()));
  }
  for (const app of APPS) guarded.route('/', app(options));
  guarded.route('/', livePage(access, options.changes));
  for (const path of PAGE_PATHS)
    guarded.get(path, async (c) => notDone(c, await options.shell(), { title: 'No such page', why: NO_PAGE, next: '/' }, 404));
  root.route('/', guarded);
  return root;
}
