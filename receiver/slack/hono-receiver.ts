import type { Receiver } from '@slack/bolt/dist/types/index.js';
import { type Context, Hono } from 'hono';
import { messageOf } from '../../src/lib/error-message.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody, refuseUnread } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { verifiedOf } from '../http/verified.ts';
import type { Runtime } from '../runtime.ts';
import type { ConversationStore } from '../store/conversations.ts';
import type { BoltApp } from './bolt.ts';
import { readSlackBody } from './request-body.ts';
import { checkSlackHeaders, checkSlackSignature, explainSlackFailure } from './signature.ts';

export interface HonoReceiverOptions extends Pick<Runtime, 'now' | 'log' | 'redactor'> {
  readonly signingSecret: string;
  /** Remembers requests, so that none works twice. */
  readonly store: Pick<ConversationStore, 'firstSeen'>;
  /** Milliseconds; see `ACK_TIMEOUT_MS`. */
  readonly ackTimeoutMs?: number;
}

export interface HonoReceiver {
  /** `POST /events`. To be mounted at `/slack`, below the request log. */
  readonly routes: Hono<RequestVariables>;
  /** Bolt's side of it. */
  readonly receiver: Receiver;
}

/** Slack sends no more than a few kilobytes; nobody else has a secret to be heard with. */
export const MAX_SLACK_BODY_BYTES = 1024 * 1024;
export const SLACK_BODY_LIMIT: BodyLimit = { maxBytes: MAX_SLACK_BODY_BYTES, from: 'a limit of this receiver' };
/** Slack gives up after three seconds (Slack, "Handling user interaction": acknowledgment); the way there takes its part. */
const ACK_TIMEOUT_MS = 2_500;
/** What Slack asks without a signature is shorter than this. Bytes. */
const MAX_SSL_CHECK_BYTES = 1_000;

/**
 * Bolt's receiver as a route of Hono, for Node and Workers alike: `POST /events` for events, interactions and slash
 * commands. In this order: size and encoding, a signature at all, the body, the signature over its raw bytes, form or JSON,
 * never the same request twice, and only then Bolt. The answer is what the handler acknowledges with; its work may go on after it.
 */
export function honoReceiver(options: HonoReceiverOptions): HonoReceiver {
  let app: BoltApp | undefined;
  const routes = new Hono<RequestVariables>({ strict: false });
  routes.post('/events', async (c) => {
    const request = await authenticRequest(c, options);
    if (request instanceof Response) return request;
    const line = c.get('logFields');
    line.type = request.name;
    try {
      if (!(await options.store.firstSeen(`slack:${request.signature}`, options.now()))) {
        // Slack disables the events of an app that refuses its retries (Slack, "Events API": failure limits).
        if (c.req.header('x-slack-retry-num') !== undefined) {
          line.result = 'a retry of what was received before';
          return c.body(null, 200);
        }
        line.reason = 'refused: the same signed request was received before';
        return problem(c, { status: 409, title: 'Conflict', detail: 'This request was received before.' });
      }
    } catch (error) {
      line.reason = `the store failed: ${options.redactor.text(messageOf(error))}`;
      return problem(c, { status: 503, title: 'Service Unavailable', headers: { 'retry-after': '5' } });
    }
    if (app === undefined) throw new Error('the receiver was mounted before Bolt had it');
    return answerOf(c, app, request, options);
  });
  routes.get('/events', answerSlackGet);
  return {
    routes,
    receiver: {
      init: (bolt) => {
        app = bolt;
      },
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    },
  };
}

/** Slack asks now and then whether the certificate is good (Slack, "Enabling interactivity with slash commands"). */
export function answerSlackGet(c: SlackContext): Response {
  if (c.req.query('ssl_check') === '1') return c.body(null, 200);
  return problem(c, { status: 405, title: 'Method Not Allowed', detail: 'Slack sends with POST.', headers: { allow: 'POST' } });
}

/** An authentic request that is something for Bolt. */
export interface IncomingRequest {
  readonly signature: string;
  readonly name: string;
  readonly body: JsonObject;
  readonly raw: Uint8Array;
}

type SlackContext = Context<RequestVariables>;

/** What Bolt is to see, or the answer to everything that it is not to see. Needs no store. */
export async function authenticRequest(
  c: SlackContext,
  options: Pick<HonoReceiverOptions, 'now' | 'signingSecret'>,
): Promise<IncomingRequest | Response> {
  const line = c.get('logFields');
  const signature = c.req.header('x-slack-signature') ?? '';
  const contentType = c.req.header('content-type');
  const raw = verifiedOf(c) === undefined ? await readAuthentic(c, options) : await readBody(c, SLACK_BODY_LIMIT);
  if (raw instanceof Response) return raw;
  const body = read(raw, contentType);
  switch (body.kind) {
    case 'ssl_check':
      return c.body(null, 200);
    case 'url_verification':
      line.type = body.kind;
      return c.json({ challenge: body.challenge });
    case 'unreadable':
      line.reason = `refused: ${body.why}`;
      return problem(c, {
        status: body.status,
        title: body.status === 415 ? 'Unsupported Media Type' : 'Bad Request',
        detail: body.why,
      });
    case 'incoming':
      return { signature, name: body.name, body: body.body, raw };
  }
}

