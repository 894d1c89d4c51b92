import type { RelayEvent } from '../../../src/event/event.ts';
import { type Alert, alertSubjectOf, isFailure } from '../../../src/route/alert.ts';
import { type AlertPolicy, DEFAULT_ALERT_POLICY } from '../../../src/route/alert-policy.ts';
import { channelKey, isSameChannel } from '../../../src/route/channel.ts';
import {
  ALERT_PREFIX,
  alertConversation,
  alertReply,
  channelCredential,
  isAlertConversation,
} from '../../../src/route/conversation-requests.ts';
import { isGroup, isPerson } from '../../../src/route/notified.ts';
import type { NewEvent } from '../delivery.ts';
import { conversationsOf, hasThread, insertWithMute, refreshConversations, revise } from './conversations.ts';
import { orderKeyLock } from './order-keys.ts';
import { exec, exists, firstRow, lock, rows, type Work } from './work.ts';

/**
 * What people must hear of. Each reply is a delivery of its own, inserted in the transaction of what it is about: once,
 * whatever crashes, and however often that is reported. All of this file runs inside the caller's transaction, which holds the
 * locks of the event's conversations.
 */

/** What is known where a problem turns up. */
export type AlertFact = Pick<Alert, 'problem' | 'target' | 'route' | 'reason' | 'run' | 'deliveries'>;

/** So many failures in so many milliseconds are told one by one in the channel of alerts. */
export const MOST_TOLD_ALONE = 10;
const FLOOD_MS = 10 * 60_000;
/** Looked for among so many of the latest deliveries, which is cheap. */
const LATEST = 200;

/** Where an alert goes. */
interface AlertPlace {
  readonly key: string;
  readonly channel: string;
  readonly credential: string;
}

interface AlertedEvent extends Pick<NewEvent, 'id' | 'subjectKey' | 'event'> {
  readonly seq: number;
}

/**
 * Reports that a dispatch, or its run, failed: in the threads of the conversations that show the event; in a channel whose
 * message about it was muted, by itself; and where none of this is a channel of the route, in the channel of alerts. A later
 * success ends what this begins.
 */
export function* reportFailure(eventId: string, fact: AlertFact, policy: AlertPolicy | undefined, now: number): Work<void> {
  const event = yield* alertedEvent(eventId);
  if (event === undefined) return;
  const { mention, broadcast, channel } = policy ?? DEFAULT_ALERT_POLICY;
  const alert: Alert = { ...fact, subject: alertSubjectOf(event.event), mention, broadcast };
  for (const place of yield* placesOfFailure(event, alert, channel)) {
    if (isAlertConversation(place.key) && (yield* isFlood(now))) continue;
    yield* insertAlert(event, alert, place, now);
    yield* keepOpen(event, alert, place.key);
  }
  yield* refreshConversations(eventId, now);
}

/**
 * Whether so many failures were told by themselves in the channel of alerts that the next ones are only counted there: `many_failed`
 * of `receiver/alerts/` says how many there are.
 */
function* isFlood(now: number): Work<boolean> {
  const row = yield* firstRow<{ n: number }>(
    `SELECT COUNT(*) AS n FROM (SELECT conversation, created_at FROM deliveries ORDER BY seq DESC LIMIT ${LATEST}) AS latest
     WHERE conversation LIKE '${ALERT_PREFIX}%' AND created_at > $1`,
    now - FLOOD_MS,
  );
  return (row?.n ?? 0) >= MOST_TOLD_ALONE;
}

/**
 * A run succeeded: what its route reported of this subject and target before, about this event or an older one, is resolved.
 *
 * @param fact without a run: it cannot be followed, and only what was not dispatched is resolved
 */
export function* reportResolved(eventId: string, fact: Omit<AlertFact, 'problem'>, now: number): Work<void> {
  const event = yield* alertedEvent(eventId);
  if (event === undefined) return;
  const resolved = yield* rows<{ conversation: string; broadcast: number }>(
    `DELETE FROM failures WHERE subject_key = $1 AND route = $2 AND target = $3 AND event_seq <= $4
       AND ($5 = 1 OR problem = 'not_dispatched') RETURNING conversation, broadcast`,
    event.subjectKey,
    fact.route,
    fact.target,
    event.seq,
    fact.run === undefined ? 0 : 1,
  );
  for (const place of yield* conversationsWith(resolved.map(({ conversation }) => conversation))) {
    const broadcast = resolved.some(({ conversation, broadcast: was }) => conversation === place.key && was === 1);
    const alert = { ...fact, problem: 'resolved', subject: alertSubjectOf(event.event), broadcast } as const;
    yield* insertAlert(event, alert, place, now);
  }
}

