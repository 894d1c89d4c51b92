import { type Context, type Handler, Hono } from 'hono';
import { DEFAULT_SOURCE, type RelayEvent } from '../../src/event/event.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { digest } from '../../src/lib/digest.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { parseExactJson } from '../../src/lib/json.ts';
import type { Redactor } from '../../src/lib/redact.ts';
import { byteSemaphore } from '../http/byte-semaphore.ts';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { type Verified, verifiedOf } from '../http/verified.ts';
import type { Logger } from '../log/log.ts';
import type { Accepted, NewEvent, RejectedRequest } from '../store/delivery.ts';
import type { StoredAsItCame, UnroutedEvent } from '../store/unrouted.ts';
import type { AcceptEvent } from './accept-batch.ts';
import { type AcceptOnceOptions, acceptOnce } from './accept-once.ts';
import { detailOf, duplicateDetail, PING_DETAIL, unroutedDetail } from './answer-detail.ts';
import { readAuthenticBody } from './authentic-body.ts';
import type { Authentication } from './authenticate.ts';
import type { Bursts } from './bursts.ts';
import { type PlanOptions, planEvent, subjectKeyOf } from './route-event.ts';
import { isSourceName } from './source-name.ts';

export interface WandbWebhookOptions extends PlanOptions {
  readonly authentication: Authentication;
  readonly maxBodyBytes: () => number;
  readonly redactor: Redactor;
  readonly accept: AcceptEvent;
  /** Stores bursts as they come; left out: routes are always tried before anything is stored, by `accept`. */
  readonly bursts?: Bursts;
  /** See `AcceptOnceOptions`. */
  readonly findEvent: AcceptOnceOptions['find'];
  readonly keepRejected: (rejected: RejectedRequest) => Promise<void>;
  /** Called after something was stored that may have to be sent. */
  readonly accepted: () => void;
  readonly now: () => number;
  readonly log: Logger;
}

/** How much of a body that could not be read is kept. */
const REJECTED_BODY_LENGTH = 4_096;
/** Seconds after which a sender may try again when the store fails. */
const STORE_RETRY_AFTER = '5';
/**
 * Bodies of so many bytes are worked on at once; the others wait as they are. As JSON, as text and as what is to be stored, a
 * body takes several times its size.
 */
const WORKSPACE_BYTES = 2 * 1024 * 1024;

/**
 * `POST /webhooks/wandb` and `/webhooks/wandb/:source`. In this order: size and encoding, authentication by the headers, the
 * body, authentication over its raw bytes, content type, JSON, understanding, routing, one transaction, and only then 202.
 */
export function wandbWebhook(options: WandbWebhookOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>({ strict: false });
  const once = acceptOnce({ accept: options.accept, find: options.findEvent });
  const storePlanned = async (planned: NewEvent, { eventId, isRepeat }: Verified): Promise<Stored> => ({
    planned,
    accepted: await (eventId === undefined ? options.accept(planned) : once(planned, isRepeat === true)),
  });
  const receive: AuthenticHandler = async (c, source, raw) => {
    const handedOver: Verified = verifiedOf(c) ?? {};
    const line = c.get('logFields');
    const reject = async (status: 400 | 415, title: string, detail: string): Promise<Response> => {
      line.reason = detail;
      const body = options.redactor.text(Buffer.from(raw).toString()).slice(0, REJECTED_BODY_LENGTH);
      try {
        await options.keepRejected({ receivedAt: options.now(), source, status, reason: detail, body });
      } catch (error) {
        options.log.error({ error: messageOf(error) }, 'a rejected request could not be kept');
      }
      return problem(c, { status, title, detail });
    };

    if (!isJson(c.req.header('content-type'))) return reject(415, 'Unsupported Media Type', 'Content-Type must be application/json.');
    const text = decodeUtf8(raw);
    if (text === undefined) return reject(400, 'Bad Request', 'The body is not UTF-8 text.');
    const parsed = parseExactJson(text);
    if (!parsed.ok) return reject(400, 'Bad Request', `The body is not the JSON that was expected: ${parsed.error}.`);

    const { value: payload, text: body } = options.redactor.document(parsed.value, text);
    const understood = understandBody(payload, source);
    if (understood.kind === 'ping') return c.json({ status: 'ok', detail: PING_DETAIL });
    const { event } = understood;
    const id = handedOver.eventId ?? options.newId();
    const received = { event, payload, body, bodyHash: digest(raw), ...timesOf(handedOver, options.now()) };
    line.type = event.type;
    const plan = () => planEvent(received, options, id);

    let stored: Stored;
    try {
      stored = await (options.bursts === undefined
        ? storePlanned(plan(), handedOver)
        : takeWith(options.bursts, { id, source, receivedAt: received.receivedAt, bodyHash: received.bodyHash, body }, event, plan));
    } catch (error) {
      line.reason = `the store failed: ${options.redactor.text(messageOf(error))}`;
      return problem(c, {
        status: 503,
        title: 'Service Unavailable',
        detail: 'The event could not be stored. Send it again.',
        headers: { 'retry-after': STORE_RETRY_AFTER },
      });
    }
    if (!('planned' in stored)) {
      line.unrouted = true;
      const { duplicateOf } = stored;
      line.event = duplicateOf?.id ?? id;
      line.result = duplicateOf === undefined ? 'accepted' : 'duplicate';
      if (duplicateOf === undefined) return c.json({ id, status: 'accepted', detail: unroutedDetail(id, event.type) }, 202);
      return c.json({ status: 'duplicate', id: duplicateOf.id, detail: duplicateDetail(duplicateOf, received.receivedAt) });
    }
    const { planned, accepted } = stored;
    line.event = accepted.id;
    line.result = accepted.status;
    const detail = options.redactor.text(detailOf(planned, accepted));
    if (accepted.status === 'duplicate') return c.json({ status: 'duplicate', id: accepted.id, detail });
    line.deliveries = accepted.deliveries.length;
    if (accepted.deliveries.length > 0) options.accepted();
    return c.json({ id: accepted.id, status: 'accepted', detail, deliveries: accepted.deliveries }, 202);
  };
  app.post('/:source?', authenticated(options, receive));
  return app;
}