async function readAuthentic(c: SlackContext, options: Pick<HonoReceiverOptions, 'now' | 'signingSecret'>): Promise<Uint8Array | Response> {
  const signature = c.req.header('x-slack-signature');
  const timestamp = c.req.header('x-slack-request-timestamp');
  const refused = refuseSlackUnread(c);
  if (refused !== undefined) return refused;
  const raw = await readBody(c, SLACK_BODY_LIMIT);
  if (raw instanceof Response) return raw;
  const isSslCheck = mayBeSslCheck(c) && raw.length <= MAX_SSL_CHECK_BYTES && read(raw, c.req.header('content-type')).kind === 'ssl_check';
  if (isSslCheck) return c.body(null, 200);
  const now = options.now();
  const failure = checkSlackSignature({ signature, timestamp }, raw, options.signingSecret, now);
  return failure === undefined ? raw : unauthorized(c, explainSlackFailure(failure, timestamp, now));
}

/** Refuses before the body is read: by its size, its encoding, or because it is not signed as Slack signs. */
function refuseSlackUnread(c: SlackContext): Response | undefined {
  const refused = refuseUnread(c, SLACK_BODY_LIMIT);
  if (refused !== undefined || mayBeSslCheck(c)) return refused;
  const failure = checkSlackHeaders({
    signature: c.req.header('x-slack-signature'),
    timestamp: c.req.header('x-slack-request-timestamp'),
  });
  // What the headers lack does not depend on the time.
  return failure === undefined ? undefined : unauthorized(c, explainSlackFailure(failure, undefined, 0));
}

/** Only the shortest of forms is read without a signature, and none in chunks. */
function mayBeSslCheck(c: SlackContext): boolean {
  if (c.req.header('x-slack-signature') !== undefined || c.req.header('transfer-encoding') !== undefined) return false;
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? '');
  return isForm && Number(c.req.header('content-length') ?? 0) <= MAX_SSL_CHECK_BYTES;
}

function unauthorized(c: SlackContext, reason: string): Response {
  c.get('logFields').reason = reason;
  return problem(c, { status: 401, title: 'Unauthorized' });
}

const utf8 = new TextDecoder();

function read(raw: Uint8Array, contentType: string | undefined) {
  return readSlackBody(utf8.decode(raw), contentType);
}

/** Lets Bolt have the request and answers with what a handler acknowledges, in time in any case. */
async function answerOf(
  c: SlackContext,
  app: BoltApp,
  { name, body }: IncomingRequest,
  { log, redactor, ackTimeoutMs = ACK_TIMEOUT_MS }: HonoReceiverOptions,
): Promise<Response> {
  const line = c.get('logFields');
  let answered = false;
  let answer: (response: Response) => void = () => {};
  const response = new Promise<Response>((resolve) => {
    answer = (result) => {
      answered = true;
      resolve(result);
    };
  });
  const ack = async (content?: unknown): Promise<void> => {
    if (answered) log.warn({ type: name }, 'slack: acknowledged twice, or too late');
    else answer(asResponse(c, content));
  };
  const timer = setTimeout(() => {
    if (answered) return;
    line.result = 'no handler acknowledged it in time';
    log.warn({ type: name, ms: ackTimeoutMs }, 'slack: a request was answered before a handler acknowledged it');
    answer(c.body(null, 200));
  }, ackTimeoutMs);
  const work = app
    .processEvent({ body, ack, ...retryOf(c) })
    .then(() => {
      if (answered) return;
      line.result = 'no handler for it';
      answer(c.body(null, 200));
    })
    .catch((error: unknown) => {
      log.error({ type: name, error: redactor.text(messageOf(error)) }, 'slack: Bolt could not take a request');
      if (answered) return;
      line.reason = 'refused: Bolt could not take it';
      answer(problem(c, { status: 400, title: 'Bad Request', detail: 'The request could not be understood.' }));
    })
    .finally(() => clearTimeout(timer));
  outlive(c, work);
  return response;
}

/** On Workers, what goes on after the answer is cut off unless the platform knows of it. */
function outlive(c: SlackContext, work: Promise<void>): void {
  try {
    c.executionCtx.waitUntil(work);
  } catch {
    // Not on Workers: the process stays anyway.
  }
}

/** As Slack reads acknowledgements: nothing, text, or a message as JSON. */
function asResponse(c: SlackContext, content: unknown): Response {
  if (content === undefined || content === null || content === '') return c.body(null, 200);
  return typeof content === 'string' ? c.text(content) : c.body(JSON.stringify(content), 200, { 'content-type': 'application/json' });
}

function retryOf(c: SlackContext): { retryNum?: number; retryReason?: string } {
  const number = Number(c.req.header('x-slack-retry-num'));
  const reason = c.req.header('x-slack-retry-reason');
  return { ...(Number.isInteger(number) ? { retryNum: number } : {}), ...(reason === undefined ? {} : { retryReason: reason }) };
}
