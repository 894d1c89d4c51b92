import { Hono } from 'hono';
import { messageOf } from '../src/error-message.ts';
import { adminApi } from './admin/api.ts';
import type { Logger } from './log.ts';
import type { Store } from './outbox/store.ts';
import { StoreFailedError } from './outbox/store-failure.ts';
import { problem } from './problem.ts';
import { type RequestVariables, requestLog } from './request-log.ts';
import { type WandbWebhookOptions, wandbWebhook } from './webhook/wandb-webhook.ts';

export interface AppOptions extends WandbWebhookOptions {
  readonly store: Store;
  readonly log: Logger;
  /** Without one there is no admin API. */
  readonly adminToken: string | undefined;
  /** True once the receiver is stopping: it is not ready for more. */
  readonly stopping: () => boolean;
  /** Routes of the parts that are configured. */
  readonly extensions: readonly { readonly path?: string; readonly routes?: Hono<RequestVariables> }[];
}

/** The whole of the receiver's HTTP, the same on every platform. */
export function createApp(options: AppOptions): Hono<RequestVariables> {
  const { store, log, now } = options;
  // W&B's users may well type a slash at the end of the address.
  const app = new Hono<RequestVariables>({ strict: false });
  app.use(requestLog(log, now));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const why = options.stopping() ? 'the receiver is stopping' : await whyNotWritable(store);
    if (why === undefined) return c.json({ status: 'ok' });
    c.get('line').reason = `not ready: ${why}`;
    return problem(c, { status: 503, title: 'Service Unavailable', detail: why, headers: { 'retry-after': '5' } });
  });
  app.route('/webhooks/wandb', wandbWebhook(options));
  for (const { path, routes } of options.extensions) if (path !== undefined && routes !== undefined) app.route(path, routes);
  if (options.adminToken !== undefined) app.route('/api', adminApi({ store, token: options.adminToken, changed: options.accepted, now }));
  app.notFound((c) => {
    const isWebhook = /^\/webhooks\/wandb(\/[^/]*)?\/?$/.test(c.req.path) && c.req.method !== 'POST';
    if (isWebhook)
      return problem(c, { status: 405, title: 'Method Not Allowed', detail: 'Webhooks are sent with POST.', headers: { allow: 'POST' } });
    return problem(c, { status: 404, title: 'Not Found', detail: 'There is nothing here. W&B webhooks go to POST /webhooks/wandb.' });
  });
  app.onError((error, c) => {
    if (error instanceof StoreFailedError) {
      c.get('line').reason = `the store failed: ${options.redactor.text(error.message)}`;
      return problem(c, {
        status: 503,
        title: 'Service Unavailable',
        detail: 'The store failed. Try again.',
        headers: { 'retry-after': '5' },
      });
    }
    log.error({ path: c.req.path, error: options.redactor.text(String(error.stack ?? error)) }, 'a bug: an exception nobody expected');
    return problem(c, { status: 500, title: 'Internal Server Error', headers: { 'retry-after': '5' } });
  });
  return app;
}

async function whyNotWritable(store: Store): Promise<string | undefined> {
  try {
    await store.check();
    return undefined;
  } catch (error) {
    return `the store cannot be written: ${messageOf(error)}`;
  }
}
