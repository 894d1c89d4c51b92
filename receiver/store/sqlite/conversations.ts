import type { NewDelivery, NewEvent, PostedMessage } from '../delivery.ts';
import { type Alert, alertReply, eventsTold, mutedBy, SEEN_KEPT_MS, updateOf } from '../rules/decisions.ts';
import {
  DELIVERY_COLUMNS,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  FROM_DELIVERIES,
  type MuteRow,
  viewOfDelivery,
  viewOfEvent,
  viewOfMute,
} from '../rules/views.ts';
import type { Mute, Story, StoryEvent } from '../store.ts';
import { approvalsOf } from './approval-rows.ts';
import { firstRow, placeholders, type SqlDriver } from './driver.ts';
import { insertLast, promoteNext } from './line.ts';

/** All of this file runs inside the caller's transaction. */

/** Puts a delivery in its line; a message opens its conversation, and is not sent when its route is muted for the subject. */
export function insertWithMute(
  driver: SqlDriver,
  event: Pick<NewEvent, 'id' | 'subjectKey'>,
  { conversation, ...delivery }: NewDelivery,
  now: number,
  cooldownKey: string | null = null,
): void {
  if (conversation === undefined) {
    insertLast(driver, event.id, now, { ...delivery, cooldownKey });
    return;
  }
  const { key, channel, canMute } = conversation;
  driver.run(
    'INSERT INTO conversations (key, channel, credential) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    key,
    channel,
    delivery.credential,
  );
  const mute = canMute && delivery.state === 'pending' ? findMute(driver, delivery.route, event.subjectKey, now) : undefined;
  insertLast(driver, event.id, now, { ...delivery, cooldownKey, conversation: key, ...mutedBy(mute) });
  // What is not to make a sound still belongs to the story.
  if (mute !== undefined && hasMessage(driver, key)) updateConversation(driver, key, event.id, now);
}

/** Makes every conversation that tells of the event say how things stand. */
export function tellEvent(driver: SqlDriver, eventId: string, now: number): void {
  for (const { key } of conversationsOf(driver, eventId)) updateConversation(driver, key, eventId, now);
}

/**
 * Says in the thread of every conversation that tells of the event what went wrong with one of its deliveries, where there
 * is a message or one is on its way, and makes all of them say how things stand.
 */
export function alertEvent(driver: SqlDriver, eventId: string, alert: Alert, now: number): void {
  const subject = firstRow<{ subject_key: string }>(driver, 'SELECT subject_key FROM events WHERE id = ?', eventId);
  const event = { id: eventId, subjectKey: subject?.subject_key ?? '' };
  for (const { key } of conversationsOf(driver, eventId)) {
    if (!hasMessage(driver, key) && !somethingWaits(driver, key, '') && !somethingIsSent(driver, key)) continue;
    const conversation = revise(driver, key);
    if (conversation !== undefined) insertWithMute(driver, event, alertReply({ key, ...conversation }, alert), now);
  }
  tellEvent(driver, eventId, now);
}

export function conversationsOf(driver: SqlDriver, eventId: string): { key: string; channel: string }[] {
  return driver.rows<{ key: string; channel: string }>(
    `SELECT key, channel FROM conversations WHERE key IN (
       SELECT conversation FROM deliveries WHERE event_id = ? AND conversation IS NOT NULL) ORDER BY key`,
    eventId,
  );
}

/**
 * Puts an update in the conversation's line, unless there is no message and none is being posted, or something waits
 * there that has not been sent: that will show how things stand by then, or be followed by an update of its own.
 */
export function updateConversation(driver: SqlDriver, key: string, eventId: string, now: number): void {
  if (somethingWaits(driver, key, '')) return;
  dropDeadUpdates(driver, key);
  // The first message, when there is to be one, is made from how things stand by then.
  if (!hasMessage(driver, key) && !somethingIsSent(driver, key)) return;
  const conversation = revise(driver, key);
  if (conversation === undefined) return;
  insertLast(driver, eventId, now, updateOf(key, conversation));
}

interface Revision {
  readonly channel: string;
  readonly credential: string;
  /** Of this revision alone: it makes ids. */
  readonly revision: number;
  /** Of the conversation's latest delivery. */
  readonly route: string;
}

