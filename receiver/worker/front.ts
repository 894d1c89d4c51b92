import type { ObjectStub, WebhookQueue } from 'cloudflare:workers';
import { Hono } from 'hono';
import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { idsFrom } from '../../src/lib/id.ts';
import { err, type Result } from '../../src/lib/result.ts';
import { readDispatchedRun } from '../github/workflow-run-webhook.ts';
import type { PlatformBindings } from '../http/body-source.ts';
import { keptNowhere } from '../http/kept-nowhere.ts';
import { problem } from '../http/problem.ts';
import type { BodyLimit } from '../http/request-body.ts';
import { type RequestVariables, requestLog } from '../http/request-log.ts';
import type { Runtime } from '../runtime.ts';
import { answerSlackGet, authenticRequest } from '../slack/hono-receiver.ts';
import { readAuthenticBody } from '../webhook/authentic-body.ts';
import { isSourceName } from '../webhook/source-name.ts';
import { callObject } from './call-object.ts';
import { addAdmin } from './front-admin.ts';
import { type App, type Forward, type FrontContext, onlyBy } from './front-parts.ts';
import { rememberedAnswers } from './remembered-answers.ts';
import type { Setup } from './setup.ts';
import { SignInsUnknownError } from './shared-sign-ins.ts';
import { unavailable } from './unavailable.ts';
import { noSuchSource } from './unused-source.ts';
import { enqueue } from './webhook-queue.ts';
import { sourceOfSlack, sourceOfUrl } from './which-source.ts';
import { within } from './within.ts';

export interface FrontOptions extends Pick<Runtime, 'log' | 'now' | 'randomBytes'> {
  readonly setup: Pick<Setup, 'sources' | 'settings' | 'environment'>;
  /** The object of a source. */
  readonly objectOf: (source: string) => ObjectStub;
  /** For webhooks whose object does not take them. Left out: their senders get 503. */
  readonly queue?: WebhookQueue | undefined;
}

/** Where there is a queue, an object has so long to answer: how long W&B waits is not documented. Milliseconds. */
const QUEUE_AFTER_MS = 8_000;
const NO_ANSWER = err(`no answer within ${QUEUE_AFTER_MS / 1000} seconds`);
const FORWARDED = 'forwarded';
/** A source is asked at most so often whether it is ready. Milliseconds. */
const READINESS_MS = 1_000;
const HEALTH_METHODS = ['GET', 'OPTIONS'];

const utf8 = new TextDecoder();

/**
 * The Worker itself: it authenticates every request, by the same rules as the receiver elsewhere, and hands what is authentic
 * to the object of its source. Nobody else wakes an object: not a bad signature, a wrong method, an address that does not
 * exist, or a body that stalls. For anyone `/readyz` and public metrics do, at most once a second, and an attempt with a token,
 * as far as the limits of this isolate allow it.
 *
 * Its decision counts. An object may run on with older code, and older secrets, for minutes after a deployment.
 */
export function front(options: FrontOptions): (request: Request, bindings: PlatformBindings) => Promise<Response> {
  const { setup, log, now } = options;
  const { basePath } = setup.environment;
  const root = new Hono<RequestVariables>({ strict: false });
  // The object logs what it was handed.
  root.use(requestLog(log, now, ({ result }) => result === FORWARDED));
  root.use(keptNowhere());
  const app = basePath === '' ? root : root.basePath(basePath);
  root.on(HEALTH_METHODS, [...new Set(['/healthz', `${basePath}/healthz`])], (c) => c.json({ status: 'ok' }));
  const forward = forwarder(options);
  addReadiness(app, options, forward);
  addWandb(app, options, forward);
  addGitHub(app, options, forward);
  addSlack(app, options, forward);
  addAdmin(app, options, forward, answerOf);
  root.on('ALL', [...new Set(['/healthz', `${basePath}/healthz`])], (c) => onlyBy(c, 'Health is asked with GET.', 'GET, HEAD, OPTIONS'));
  root.notFound((c) =>
    problem(c, {
      status: 404,
      title: 'Not Found',
      detail: `There is nothing here. W&B webhooks go to POST ${basePath}/webhooks/wandb.`,
    }),
  );
  root.onError((error, c) => {
    if (error instanceof SignInsUnknownError) {
      c.get('logFields').reason = error.message;
      return unavailable();
    }
    log.error({ path: c.req.path, error: String(error.stack ?? error) }, 'a bug: unexpected exception');
    return problem(c, { status: 500, title: 'Internal Server Error', headers: { 'retry-after': '5' } });
  });
  return async (request, bindings) => root.fetch(request, bindings);
}

function forwarder({ objectOf }: FrontOptions): Forward {
  return (c, { source, body, verified = {}, isGivenUp = () => false }) => {
    const { url, method, headers } = c.req.raw;
    return callObject({
      object: () => objectOf(source),
      request: () => new Request(url, { method, headers, ...(body === undefined || body.byteLength === 0 ? {} : { body }) }),
      verified,
      hasProof: true,
      isGivenUp,
    });
  };
}

/** The object's answer; without one, 503. */
function answerOf(c: FrontContext, result: Result<Response, string>): Response {
  const line = c.get('logFields');
  if (result.ok) {
    line.result = FORWARDED;
    return new Response(result.value.body, result.value);
  }
  line.reason = `the object of the source did not answer: ${result.error}`;
  return unavailable();
}

