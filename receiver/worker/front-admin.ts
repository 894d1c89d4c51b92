import type { ObjectStub } from 'cloudflare:workers';
import { Hono, type MiddlewareHandler } from 'hono';
import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { idsFrom } from '../../src/lib/id.ts';
import { type Access, type AdminContext, createAccess, isTooMany } from '../admin/access.ts';
import { ADMIN_BODY_LIMIT, changesNothing } from '../admin/api-parts.ts';
import { guard, identityOf, tooManyAttempts, unauthorized } from '../admin/guard.ts';
import { ASKING_PATHS } from '../admin/pages/asking-paths.ts';
import { assets } from '../admin/pages/assets.ts';
import type { Shell } from '../admin/pages/page.ts';
import { PAGE_PATHS } from '../admin/pages/paths.ts';
import { signIn } from '../admin/pages/sign-in.ts';
import { signInFirst } from '../admin/pages/sign-in-first.ts';
import { readBody, refuseUnread } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import type { Runtime } from '../runtime.ts';
import { isSourceName } from '../webhook/source-name.ts';
import { type Answered, type App, type Forward, type FrontContext, onlyBy } from './front-parts.ts';
import { metricsOfSource, metricsOfSources } from './metrics-of-sources.ts';
import { rememberedAnswers } from './remembered-answers.ts';
import type { Setup } from './setup.ts';
import { type SharedSignIns, sharedSignIns } from './shared-sign-ins.ts';
import { noSuchSource } from './unused-source.ts';
import { sourceOfUrl } from './which-source.ts';

export interface FrontAdminOptions extends Pick<Runtime, 'now' | 'randomBytes'> {
  readonly setup: Pick<Setup, 'sources' | 'environment'>;
  readonly objectOf: (source: string) => ObjectStub;
}

/**
 * The admin API, the pages and the metrics: whoever may see them is known here, and the object of the source answers. A source whose
 * secret was removed still delivers what it has stored, and can be operated.
 */
export function addAdmin(app: App, options: FrontAdminOptions, forward: Forward, answerOf: Answered): void {
  const { setup, now, randomBytes, objectOf } = options;
  const { access: settings, basePath } = setup.environment;
  const memory = sharedSignIns(() => objectOf(DEFAULT_SOURCE), now);
  const access = createAccess({ settings, now, newId: idsFrom(now, randomBytes), basePath, memory });
  const isPublic = settings.metricsArePublic;
  if (access.hasApi || isPublic) addMetrics(app, options, { access, memory, isPublic });
  if (!access.hasApi) return;
  const handOver = toTheObject(forward, answerOf);
  const api = new Hono<RequestVariables>();
  api.use(async (c, next) => refuseUnread(c, ADMIN_BODY_LIMIT) ?? (await next()));
  const [mayRead, mayChange] = [guard(access, unauthorized, false), guard(access, unauthorized)];
  api.use(endedElsewhere(access, memory), (c, next) => (changesNothing(c.req.path) ? mayRead(c, next) : mayChange(c, next)));
  api.on(['GET', 'POST'], '/*', handOver);
  api.all('/*', (c) => onlyBy(c, 'The admin API takes GET and POST.', 'GET, HEAD, POST'));
  app.route('/api', api);
  addPages(app, options, { access, memory, handOver });
}

/** Metrics count for so long, whoever asks. Milliseconds. */
const REMEMBERED_MS = 1_000;

interface Pages {
  readonly access: Access;
  readonly memory: SharedSignIns;
  readonly handOver: (c: FrontContext) => Promise<Response>;
}

/** Assets and the sign-in form are answered here, so that a stranger wakes no object but by a token. */
function addPages(app: App, { setup }: FrontAdminOptions, { access, memory, handOver }: Pages): void {
  const shell = async (c: AdminContext): Promise<Shell> => {
    const source = c.req.query('source');
    const { basePath } = setup.environment;
    return { basePath, banners: [], ...(source !== undefined && isSourceName(source) ? { source } : {}) };
  };
  app.route('/assets', assets());
  app.route('/', signIn({ access, shell }));
  for (const path of PAGE_PATHS) {
    app.on(
      ['GET', 'POST'],
      path,
      endedElsewhere(access, memory),
      guard(access, signInFirst(shell), !ASKING_PATHS.includes(path)),
      handOver,
    );
    app.all(path, (c) => onlyBy(c, 'Pages take GET and POST.', 'GET, HEAD, POST'));
  }
}

/** Hands a request of somebody who is known to the object of its source. */
function toTheObject(forward: Forward, answerOf: Answered): (c: FrontContext) => Promise<Response> {
  return async (c) => {
    const source = sourceOfUrl(c.req.url);
    // The object says when there is none of that name.
    c.get('logFields').source = source.slice(0, 64);
    if (!isSourceName(source)) return noSuchSource();
    const verified = { identity: identityOf(c) };
    if (c.req.method !== 'POST') return answerOf(c, await forward(c, { source, verified }));
    const body = refuseUnread(c, ADMIN_BODY_LIMIT) ?? (await readBody(c, ADMIN_BODY_LIMIT));
    return body instanceof Response ? body : answerOf(c, await forward(c, { source, body, verified }));
  };
}

/** A session that was ended at another isolate is none. */
function endedElsewhere(access: Access, memory: SharedSignIns): MiddlewareHandler<RequestVariables> {
  return async (c, next) => {
    const session = access.session(c);
    if (session !== undefined) await memory.learn(session.id);
    await next();
  };
}

interface MetricsAccess extends Pick<Pages, 'access' | 'memory'> {
  readonly isPublic: boolean;
}

/** `/metrics`: of all sources, each with a label; `?source=`: of one. An isolate asks an object at most once a second, which asks its store every five. */
function addMetrics(app: App, { setup, now, objectOf }: FrontAdminOptions, given: MetricsAccess): void {
  const { access, memory, isPublic } = given;
  const remembered = rememberedAnswers(now, REMEMBERED_MS);
  app.get('/metrics', endedElsewhere(access, memory), async (c) => {
    const one = c.req.query('source');
    // Everybody gets these, so no token is looked at.
    const isOpen = isPublic && (one === undefined || setup.sources.includes(one));
    const identity = isOpen ? undefined : await access.identify(c);
    if (identity !== undefined && isTooMany(identity)) return tooManyAttempts(c, identity);
    if (!isPublic && identity === undefined) return unauthorized(c);
    if (one === undefined) return remembered('all sources', () => metricsOfSources(setup.sources, objectOf));
    c.get('logFields').source = one.slice(0, 64);
    if (!isSourceName(one)) return noSuchSource();
    // Strangers wake no object of a source that is not configured.
    if (identity === undefined && !isOpen) return unauthorized(c);
    return remembered(one, () => metricsOfSource(() => objectOf(one)));
  });
  app.all('/metrics', (c) => onlyBy(c, 'Metrics are asked with GET.', 'GET, HEAD'));
}
