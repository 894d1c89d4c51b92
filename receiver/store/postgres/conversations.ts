import type { NewDelivery, NewEvent, PostedMessage } from '../delivery.ts';
import { type Alert, alertReply, mutedBy, SEEN_KEPT_MS, updateOf } from '../rules/decisions.ts';
import { type MuteRow, viewOfMute } from '../rules/views.ts';
import type { Mute } from '../store.ts';
import type { Sql } from './driver.ts';
import { insertLast, promoteNext } from './line.ts';
import { insertRows } from './rows.ts';

/** All of this file runs inside the caller's transaction. What changes a conversation holds the lock of its line. */

/** Each with its channel and credential. */
export async function openConversations(sql: Sql, conversations: readonly (readonly string[])[]): Promise<void> {
  await insertRows(sql, 'conversations', { key: 'text', channel: 'text', credential: 'text' }, conversations, 'ON CONFLICT DO NOTHING');
}

/** Puts a delivery in its line; a message opens its conversation, and is not sent when its route is muted for the subject. */
export async function insertWithMute(
  sql: Sql,
  event: Pick<NewEvent, 'id' | 'subjectKey'>,
  { conversation, ...delivery }: NewDelivery,
  now: number,
): Promise<void> {
  if (conversation === undefined) return insertLast(sql, event.id, now, delivery);
  const { key, channel, canMute } = conversation;
  await openConversations(sql, [[key, channel, delivery.credential]]);
  const mute =
    canMute && delivery.state === 'pending' ? muteIn(await mutesOf(sql, [event.subjectKey], now), delivery.route, event, now) : undefined;
  await insertLast(sql, event.id, now, { ...delivery, conversation: key, ...mutedBy(mute) });
  // What is not to make a sound still belongs to the story.
  if (mute !== undefined && (await hasMessage(sql, key))) await updateConversation(sql, key, event.id, now);
}

export function muteIn(mutes: readonly Mute[], route: string, event: Pick<NewEvent, 'subjectKey'>, now: number): Mute | undefined {
  return mutes.find((mute) => mute.route === route && mute.subjectKey === event.subjectKey && mute.until > now);
}

/** Makes every conversation that tells of the event say how things stand. */
export async function tellEvent(sql: Sql, eventId: string, now: number): Promise<void> {
  for (const { key } of await conversationsOf(sql, eventId)) await updateConversation(sql, key, eventId, now);
}

/**
 * Says in the thread of every conversation that tells of the event what went wrong with one of its deliveries, where there
 * is a message or one is on its way, and makes all of them say how things stand.
 */
export async function alertEvent(sql: Sql, eventId: string, alert: Alert, now: number): Promise<void> {
  const [subject] = await sql.rows<{ subject_key: string }>('SELECT subject_key FROM events WHERE id = $1', eventId);
  const event = { id: eventId, subjectKey: subject?.subject_key ?? '' };
  for (const { key } of await conversationsOf(sql, eventId)) {
    if (!(await hasMessage(sql, key)) && !(await somethingWaits(sql, key, '')) && !(await somethingIsSent(sql, key))) continue;
    const conversation = await revise(sql, key);
    if (conversation !== undefined) await insertWithMute(sql, event, alertReply({ key, ...conversation }, alert), now);
  }
  await tellEvent(sql, eventId, now);
}

export function conversationsOf(sql: Sql, eventId: string): Promise<{ key: string; channel: string }[]> {
  return sql.rows<{ key: string; channel: string }>(
    `SELECT key, channel FROM conversations WHERE key IN (
       SELECT conversation FROM deliveries WHERE event_id = $1 AND conversation IS NOT NULL) ORDER BY key`,
    eventId,
  );
}

/**
 * Puts an update in the conversation's line, unless there is no message and none is being posted, or something waits
 * there that has not been sent: that will show how things stand by then, or be followed by an update of its own.
 */
export async function updateConversation(sql: Sql, key: string, eventId: string, now: number): Promise<void> {
  if (await somethingWaits(sql, key, '')) return;
  await dropDeadUpdates(sql, key);
  // The first message, when there is to be one, is made from how things stand by then.
  if (!(await hasMessage(sql, key)) && !(await somethingIsSent(sql, key))) return;
  const conversation = await revise(sql, key);
  if (conversation === undefined) return;
  await insertLast(sql, eventId, now, updateOf(key, conversation));
}

interface Revision {
  readonly channel: string;
  readonly credential: string;
  /** Of this revision alone: it makes ids. */
  readonly revision: number;
  /** Of the conversation's latest delivery. */
  readonly route: string;
}

async function revise(sql: Sql, key: string): Promise<Revision | undefined> {
  const [conversation] = await sql.rows<Revision>(
    `UPDATE conversations SET revision = revision + 1 WHERE key = $1
     RETURNING channel, credential, revision,
       COALESCE((SELECT route FROM deliveries WHERE conversation = $1 ORDER BY seq DESC LIMIT 1), '') AS route`,
    key,
  );
  return conversation;
}

async function somethingIsSent(sql: Sql, key: string): Promise<boolean> {
  const [row] = await sql.rows(`SELECT 1 FROM deliveries WHERE order_key = $1 AND state = 'in_flight' LIMIT 1`, key);
  return row !== undefined;
}