/** An alert could not be posted where it was to be: it goes to the channel of alerts, if that is another one. */
export function* passOn(
  eventId: string,
  alert: Alert,
  failed: { key: string; channel: string },
  policy: AlertPolicy | undefined,
  now: number,
): Work<void> {
  const event = yield* alertedEvent(eventId);
  const place = alertsPlace(eventId, alert, policy?.channel ?? null);
  if (event === undefined || place === undefined || isSameChannel(place.channel, failed.channel)) return;
  // Another channel may have passed the same on already.
  const request = JSON.stringify(alertReply(place, alert).request);
  const isKnown = yield* exists(
    'SELECT 1 FROM deliveries WHERE event_id = $1 AND conversation = $2 AND conversation IS NOT NULL AND request = $3 LIMIT 1',
    eventId,
    place.key,
    request,
  );
  if (isKnown) return;
  yield* insertAlert(event, alert, place, now);
  yield* keepOpen(event, alert, place.key);
}

/** Reports elsewhere that a question could not be asked in `asked`: where else the event is shown, and in the channel of alerts. */
export function* reportNotAsked(
  eventId: string,
  fact: AlertFact & Pick<Alert, 'mention'>,
  asked: { key: string; channel: string },
  policy: AlertPolicy | undefined,
  now: number,
): Work<void> {
  const event = yield* alertedEvent(eventId);
  if (event === undefined) return;
  const alert: Alert = { ...fact, subject: alertSubjectOf(event.event), broadcast: true };
  const shown = (yield* threadsOf(eventId)).filter(({ channel }) => !isSameChannel(channel, asked.channel));
  const alerts = alertsPlace(eventId, alert, policy?.channel ?? null);
  const isNew = alerts !== undefined && ![asked, ...shown].some(({ channel }) => isSameChannel(channel, alerts.channel));
  for (const place of isNew ? [...shown, alerts] : shown) yield* insertAlert(event, alert, place, now);
}

/** Reports in the channel of alerts that a message could not be posted; what follows about the same channel goes into that thread. */
export function* reportNotPosted(
  eventId: string,
  fact: AlertFact,
  channel: string,
  policy: AlertPolicy | undefined,
  now: number,
): Work<void> {
  const event = yield* alertedEvent(eventId);
  const alerts = policy?.channel ?? null;
  if (event === undefined || alerts === null || isSameChannel(channel, alerts)) return;
  const place = { key: alertConversation(alerts, channelKey(channel)), channel: alerts, credential: channelCredential(alerts) };
  yield* insertAlert(event, { ...fact, subject: alertSubjectOf(event.event), broadcast: false }, place, now);
}

/** Forgets what was reported about events that are removed. */
export function* forgetFailures(eventIds: readonly string[]): Work<void> {
  yield* exec('DELETE FROM failures WHERE event_id = ANY ($1)', eventIds);
}

function* alertedEvent(id: string): Work<AlertedEvent | undefined> {
  const row = yield* firstRow<{ seq: number; subject_key: string; event: string }>(
    'SELECT seq, subject_key, event FROM events WHERE id = $1',
    id,
  );
  return row && { id, seq: row.seq, subjectKey: row.subject_key, event: JSON.parse(row.event) as RelayEvent };
}

function* placesOfFailure(event: AlertedEvent, alert: Alert, channel: string | null): Work<AlertPlace[]> {
  const places: AlertPlace[] = [];
  let showsRoute = false;
  for (const { ofRoute, ...place } of yield* placesOf(event.id, alert)) {
    places.push(place);
    showsRoute ||= ofRoute;
  }
  const alerts = showsRoute ? undefined : alertsPlace(event.id, alert, channel);
  return alerts === undefined || places.some((place) => isSameChannel(place.channel, alerts.channel)) ? places : [...places, alerts];
}