/** What an event came to, with what follows from it; or its routes are tried later. */
type Stored = { readonly planned: NewEvent; readonly accepted: Accepted } | StoredAsItCame;

async function takeWith({ isBurst, take }: Bursts, unrouted: UnroutedEvent, event: RelayEvent, plan: () => NewEvent): Promise<Stored> {
  const planned = isBurst() ? undefined : plan();
  const subjectKey = planned?.subjectKey ?? subjectKeyOf(event);
  const taken = await take({ unrouted, event, subjectKey, ...(planned === undefined ? {} : { planned }) });
  if (taken.status === 'unrouted') return taken;
  if (planned === undefined) throw new Error('the store has routed what was not planned');
  return { planned, accepted: taken };
}

type AuthenticHandler = (c: Context<RequestVariables>, source: string, raw: Uint8Array) => Promise<Response>;

/** Calls `receive` once the body is authentic and there is room to work on it. */
function authenticated({ maxBodyBytes, authentication }: WandbWebhookOptions, receive: AuthenticHandler): Handler<RequestVariables> {
  const workspace = byteSemaphore(WORKSPACE_BYTES);
  return async (c) => {
    const limit = { maxBytes: maxBodyBytes(), from: 'settings.max_body_bytes' };
    const source = c.req.param('source') ?? DEFAULT_SOURCE;
    if (!isSourceName(source))
      return problem(c, { status: 404, title: 'Not Found', detail: 'The name of a source has lower-case letters, digits and - only.' });
    c.get('logFields').source = source;
    // What was authenticated elsewhere waits there, unread, until there is room for it.
    const raw = verifiedOf(c) === undefined ? await readAuthenticBody(c, source, authentication, limit) : undefined;
    if (raw instanceof Response) return raw;
    const release = await workspace.acquire(raw?.byteLength ?? declaredLength(c, limit));
    try {
      const body = raw ?? (await readBody(c, limit));
      return body instanceof Response ? body : await receive(c, source, body);
    } finally {
      release();
    }
  };
}

function timesOf({ receivedAt }: Verified, now: number): Pick<NewEvent, 'receivedAt' | 'waitedUntil'> {
  return receivedAt === undefined ? { receivedAt: now } : { receivedAt, waitedUntil: now };
}

/** Without a length it may be as long as is allowed. */
function declaredLength(c: Context<RequestVariables>, { maxBytes }: BodyLimit): number {
  const declared = Number(c.req.header('content-length') ?? maxBytes);
  return declared >= 0 && declared <= maxBytes ? declared : maxBytes;
}

function isJson(contentType: string | undefined): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json' || /^application\/[\w.+-]+\+json$/.test(type ?? '');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
