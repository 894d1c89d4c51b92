import { messageOf } from '../../src/lib/error-message.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from '../../src/lib/json.ts';
import { ok, type Result } from '../../src/lib/result.ts';
import type { EngineStatus } from '../engine/engine-status.ts';
import type { AuditRange } from '../store/audit.ts';
import type { DeliveryRecord, DeliveryView, EventView, RejectedRequest, Throttle } from '../store/delivery.ts';
import type { AliasFilter, AliasView } from '../store/ledger.ts';
import type { DeliveryFilter, EventFilter, EventSummary } from '../store/page.ts';
import type { Pause, PauseStore } from '../store/pause.ts';
import type { ChangeOptions, ChangeResult, Counts, DeliveryAdmin } from '../store/store.ts';
import type { RollbackRequest } from '../webhook/roll-back.ts';
import { NO_SUCH_SOURCE, type RollbackAnswer } from './api.ts';
import { NO_SUCH_DELIVERY, NO_SUCH_EVENT } from './api-parts.ts';
import type { AuditPage } from './audit-page.ts';
import type { AdminChange } from './deliveries-api.ts';
import type { ErasePart, ErasePartOptions } from './erase-part.ts';
import type { ExportRecord } from './export-record.ts';
import { CHANGE_LIMIT, PAGE_LIMIT } from './requests.ts';

/** What the commands need of a receiver, on this machine or far away. Events in a list come without their bodies. */
export interface AdminAccess
  extends Pick<DeliveryAdmin, 'deliveries' | 'delivery' | 'event' | 'counts' | 'throttles' | 'rejected' | AdminChange>,
    Pick<PauseStore, 'pause' | 'pauses'> {
  /** False: it was not paused. */
  resume(scope: Pause['scope'], by: string, at: number): Promise<boolean>;
  /** Of one event, the oldest first, the first fifty. */
  deliveriesOf(eventId: string): Promise<readonly DeliveryView[]>;
  events(filter: EventFilter): Promise<readonly EventSummary[]>;
  eventsWithBodies(filter: EventFilter): Promise<readonly EventView[]>;
  aliases(filter: AliasFilter): Promise<readonly AliasView[]>;
  engineStatus(): Promise<EngineStatus>;
  /** A part of an export, see `auditPage`. */
  audit(range: AuditRange, cursor: string | undefined, now: number): Promise<AuditPage>;
  /** No messages of a route about an event's subject until then; `until` 0 ends it. False: there is no such event. */
  mute(eventId: string, mute: MuteRequest, now: number): Promise<boolean>;
  /** The error is a sentence for whoever asked. */
  rollBack(request: RollbackRequest): Promise<Result<RollbackAnswer, string>>;
}

export interface MuteRequest {
  readonly route: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly by: string;
}

/** A running receiver far away: also what needs no file beside it. */
export interface RemoteAdmin extends AdminAccess {
  /** A part of the work, see `erasePart`. Done twice it is done once. */
  erase(options: Pick<ErasePartOptions, 'names' | 'pseudonym' | 'dryRun'>, cursor: string | undefined): Promise<ErasePart>;
}

export interface RemoteAdminOptions {
  /** The receiver, with its base path: `https://relay.example.com`. */
  readonly url: URL;
  /** RELAY_ADMIN_TOKEN of the receiver. */
  readonly token: string;
  /** On Workers: the source whose object is asked. Left out: the default source. */
  readonly source?: string;
  readonly fetch: typeof globalThis.fetch;
}

/** The receiver did not do what it was asked; the message says why and what to do. */
export class RemoteAdminError extends Error {}

/** As `by`: whoever the token is of. */
export const BY_TOKEN = '';

/** In milliseconds. A Worker's object may have to be started, and a change of many deliveries is one transaction. */
const TIME_LIMIT_MS = 30_000;
const HOUR_MS = 3_600_000;