/** Marks the line of the log, and refuses a source that has no secret and no token: no object is made for it. */
function refuseUnknown(c: FrontContext, source: string, sources: readonly string[]): Response | undefined {
  const line = c.get('logFields');
  line.source = source.slice(0, 64);
  if (sources.includes(source)) return undefined;
  line.reason = `refused: no secret or token is configured for the source "${line.source}"`;
  return problem(c, { status: 401, title: 'Unauthorized' });
}

function addReadiness(app: App, { setup, now }: FrontOptions, forward: Forward): void {
  const readiness = rememberedAnswers(now, READINESS_MS);
  app.on(HEALTH_METHODS, '/readyz', (c) => {
    const source = sourceOfUrl(c.req.url);
    const refused = refuseUnknown(c, source, setup.sources);
    return refused ?? readiness(source, async () => answerOf(c, await forward(c, { source })));
  });
  app.all('/readyz', (c) => onlyBy(c, 'Readiness is asked with GET.', 'GET, HEAD, OPTIONS'));
}

function addWandb(app: App, options: FrontOptions, forward: Forward): void {
  const { setup, now, randomBytes } = options;
  const limit: BodyLimit = { maxBytes: setup.settings.maxBodyBytes, from: 'settings.max_body_bytes' };
  const newId = idsFrom(now, randomBytes);
  app.post('/webhooks/wandb/:source?', async (c) => {
    const source = c.req.param('source') ?? DEFAULT_SOURCE;
    const refused = refuseUnknown(c, source, setup.sources);
    if (refused !== undefined) return refused;
    const body = await readAuthenticBody(c, source, setup.environment.authentication, limit);
    if (body instanceof Response) return body;
    const [id, receivedAt] = [newId(), now()];
    let isGivenUp = false;
    const handedOver = forward(c, { source, body, verified: { eventId: id }, isGivenUp: () => isGivenUp });
    // The object may still store it afterwards: the queue hands it over under the same id.
    const result = options.queue === undefined ? await handedOver : ((await within(QUEUE_AFTER_MS, handedOver)) ?? NO_ANSWER);
    isGivenUp = true;
    // 500 and more: it is not stored. W&B sends once.
    if (result.ok && result.value.status < 500) return answerOf(c, result);
    return queued(c, { id, source, receivedAt, body, contentType: c.req.header('content-type') }, result, options);
  });
  app.all('/webhooks/wandb/:source?', (c) => onlyBy(c, 'Webhooks are sent with POST.', 'POST'));
}

/** Answers for the queue, or for the object where there is no room in a queue. */
async function queued(
  c: FrontContext,
  webhook: Parameters<typeof enqueue>[1],
  result: Result<Response, string>,
  { queue, log }: FrontOptions,
): Promise<Response> {
  if (queue === undefined) return answerOf(c, result);
  const why = result.ok ? `it answered ${result.value.status}` : result.error;
  const { source, id } = webhook;
  const put = await enqueue(queue, webhook);
  if (!put.ok) {
    log.error({ source, event: id }, `a webhook could not be queued: ${put.error}`);
    return answerOf(c, result);
  }
  if (result.ok) await result.value.body?.cancel();
  const line = c.get('logFields');
  line.event = id;
  line.result = 'queued';
  log.warn({ source, event: id }, `the object of the source did not store a webhook: ${why}; it is in the queue`);
  const detail = `Authentic, and kept in a queue, because the store of this source cannot be reached now. It will be stored as event ${id} and routed then.`;
  return c.json({ id, status: 'queued', detail, deliveries: [] }, 202);
}

/** GitHub has one address for all: each object knows its own deliveries. What no dispatch started wakes none of them. */
function addGitHub(app: App, { setup }: FrontOptions, forward: Forward): void {
  const { sources, environment } = setup;
  const secrets = environment.githubWebhookSecrets;
  if (secrets.length === 0) return;
  app.post('/webhooks/github', async (c) => {
    const run = await readDispatchedRun(c, secrets);
    if (run instanceof Response) return run;
    const results = await Promise.all(sources.map((source) => forward(c, { source, body: run.raw })));
    return answerOf(c, mostImportant(results));
  });
  app.all('/webhooks/github', (c) => onlyBy(c, 'GitHub sends with POST.', 'POST'));
}

function addSlack(app: App, { setup, now }: FrontOptions, forward: Forward): void {
  const signingSecret = setup.environment.slack?.signingSecret;
  if (signingSecret === undefined) return;
  app.post('/slack/events', async (c) => {
    const request = await authenticRequest(c, { now, signingSecret });
    if (request instanceof Response) return request;
    const source = sourceOfSlack(utf8.decode(request.raw));
    c.get('logFields').source = source.slice(0, 64);
    if (!isSourceName(source)) return noSuchSource();
    return answerOf(c, await forward(c, { source, body: request.raw }));
  });
  app.get('/slack/events', answerSlackGet);
  app.all('/slack/events', (c) => onlyBy(c, 'Slack sends with POST.', 'POST'));
}

/** One answer for several: a failure of ours, so that it can be sent again; else what one of them took; else a refusal. */
function mostImportant(results: readonly Result<Response, string>[]): Result<Response, string> {
  const failed = results.find((result) => !result.ok || result.value.status >= 500);
  return failed ?? results.find((result) => result.ok && result.value.ok) ?? results[0] ?? err('there is no source');
}