/** Threads about the event, and channels whose message about it was stopped: a mute hides no failure. */
function* placesOf(eventId: string, alert: Alert): Work<(AlertPlace & { ofRoute: boolean })[]> {
  const places: (AlertPlace & { ofRoute: boolean })[] = [];
  for (const conversation of yield* withCredentials(eventId)) {
    const { key, channel, credential } = conversation;
    // Its members have conversations of their own.
    if (isGroup(channel)) continue;
    const ofRoute = yield* exists(
      'SELECT 1 FROM deliveries WHERE event_id = $1 AND conversation = $2 AND conversation IS NOT NULL AND route = $3 LIMIT 1',
      eventId,
      key,
      alert.route,
    );
    // A direct message is no channel of the route: others have to hear of it as well.
    const isChannel = ofRoute && !isPerson(channel);
    if (yield* hasThread(key)) places.push({ key, channel, credential, ofRoute: isChannel });
    else if (yield* wasStopped(eventId, key)) places.push({ ...ownPlace(eventId, alert, channel), credential, ofRoute: isChannel });
  }
  return places;
}

function* threadsOf(eventId: string): Work<AlertPlace[]> {
  const threads: AlertPlace[] = [];
  for (const place of yield* withCredentials(eventId)) if (yield* hasThread(place.key)) threads.push(place);
  return threads;
}

function* withCredentials(eventId: string): Work<AlertPlace[]> {
  return yield* conversationsWith((yield* conversationsOf(eventId)).map(({ key }) => key));
}

function* conversationsWith(keys: readonly string[]): Work<AlertPlace[]> {
  if (keys.length === 0) return [];
  return yield* rows<AlertPlace>('SELECT key, channel, credential FROM conversations WHERE key = ANY ($1) ORDER BY key COLLATE "C"', keys);
}

/** Whether a mute, or a person, stopped a message about the event. */
function* wasStopped(eventId: string, conversation: string): Work<boolean> {
  return yield* exists(
    `SELECT 1 FROM deliveries WHERE event_id = $1 AND conversation = $2 AND conversation IS NOT NULL AND state = 'cancelled' LIMIT 1`,
    eventId,
    conversation,
  );
}

function alertsPlace(eventId: string, alert: Alert, channel: string | null): AlertPlace | undefined {
  return channel === null ? undefined : ownPlace(eventId, alert, channel);
}

/** A message of its own in a channel, with a thread for later replies. */
function ownPlace(eventId: string, { route, target }: Alert, channel: string): AlertPlace {
  const key = alertConversation(channel, JSON.stringify([eventId, route, target]));
  return { key, channel, credential: channelCredential(channel) };
}

function* insertAlert(event: AlertedEvent, alert: Alert, { key, channel, credential }: AlertPlace, now: number): Work<void> {
  yield* lock([orderKeyLock(key)]);
  yield* exec('INSERT INTO conversations (key, channel, credential) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', key, channel, credential);
  const { revision } = (yield* revise(key)) ?? { revision: 0 };
  const delivery = {
    id: `alert-${key.slice(key.indexOf(':') + 1)}-${revision}`,
    route: alert.route,
    ...alertReply({ key, channel }, alert),
    credential,
    orderKey: key,
    replacesOlder: false,
    state: 'pending',
    conversation: { key, channel, canMute: false },
  } as const;
  yield* insertWithMute(event, delivery, now);
}

/** The latest event counts: an older one's success does not end it. */
function* keepOpen(event: AlertedEvent, alert: Alert, conversation: string): Work<void> {
  if (!isFailure(alert)) return;
  yield* exec(
    `INSERT INTO failures (subject_key, route, target, conversation, event_id, event_seq, broadcast, problem)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (subject_key, route, target, conversation) DO UPDATE
       SET event_id = excluded.event_id, event_seq = excluded.event_seq, broadcast = excluded.broadcast, problem = excluded.problem`,
    event.subjectKey,
    alert.route,
    alert.target,
    conversation,
    event.id,
    event.seq,
    alert.broadcast === true ? 1 : 0,
    alert.problem,
  );
}