/** A running receiver through its admin API. Requests that change something are sent once. */
export function remoteAdmin(options: RemoteAdminOptions): RemoteAdmin {
  const call = caller(options);
  const list = async <T>(path: string, name: string, query: readonly [string, string][], limit: number): Promise<T[]> => {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const size = String(Math.min(PAGE_LIMIT, limit - items.length));
      const page = await call('GET', path, [...query, ['limit', size], ...(cursor === undefined ? [] : [['cursor', cursor] as const])]);
      items.push(...(listIn(page, name) as T[]));
      cursor = typeof page.next === 'string' ? page.next : undefined;
    } while (cursor !== undefined && items.length < limit);
    return items;
  };
  const events = <T>(filter: EventFilter, more: readonly [string, string][]): Promise<T[]> =>
    list<T>('/events', 'events', [...eventQuery(filter), ...more], filter.limit);
  const change = async (kind: AdminChange, ids: readonly string[], { persons, reason }: ChangeOptions = {}): Promise<ChangeResult[]> => {
    const [by] = persons ?? [];
    const actor = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
    const results: ChangeResult[] = [];
    for (let i = 0; i < ids.length; i += CHANGE_LIMIT) {
      const answer = await call('POST', `/deliveries/${kind}`, [], { ids: ids.slice(i, i + CHANGE_LIMIT), ...actor });
      results.push(...(listIn(answer, 'results') as unknown as ChangeResult[]));
    }
    return results;
  };
  const status = async () => (await call('GET', '/status', [])) as unknown as Counts & { readonly holdBacks: Throttle[] };
  return {
    deliveries: (filter) => list<DeliveryView>('/deliveries', 'deliveries', deliveryQuery(filter), filter.limit),
    delivery: async (id) => {
      const isMissing = ({ detail }: JsonObject) => detail === NO_SUCH_DELIVERY;
      const found = await call('GET', `/deliveries/${encodeURIComponent(id)}`, [], undefined, isMissing);
      return isJsonObject(found.delivery) ? (found as unknown as DeliveryRecord) : undefined;
    },
    event: async (id) => {
      const isMissing = ({ detail }: JsonObject) => detail === NO_SUCH_EVENT;
      const { event } = await call('GET', `/events/${encodeURIComponent(id)}`, [], undefined, isMissing);
      return event as unknown as EventView | undefined;
    },
    deliveriesOf: async (eventId) => {
      const records = listIn(await call('GET', `/events/${encodeURIComponent(eventId)}`, []), 'deliveries') as unknown as DeliveryRecord[];
      return records.map(({ delivery }) => delivery);
    },
    events: (filter) => events<EventSummary>(filter, []),
    eventsWithBodies: (filter) => events<EventView>(filter, [['include', 'body']]),
    aliases: (filter) => list<AliasView>('/aliases', 'aliases', aliasQuery(filter), filter.limit),
    engineStatus: async () => {
      const answer = await call('GET', '/automations', []);
      return { automations: listIn(answer, 'automations'), projects: listIn(answer, 'projects') } as unknown as EngineStatus;
    },
    audit: async ({ since, until }, cursor) => {
      const query: [string, string][] = [];
      if (since > 0) query.push(['since', new Date(since).toISOString()]);
      if (until < Number.MAX_SAFE_INTEGER) query.push(['until', new Date(until).toISOString()]);
      if (cursor !== undefined) query.push(['cursor', cursor]);
      const answer = await call('GET', '/export', query);
      const records = listIn(answer, 'records') as unknown as ExportRecord[];
      return { records, ...(typeof answer.next === 'string' ? { next: answer.next } : {}) };
    },
    erase: async ({ names, pseudonym, dryRun }, cursor) => {
      const body = { names, pseudonym, dry_run: dryRun, ...(cursor === undefined ? {} : { cursor }) };
      const answer = await call('POST', '/erase', [], body);
      const tables = listIn(answer, 'tables') as unknown as ErasePart['tables'];
      return { tables, ...(typeof answer.next === 'string' ? { next: answer.next } : {}) };
    },
    rejected: (limit) => list<RejectedRequest>('/rejected', 'rejected', [], limit),
    counts: async () => {
      const { events: byOutcome, deliveries, rejected } = await status();
      return { events: byOutcome, deliveries, rejected };
    },
    throttles: async () => (await status()).holdBacks,
    pauses: async () => listIn(await call('GET', '/pauses', []), 'pauses') as unknown as Pause[],
    pause: async ({ scope, by, reason }) => {
      const body = { do: 'pause', scope, ...named(by), ...(reason === null ? {} : { reason }) };
      return (await call('POST', '/pauses', [], body)).changed === true;
    },
    resume: async (scope, by) => (await call('POST', '/pauses', [], { do: 'resume', scope, ...named(by) })).changed === true,
    mute: async (eventId, { route, until, by }, now) => {
      const [what, body] =
        until === 0 ? ['unmute', { route, ...named(by) }] : ['mute', { route, ...named(by), hours: (until - now) / HOUR_MS }];
      const isMissing = ({ detail }: JsonObject) => detail === NO_SUCH_EVENT;
      const answer = await call('POST', `/events/${encodeURIComponent(eventId)}/${what}`, [], body, isMissing);
      return answer.detail !== NO_SUCH_EVENT;
    },
    replay: (ids, _now, options) => change('replay', ids, options),
    approve: (ids, _now, options) => change('approve', ids, options),
    reject: (ids, _now, options) => change('reject', ids, options),
    cancel: (ids, _now, options) => change('cancel', ids, options),
    rollBack: async ({ aliasKey, to, by }) =>
      ok(
        (await call('POST', `/aliases/${encodeURIComponent(aliasKey)}/rollback`, [], {
          ...named(by),
          ...(to === undefined ? {} : { to }),
        })) as unknown as RollbackAnswer,
      ),
  };
}

