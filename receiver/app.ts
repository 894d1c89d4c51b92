import { Hono } from 'hono';
import type { Access } from './admin/access.ts';
import type { AdminOptions } from './admin/api-options.ts';
import { NotLoadedError } from './first-use.ts';
import { isWebhook, keptNowhere } from './http/kept-nowhere.ts';
import { problem } from './http/problem.ts';
import { readiness } from './http/readiness.ts';
import { readyDetails } from './http/ready-details.ts';
import { type RequestVariables, type RequestWatchers, requestLog } from './http/request-log.ts';
import { routesAtFirstUse } from './http/routes-at-first-use.ts';
import type { Logger } from './log/log.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Store } from './store/store.ts';
import { StoreFailedError } from './store/store-failure.ts';
import type { Traces } from './traces/traces.ts';
import type { RollBack } from './webhook/roll-back.ts';
import { type WandbWebhookOptions, wandbWebhook } from './webhook/wandb-webhook.ts';

export interface AppOptions extends WandbWebhookOptions, Pick<AdminOptions, 'routes' | 'definitions' | 'githubApiUrl'> {
  readonly store: Store;
  readonly log: Logger;
  /** BASE_PATH: every address is below it. Blank, or a path that begins with a slash and does not end with one. */
  readonly basePath: string;
  /** Who may use the admin API. */
  readonly access: Access;
  /** Left out: nothing is counted. */
  readonly metrics?: Metrics;
  readonly traces?: Traces;
  readonly answeredSource?: NonNullable<RequestWatchers['answeredSource']>;
  /** See `ReceiverParts`. */
  readonly rollBack?: RollBack;
  /** True once the receiver is stopping: it is not ready for more. */
  readonly stopping: () => boolean;
  /** Routes of the parts that are configured. */
  readonly extensions: readonly {
    readonly path?: string;
    readonly routes?: Hono<RequestVariables>;
    details?(): readonly string[];
  }[];
}

/** HAProxy asks with OPTIONS by default. */
const HEALTH_METHODS = ['GET', 'OPTIONS'];

/** The whole of the receiver's HTTP, the same on every platform. */
export function createApp(options: AppOptions): Hono<RequestVariables> {
  const { store, log, now, basePath } = options;
  // W&B's users may well type a slash at the end of the address.
  const root = new Hono<RequestVariables>({ strict: false });
  root.use(requestLog(log, now, undefined, options));
  root.use(keptNowhere(isWebhook));
  const app = basePath === '' ? root : root.basePath(basePath);
  // Load balancers ask the machine itself, which knows of no base path.
  const pathsOf = (path: string) => [...new Set([path, `${basePath}${path}`])];
  root.on(HEALTH_METHODS, pathsOf('/healthz'), (c) => c.json({ status: 'ok' }));
  const whyNotReady = readiness({ check: () => store.check(), now });
  const detailsOf = readyDetails({
    approvalsNotAsked: store.approvalsNotAsked,
    pauses: () => store.pauses(),
    redact: options.redactor.text,
    now,
  });
  root.on(HEALTH_METHODS, pathsOf('/readyz'), async (c) => {
    const why = options.stopping() ? 'the receiver is stopping' : await whyNotReady();
    if (why === undefined) {
      const problems = options.extensions.flatMap((part) => part.details?.() ?? []).map(options.redactor.text);
      const details = { ...(await detailsOf()), ...(problems.length === 0 ? {} : { problems }) };
      return c.json({ status: 'ok', ...(Object.keys(details).length === 0 ? {} : { details }) });
    }
    c.get('logFields').reason = `not ready: ${why}`;
    const detail = options.redactor.text(why);
    return problem(c, { status: 503, title: 'Service Unavailable', detail, headers: { 'retry-after': '5' } });
  });
  app.route('/webhooks/wandb', wandbWebhook(options));
  const mount = ({ path, routes }: AppOptions['extensions'][number]) => {
    if (path !== undefined && routes !== undefined) app.route(path, routes);
  };
  // The pages come last: they look at every address that is nobody else's.
  const atRoot = options.extensions.filter(({ path }) => path === '/');
  for (const part of options.extensions) if (!atRoot.includes(part)) mount(part);
  if (options.access.hasApi) app.route('/api', laterApi(options));
  for (const part of atRoot) mount(part);
  root.notFound((c) => {
    const path = c.req.path.startsWith(`${basePath}/`) ? c.req.path.slice(basePath.length) : '';
    const isWebhook = /^\/webhooks\/wandb(\/[^/]*)?\/?$/.test(path) && c.req.method !== 'POST';
    if (isWebhook)
      return problem(c, { status: 405, title: 'Method Not Allowed', detail: 'Webhooks are sent with POST.', headers: { allow: 'POST' } });
    return problem(c, {
      status: 404,
      title: 'Not Found',
      detail: `There is nothing here. W&B webhooks go to POST ${basePath}/webhooks/wandb.`,
    });
  });
  root.onError((error, c) => {
    if (error instanceof StoreFailedError) {
      c.get('logFields').reason = `the store failed: ${options.redactor.text(error.message)}`;
      return problem(c, {
        status: 503,
        title: 'Service Unavailable',
        detail: 'The store failed. Try again.',
        headers: { 'retry-after': '5' },
      });
    }
    if (error instanceof NotLoadedError) {
      c.get('logFields').reason = options.redactor.text(error.message);
      return problem(c, {
        status: 503,
        title: 'Service Unavailable',
        detail: 'A part of the receiver could not be loaded: its log says why.',
        headers: { 'retry-after': '5' },
      });
    }
    log.error({ path: c.req.path, error: options.redactor.text(String(error.stack ?? error)) }, 'a bug: unexpected exception');
    return problem(c, { status: 500, title: 'Internal Server Error', headers: { 'retry-after': '5' } });
  });
  return root;
}

/** The admin API. */
function laterApi(options: AppOptions): Hono<RequestVariables> {
  const path = `${options.basePath}/api`;
  const load = async () => (await import('./admin/api.ts')).adminApi({ ...options, wake: options.accepted, path });
  return routesAtFirstUse({ path, what: 'the API', load });
}