function revise(driver: SqlDriver, key: string): Revision | undefined {
  driver.run('UPDATE conversations SET revision = revision + 1 WHERE key = ?', key);
  return firstRow<Revision>(
    driver,
    `SELECT channel, credential, revision,
       COALESCE((SELECT route FROM deliveries WHERE conversation = key ORDER BY seq DESC LIMIT 1), '') AS route
     FROM conversations WHERE key = ?`,
    key,
  );
}

/** A newer update says what those that failed would have said. */
function dropDeadUpdates(driver: SqlDriver, key: string): void {
  const dead = driver.rows<{ id: string }>(
    `SELECT id FROM deliveries WHERE conversation = ? AND conversation IS NOT NULL AND transient = 1 AND state IN ('dead', 'cancelled')`,
    key,
  );
  for (const { id } of dead) dropUpdate(driver, id);
}

/**
 * An update that did not get through is dropped when something waits behind it: that will show how things stand. Not for a
 * conversation without a message, which the update may be posting, or have posted: what waits may be a reply to it.
 */
export function dropFollowedUpdate(driver: SqlDriver, update: { id: string; order_key: string }, now: number): void {
  if (!somethingWaits(driver, update.order_key, update.id)) return;
  dropUpdate(driver, update.id);
  promoteNext(driver, update.order_key, now);
}

/**
 * An update that did not get through waits again. Only one update is to wait: the one behind it, when the conversation has a
 * message to change; else the first, which may be posting that message, or have posted it.
 */
export function keepOneUpdate(driver: SqlDriver, update: { id: string; order_key: string }, now: number): void {
  if (hasMessage(driver, update.order_key)) {
    dropFollowedUpdate(driver, update, now);
    return;
  }
  const behind = driver.rows<{ id: string }>(
    `SELECT id FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight') AND state = 'pending' AND transient = 1 AND id <> ?`,
    update.order_key,
    update.id,
  );
  for (const { id } of behind) dropUpdate(driver, id);
}

export function dropUpdate(driver: SqlDriver, id: string): void {
  driver.run('DELETE FROM attempts WHERE delivery_id = ?', id);
  driver.run('DELETE FROM notes WHERE delivery_id = ?', id);
  driver.run('DELETE FROM deliveries WHERE id = ? AND transient = 1', id);
}

/** Whether anything of a conversation waits to be sent, beside one delivery. */
function somethingWaits(driver: SqlDriver, key: string, beside: string): boolean {
  const sql = `SELECT 1 FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight') AND state = 'pending' AND id <> ? LIMIT 1`;
  return firstRow(driver, sql, key, beside) !== undefined;
}

function somethingIsSent(driver: SqlDriver, key: string): boolean {
  const sql = `SELECT 1 FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight') AND state = 'in_flight' LIMIT 1`;
  return firstRow(driver, sql, key) !== undefined;
}

/** The first message becomes the conversation's own; returns false when it had one. */
export function keepMessage(driver: SqlDriver, deliveryId: string, conversation: string, message: PostedMessage): boolean {
  driver.run('UPDATE deliveries SET message_channel = ?, message_ts = ? WHERE id = ?', message.channel, message.ts, deliveryId);
  return (
    driver.run(
      'UPDATE conversations SET message_channel = ?, message_ts = ? WHERE key = ? AND message_ts IS NULL',
      message.channel,
      message.ts,
      conversation,
    ) > 0
  );
}

export function hasMessage(driver: SqlDriver, conversation: string): boolean {
  return firstRow(driver, 'SELECT 1 FROM conversations WHERE key = ? AND message_ts IS NOT NULL', conversation) !== undefined;
}

export function forgetMessage(driver: SqlDriver, conversation: string, ts: string): void {
  driver.run('UPDATE conversations SET message_channel = NULL, message_ts = NULL WHERE key = ? AND message_ts = ?', conversation, ts);
}

export function channelIdOf(driver: SqlDriver, channel: string): string | undefined {
  return firstRow<{ id: string }>(
    driver,
    'SELECT message_channel AS id FROM conversations WHERE channel = ? AND message_channel IS NOT NULL LIMIT 1',
    channel,
  )?.id;
}