function named(by: string): { readonly by?: string } {
  return by === BY_TOKEN ? {} : { by };
}

function deliveryQuery({ states = [], since, eventId, route }: DeliveryFilter): [string, string][] {
  if (eventId !== undefined) throw new RemoteAdminError('deliveries of one event cannot be asked for over HTTP');
  return [
    ...states.map((state): [string, string] => ['state', state]),
    ...(since === undefined ? [] : [['since', new Date(since).toISOString()] as [string, string]]),
    ...(route === undefined ? [] : [['route', route] as [string, string]]),
  ];
}

function eventQuery({ outcomes = [], type, since }: EventFilter): [string, string][] {
  return [
    ...outcomes.map((outcome): [string, string] => ['outcome', outcome]),
    ...(type === undefined ? [] : [['type', type] as [string, string]]),
    ...(since === undefined ? [] : [['since', new Date(since).toISOString()] as [string, string]]),
  ];
}

function aliasQuery({ collection, alias }: AliasFilter): [string, string][] {
  return [
    ...(collection === undefined ? [] : [['collection', collection] as [string, string]]),
    ...(alias === undefined ? [] : [['alias', alias] as [string, string]]),
  ];
}

type Call = (
  method: 'GET' | 'POST',
  path: string,
  query: readonly (readonly [string, string])[],
  body?: object,
  isMissing?: (problem: JsonObject) => boolean,
) => Promise<JsonObject>;

function caller({ url, token, source, fetch }: RemoteAdminOptions): Call {
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}/api`;
  return async (method, path, query, body, isMissing = () => false) => {
    const parameters = new URLSearchParams(source === undefined ? [...query.map(copy)] : [...query.map(copy), ['source', source]]);
    const address = `${base}${path}${parameters.size === 0 ? '' : `?${parameters}`}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(address, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // The token is for this address only.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
      });
      text = await response.text();
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const unclear = method === 'POST' ? '. It may have been done: look at the deliveries before you try again' : '';
      throw new RemoteAdminError(`no answer from ${url.origin}: ${messageOf(cause)}${unclear}`, { cause: error });
    }
    const answer = parseExactJson(text);
    const json = answer.ok && isJsonObject(answer.value) ? answer.value : undefined;
    if (json !== undefined && (response.ok || isMissing(json))) return json;
    const moved = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && moved !== null)
      throw new RemoteAdminError(explainMoved(url, response.status, moved));
    const isThere = response.status === 404 && json !== undefined && path !== STATUS && (await answers(`${base}${STATUS}`, token, fetch));
    if (isThere && json?.detail !== NO_SUCH_SOURCE)
      throw new RemoteAdminError(
        `${url.origin} does not know ${method} /api${path}: it runs an older version than this command. Update it`,
      );
    throw new RemoteAdminError(explain(url, response.status, json));
  };
}

/** Every receiver with an admin API has it. */
const STATUS = '/status';

async function answers(address: string, token: string, fetch: RemoteAdminOptions['fetch']): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(address, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIME_LIMIT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** The token is for the address that was given, so nothing is sent to another one. */
function explainMoved(url: URL, status: number, location: string): string {
  const to = URL.canParse(location, url.href) ? new URL(location, url.href).origin : location;
  const where = to === url.origin ? 'another path there' : to;
  return `${url.origin} answered ${status}, a redirect to ${where}, which is not followed: --url must be the receiver's own address, with its base path`;
}

function copy([name, value]: readonly [string, string]): [string, string] {
  return [name, value];
}

function explain(url: URL, status: number, problem: JsonObject | undefined): string {
  const detail = typeof problem?.detail === 'string' ? `: ${problem.detail}` : '';
  if (status === 401)
    return `${url.origin} refused the token: set RELAY_ADMIN_TOKEN to the one that the receiver was started with${detail}`;
  if (status === 400 && detail.startsWith(': by: is missing'))
    return `${url.origin}: this token is shared: say who it is, such as --as ada`;
  if (status === 403) return `${url.origin} refused the change${detail}`;
  if (status === 404 && problem !== undefined && problem.detail !== NO_SUCH_SOURCE)
    return `${url} has no admin API: start the receiver with RELAY_ADMIN_TOKEN, and name it with its base path`;
  if (problem === undefined) return `${url} answered ${status}, not as a receiver does: --url must be the address of a receiver`;
  return `${url.origin} answered ${status}${detail}`;
}

function listIn(answer: JsonObject, name: string): JsonValue[] {
  const found = answer[name];
  if (!Array.isArray(found)) throw new RemoteAdminError(`the receiver's answer has no "${name}": it may be of another version`);
  return found;
}
