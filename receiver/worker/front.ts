import type { ObjectNamespace } from 'cloudflare:workers';
import { type Context, Hono } from 'hono';
import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { GITHUB_BODY_LIMIT, refuseGitHubUnread } from '../github/workflow-run-webhook.ts';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody, refuseUnread } from '../http/request-body.ts';
import { type RequestVariables, requestLog } from '../http/request-log.ts';
import type { Logger } from '../log/log.ts';
import { refuseSlackUnread, SLACK_BODY_LIMIT } from '../slack/hono-receiver.ts';
import { authenticateHeaders, explainFailure } from '../webhook/authenticate.ts';
import { objectOf } from './object-name.ts';
import type { Setup } from './setup.ts';
import { unavailable } from './unavailable.ts';
import { sourceOfSlack, sourceOfUrl } from './which-source.ts';

export interface FrontOptions {
  readonly setup: Pick<Setup, 'sources' | 'settings' | 'environment' | 'sandbox'>;
  readonly objects: ObjectNamespace;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Nothing of the admin API has a body of any size. */
const ADMIN_BODY_LIMIT: BodyLimit = { maxBytes: 1024 * 1024, from: 'a limit of this receiver' };
/** An object that was moved or got new code is there again at once. */
const TRIES = 3;
const FORWARDED = 'forwarded';

const utf8 = new TextDecoder();

type FrontContext = Context<RequestVariables>;

/**
 * The Worker itself: looks at the headers of a request, its size and whose it is, and hands it to the object of that source.
 * Nothing is woken for what is too large, unsigned or compressed, for a source that nobody configured, or for an address that
 * does not exist.
 */
export function front({ setup, objects, log, now }: FrontOptions): Hono<RequestVariables> {
  const { environment, settings } = setup;
  const { basePath } = environment;
  const wandbLimit: BodyLimit = { maxBytes: settings.maxBodyBytes, from: 'settings.max_body_bytes' };

  /**
   * @param canBeRemoved the request may be for a source whose secret was removed: it still delivers what it has stored, and can
   * be operated. The object of a source that never was says so.
   */
  const forward = async (c: FrontContext, source: string, body?: Uint8Array, canBeRemoved = false): Promise<Response> => {
    const line = c.get('logFields');
    line.source = source.slice(0, 64);
    if (!setup.sources.includes(source) && !canBeRemoved) {
      line.reason = `refused: no secret or token is configured for the source "${line.source}"`;
      return problem(c, { status: 401, title: 'Unauthorized' });
    }
    const { url, method, headers } = c.req.raw;
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await objectOf(objects, source, setup).fetch(
          new Request(url, { method, headers, ...(body === undefined || isBodiless(method) ? {} : { body }) }),
        );
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

  /** Reads the body for `next`, unless the headers say that there is no need. */
  const withBody = async (
    c: FrontContext,
    limit: BodyLimit,
    refused: Response | undefined,
    next: (body: Uint8Array) => Promise<Response>,
  ): Promise<Response> => {
    if (refused !== undefined) return refused;
    const body = await readBody(c, limit);
    return body instanceof Response ? body : next(body);
  };
  const refuseWandbUnread = (c: FrontContext, source: string): Response | undefined => {
    const refused = refuseUnread(c, wandbLimit);
    if (refused !== undefined || c.req.method !== 'POST') return refused;
    const headers = { signature: c.req.header('x-wandb-signature'), authorization: c.req.header('authorization') };
    const { failure } = authenticateHeaders(environment.authentication, source, headers);
    if (failure === undefined) return undefined;
    c.get('logFields').reason = explainFailure(failure, source.slice(0, 64));
    return problem(c, { status: 401, title: 'Unauthorized' });
  };

  const root = new Hono<RequestVariables>({ strict: false });
  // The object logs what it was handed.
  root.use(requestLog(log, now, ({ result }) => result === FORWARDED));
  const app = basePath === '' ? root : root.basePath(basePath);
  root.on('GET', [...new Set(['/healthz', `${basePath}/healthz`])], (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) => forward(c, sourceOfUrl(c.req.url)));
  app.all('/webhooks/wandb/:source?', (c) => {
    const source = c.req.param('source') ?? DEFAULT_SOURCE;
    return withBody(c, wandbLimit, refuseWandbUnread(c, source), (body) => forward(c, source, body));
  });
  // GitHub has one address for all: each object knows its own deliveries.
  app.all('/webhooks/github', (c) => {
    const signs = c.req.method === 'POST' && environment.githubWebhookSecrets.length > 0;
    return withBody(c, GITHUB_BODY_LIMIT, signs ? refuseGitHubUnread(c) : refuseUnread(c, GITHUB_BODY_LIMIT), async (body) =>
      mostImportant(await Promise.all(setup.sources.map((source) => forward(c, source, body)))),
    );
  });
  app.all('/slack/*', (c) => {
    const signs = c.req.method === 'POST' && environment.slack?.signingSecret !== undefined;
    return withBody(c, SLACK_BODY_LIMIT, signs ? refuseSlackUnread(c) : refuseUnread(c, SLACK_BODY_LIMIT), (body) =>
      forward(c, sourceOfSlack(utf8.decode(body)), body, true),
    );
  });
  app.all('/api/*', (c) =>
    withBody(c, ADMIN_BODY_LIMIT, refuseUnread(c, ADMIN_BODY_LIMIT), (body) => forward(c, sourceOfUrl(c.req.url), body, true)),
  );
  root.notFound((c) =>
    problem(c, {
      status: 404,
      title: 'Not Found',
      detail: `There is nothing here. W&B webhooks go to POST ${basePath}/webhooks/wandb.`,
    }),
  );
  root.onError((error, c) => {
    log.error({ path: c.req.path, error: String(error.stack ?? error) }, 'a bug: unexpected exception');
    return problem(c, { status: 500, title: 'Internal Server Error', headers: { 'retry-after': '5' } });
  });
  return root;
}

function isBodiless(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
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