export function storyOfConversation(driver: SqlDriver, key: string, now: number, eventId?: string): Story | undefined {
  const conversation = firstRow<{ channel: string; message_channel: string | null; message_ts: string | null }>(
    driver,
    'SELECT channel, message_channel, message_ts FROM conversations WHERE key = ?',
    key,
  );
  if (conversation === undefined) return undefined;
  const told = driver.rows<{ event_id: string }>(
    `SELECT event_id FROM deliveries WHERE conversation = ? AND conversation IS NOT NULL AND transient = 0
     GROUP BY event_id ORDER BY MIN(seq)`,
    key,
  );
  const events = eventsTold(told, eventId).flatMap(({ event_id }) => storyEvent(driver, key, event_id) ?? []);
  const { message_channel: channel, message_ts: ts } = conversation;
  return {
    key,
    channel: conversation.channel,
    message: channel === null || ts === null ? null : { channel, ts },
    events,
    eventCount: told.length,
    mutes: mutesOf(
      driver,
      events.map(({ event }) => event.subjectKey),
      now,
    ),
  };
}

function storyEvent(driver: SqlDriver, key: string, eventId: string): StoryEvent | undefined {
  const event = firstRow<EventRow>(driver, `SELECT ${EVENT_COLUMNS} FROM events WHERE id = ?`, eventId);
  if (event === undefined) return undefined;
  const all = driver.rows<DeliveryRow & { conversation: string | null; transient: number }>(
    `SELECT ${DELIVERY_COLUMNS}, d.conversation, d.transient ${FROM_DELIVERIES} WHERE d.event_id = ? ORDER BY d.seq`,
    eventId,
  );
  const messages = all.filter((row) => row.conversation === key && row.transient === 0).map(viewOfDelivery);
  const texts = messages.flatMap(({ request }) => (request?.kind === 'slack' && request.text !== null ? [request.text] : []));
  return {
    event: viewOfEvent(event),
    deliveries: all
      .filter((row) => row.conversation === null)
      .map(viewOfDelivery)
      .filter(({ request }) => request === null || request.kind !== 'commit_status'),
    approvals: approvalsOf(driver, eventId),
    text: texts.at(-1) ?? null,
    message: messages.find(({ request, message }) => message !== null && request?.kind === 'slack')?.message ?? null,
  };
}

/** Those that have ended go as well. */
export function setMute(driver: SqlDriver, { route, subjectKey, until, by }: Mute, now: number): void {
  driver.run('DELETE FROM mutes WHERE until <= ?', now);
  driver.run('DELETE FROM mutes WHERE route = ? AND subject_key = ?', route, subjectKey);
  if (until > 0)
    driver.run('INSERT INTO mutes (route, subject_key, until, muted_by, set_at) VALUES (?, ?, ?, ?, ?)', route, subjectKey, until, by, now);
}

export function listMutes(driver: SqlDriver, now: number): Mute[] {
  return driver.rows<MuteRow>('SELECT route, subject_key, until, muted_by FROM mutes WHERE until > ? ORDER BY until', now).map(viewOfMute);
}

function findMute(driver: SqlDriver, route: string, subjectKey: string, now: number): Mute | undefined {
  const row = firstRow<MuteRow>(
    driver,
    'SELECT route, subject_key, until, muted_by FROM mutes WHERE route = ? AND subject_key = ? AND until > ?',
    route,
    subjectKey,
    now,
  );
  return row && viewOfMute(row);
}

function mutesOf(driver: SqlDriver, subjectKeys: readonly string[], now: number): Mute[] {
  const keys = [...new Set(subjectKeys)];
  return driver
    .rows<MuteRow>(
      `SELECT route, subject_key, until, muted_by FROM mutes WHERE subject_key IN (${placeholders(keys)}) AND until > ? ORDER BY route`,
      ...keys,
      now,
    )
    .map(viewOfMute);
}

export function markSeen(driver: SqlDriver, key: string, now: number): boolean {
  driver.run('DELETE FROM seen WHERE at < ?', now - SEEN_KEPT_MS);
  return driver.run('INSERT INTO seen (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING', key, now) > 0;
}