/** A newer update says what those that failed would have said. */
async function dropDeadUpdates(sql: Sql, key: string): Promise<void> {
  const dead = await sql.rows<{ id: string }>(
    `SELECT id FROM deliveries WHERE conversation = $1 AND transient = 1 AND state IN ('dead', 'cancelled')`,
    key,
  );
  for (const { id } of dead) await dropUpdate(sql, id);
}

/**
 * An update that did not get through is dropped when something waits behind it: that will show how things stand. Not for a
 * conversation without a message, which the update may be posting, or have posted: what waits may be a reply to it.
 */
export async function dropFollowedUpdate(sql: Sql, update: { id: string; order_key: string }, now: number): Promise<void> {
  if (!(await somethingWaits(sql, update.order_key, update.id))) return;
  await dropUpdate(sql, update.id);
  await promoteNext(sql, update.order_key, now);
}

/**
 * An update that did not get through waits again. Only one update is to wait: the one behind it, when the conversation has a
 * message to change; else the first, which may be posting that message, or have posted it.
 */
export async function keepOneUpdate(sql: Sql, update: { id: string; order_key: string }, now: number): Promise<void> {
  if (await hasMessage(sql, update.order_key)) return dropFollowedUpdate(sql, update, now);
  const behind = await sql.rows<{ id: string }>(
    `SELECT id FROM deliveries WHERE order_key = $1 AND state = 'pending' AND transient = 1 AND id <> $2 FOR UPDATE`,
    update.order_key,
    update.id,
  );
  for (const { id } of behind) await dropUpdate(sql, id);
}

export async function dropUpdate(sql: Sql, id: string): Promise<void> {
  for (const table of ['attempts', 'notes'] as const) await sql.run(`DELETE FROM ${table} WHERE delivery_id = $1`, id);
  await sql.run('DELETE FROM deliveries WHERE id = $1 AND transient = 1', id);
}

/** Whether anything of a conversation waits to be sent, beside one delivery. */
async function somethingWaits(sql: Sql, key: string, beside: string): Promise<boolean> {
  // With its lock: one that is being leased at this moment may show how things stood before.
  const waiting = await sql.rows(
    `SELECT 1 FROM deliveries WHERE order_key = $1 AND state IN ('pending', 'in_flight') AND state = 'pending' AND id <> $2
     LIMIT 1 FOR UPDATE`,
    key,
    beside,
  );
  return waiting.length > 0;
}

/** The first message becomes the conversation's own; returns false when it had one. */
export async function keepMessage(sql: Sql, deliveryId: string, conversation: string, message: PostedMessage): Promise<boolean> {
  await sql.run('UPDATE deliveries SET message_channel = $1, message_ts = $2 WHERE id = $3', message.channel, message.ts, deliveryId);
  const kept = await sql.run(
    'UPDATE conversations SET message_channel = $1, message_ts = $2 WHERE key = $3 AND message_ts IS NULL',
    message.channel,
    message.ts,
    conversation,
  );
  return kept > 0;
}

export async function hasMessage(sql: Sql, conversation: string): Promise<boolean> {
  return (await sql.rows('SELECT 1 FROM conversations WHERE key = $1 AND message_ts IS NOT NULL', conversation)).length > 0;
}

export async function forgetMessage(sql: Sql, conversation: string, ts: string): Promise<void> {
  await sql.run('UPDATE conversations SET message_channel = NULL, message_ts = NULL WHERE key = $1 AND message_ts = $2', conversation, ts);
}

export async function channelIdOf(sql: Sql, channel: string): Promise<string | undefined> {
  const [row] = await sql.rows<{ id: string }>(
    'SELECT message_channel AS id FROM conversations WHERE channel = $1 AND message_channel IS NOT NULL LIMIT 1',
    channel,
  );
  return row?.id;
}

/** Those that have ended go as well. */
export async function setMute(sql: Sql, { route, subjectKey, until, by }: Mute, now: number): Promise<void> {
  await sql.run('DELETE FROM mutes WHERE until <= $1', now);
  if (until <= 0) {
    await sql.run('DELETE FROM mutes WHERE route = $1 AND subject_key = $2', route, subjectKey);
    return;
  }
  await sql.run(
    `INSERT INTO mutes (route, subject_key, until, muted_by, set_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (route, subject_key) DO UPDATE SET until = excluded.until, muted_by = excluded.muted_by, set_at = excluded.set_at`,
    route,
    subjectKey,
    until,
    by,
    now,
  );
}

const MUTES = 'SELECT route, subject_key, until, muted_by FROM mutes';

export async function listMutes(sql: Sql, now: number): Promise<Mute[]> {
  return (await sql.rows<MuteRow>(`${MUTES} WHERE until > $1 ORDER BY until`, now)).map(viewOfMute);
}

export async function mutesOf(sql: Sql, subjectKeys: readonly string[], now: number): Promise<Mute[]> {
  const rows = await sql.rows<MuteRow>(
    `${MUTES} WHERE subject_key = ANY ($1) AND until > $2 ORDER BY route COLLATE "C", subject_key COLLATE "C"`,
    [...new Set(subjectKeys)],
    now,
  );
  return rows.map(viewOfMute);
}

export async function markSeen(sql: Sql, key: string, now: number): Promise<boolean> {
  await sql.run('DELETE FROM seen WHERE at < $1', now - SEEN_KEPT_MS);
  return (await sql.run('INSERT INTO seen (key, at) VALUES ($1, $2) ON CONFLICT DO NOTHING', key, now)) > 0;
}
