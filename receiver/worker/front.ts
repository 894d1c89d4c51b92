import type { ObjectNamespace } from 'cloudflare:workers';
import { type Context, Hono } from 'hono';
import { messageOf } from '../../src/error-message.ts';
import { DEFAULT_SOURCE } from '../../src/event.ts';
import type { Logger } from '../log.ts';
import { problem } from '../problem.ts';
import { type RequestVariables, requestLog } from '../request-log.ts';
import { sizeLimit } from '../webhook/size-limit.ts';
import type { Setup } from './setup.ts';
import { unavailable } from './unavailable.ts';
import { sourceOfSlack, sourceOfUrl } from './which-source.ts';

export interface FrontOptions {
  readonly setup: Pick<Setup, 'sources' | 'settings'>;
  readonly objects: ObjectNamespace;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is not W&B's is smaller than this (GitHub's webhooks are a few tens of kilobytes, Slack's a few). Bytes. */
const OTHER_BODIES = 1024 * 1024;
/** An object that was moved or got new code is there again at once. */
const TRIES = 3;
const FORWARDED = 'forwarded';

const utf8 = new TextDecoder();

type FrontContext = Context<RequestVariables>;

/**
 * The Worker itself: looks at the size of a request and whose it is, and hands it to the object of that source. Nothing is
 * woken for what is too large, for a source that nobody configured, or for an address that does not exist.
 */
export function front({ setup, objects, log, now }: FrontOptions): Hono<RequestVariables> {
  const forward = async (c: FrontContext, source: string): Promise<Response> => {
    const line = c.get('line');
    line.source = source.slice(0, 64);
    if (!setup.sources.includes(source)) {
      line.reason = `refused: no secret or token is configured for the source "${line.source}"`;
      return problem(c, { status: 401, title: 'Unauthorized' });
    }
    const { url, method, headers } = c.req.raw;
    const body = method === 'GET' || method === 'HEAD' ? undefined : await c.req.arrayBuffer();
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await objects
          .getByName(source)
          .fetch(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
        line.result = FORWARDED;
        return new Response(response.body, response);
      } catch (error) {
        // A webhook that the object has stored before its end is a duplicate the second time.
        if (attempt < TRIES && isRetryable(error)) continue;
        line.reason = `the object of the source did not answer: ${messageOf(error)}`;
        return unavailable();
      }
    }
  };

  const app = new Hono<RequestVariables>({ strict: false });
  // The object logs what it was handed.
  app.use(requestLog(log, now, ({ result }) => result === FORWARDED));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) => forward(c, sourceOfUrl(c.req.url)));
  app.all('/webhooks/wandb/:source?', sizeLimit(setup.settings.maxBodyBytes), (c) => forward(c, c.req.param('source') ?? DEFAULT_SOURCE));
  // GitHub has one address for all: each object knows its own deliveries.
  app.all('/webhooks/github', sizeLimit(OTHER_BODIES), async (c) =>
    mostImportant(await Promise.all(setup.sources.map((source) => forward(c, source)))),
  );
  app.all('/slack/*', sizeLimit(OTHER_BODIES), async (c) => forward(c, sourceOfSlack(utf8.decode(await c.req.arrayBuffer()))));
  app.all('/api/*', sizeLimit(OTHER_BODIES), (c) => forward(c, sourceOfUrl(c.req.url)));
  app.notFound((c) =>
    problem(c, { status: 404, title: 'Not Found', detail: 'There is nothing here. W&B webhooks go to POST /webhooks/wandb.' }),
  );
  app.onError((error, c) => {
    log.error({ path: c.req.path, error: String(error.stack ?? error) }, 'a bug: an exception nobody expected');
    return problem(c, { status: 500, title: 'Internal Server Error', headers: { 'retry-after': '5' } });
  });
  return app;
}

/** Cloudflare marks errors after which the same request may work (Cloudflare documentation, "Durable Objects: error handling"). */
function isRetryable(error: unknown): boolean {
  return (
    error instanceof Error && 'retryable' in error && error.retryable === true && !('overloaded' in error && error.overloaded === true)
  );
}

/** One answer for several: a failure of ours, so that it can be sent again; else what one of them took; else a refusal. */
function mostImportant(responses: readonly Response[]): Response {
  const failed = responses.find(({ status }) => status >= 500);
  return failed ?? responses.find(({ ok }) => ok) ?? responses[0] ?? unavailable();
}
