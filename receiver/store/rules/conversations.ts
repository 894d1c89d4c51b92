import { isAlertConversation, messageUpdate } from '../../../src/route/conversation-requests.ts';
import type { NewDelivery, NewEvent, PostedMessage } from '../delivery.ts';
import { muteIn, mutesOf } from './mutes.ts';
import type { InsertedDelivery } from './new-row.ts';
import { insertLast, OPEN_OF_1, promoteNext } from './order.ts';
import { mutedBy } from './reasons.ts';
import { exec, exists, firstRow, type Insert, insertAll, insertOf, rows, type SqlScalar, type Work } from './work.ts';

/** All of this file runs inside the caller's transaction. Whatever changes a conversation holds the lock of its order key. */

const CONVERSATION_COLUMNS = {
  key: 'text',
  channel: 'text',
  credential: 'text',
  subject: 'text',
  kind: 'text',
  began_at: 'bigint',
} as const;

/** Each with its channel, credential, subject, kind and when it began. */
export function conversationInsert(conversations: readonly (readonly SqlScalar[])[]): Insert {
  return insertOf('conversations', CONVERSATION_COLUMNS, conversations, { ignoreExisting: true });
}

/** Inserts a delivery; a message opens its conversation, and is not sent when its route is muted for the subject. */
export function* insertWithMute(
  event: Pick<NewEvent, 'id' | 'subjectKey'>,
  { conversation, ...delivery }: NewDelivery,
  now: number,
): Work<void> {
  if (conversation === undefined) return yield* insertLast(event.id, now, delivery);
  const { key, channel, canMute } = conversation;
  yield* insertAll(conversationInsert([[key, channel, delivery.credential, null, null, now]]));
  const mute =
    canMute && delivery.state === 'pending' ? muteIn(yield* mutesOf([event.subjectKey], now), delivery.route, event, now) : undefined;
  yield* insertLast(event.id, now, { ...delivery, conversation: key, ...mutedBy(mute) });
  // A muted message is not posted, but the conversation's own message shows its event.
  if (mute !== undefined && (yield* hasMessage(key))) yield* requestUpdate(key, event.id, now);
}

/** Makes every conversation that shows the event show its current state. */
export function* refreshConversations(eventId: string, now: number): Work<void> {
  for (const { key } of yield* conversationsOf(eventId)) yield* requestUpdate(key, eventId, now);
}

/** The conversations that show an event. Those of alerts show none. */
export function* conversationsOf(eventId: string): Work<{ key: string; channel: string }[]> {
  const found = yield* rows<{ key: string; channel: string }>(
    `SELECT key, channel FROM conversations WHERE key IN (
       SELECT conversation FROM deliveries WHERE event_id = $1 AND conversation IS NOT NULL) ORDER BY key COLLATE "C"`,
    eventId,
  );
  return found.filter(({ key }) => !isAlertConversation(key));
}

/** Whether a reply in the conversation has, or will have, a message above it. */
export function* hasThread(key: string): Work<boolean> {
  return (yield* hasMessage(key)) || (yield* isWaiting(key)) || (yield* isInFlight(key));
}

/**
 * Inserts an update of the conversation's message. It is left out when there is no message and none is being posted, and
 * when something of the conversation waits that has not been sent: that shows the state at the time it is sent, or gets an
 * update of its own.
 */
export function* requestUpdate(key: string, eventId: string, now: number): Work<void> {
  // The message of an alert says what happened then.
  if (isAlertConversation(key)) return;
  if (yield* isWaiting(key)) return;
  yield* dropFailedUpdates(key);
  // A first message that is still to be posted is drawn from the state at that time.
  if (!((yield* hasMessage(key)) || (yield* isInFlight(key)))) return;
  const conversation = yield* revise(key);
  if (conversation !== undefined) yield* insertLast(eventId, now, updateOf(key, conversation));
}

interface Revision {
  readonly channel: string;
  readonly credential: string;
  /** Has not been used for this conversation before: it makes ids. */
  readonly revision: number;
  /** Of the conversation's latest delivery. */
  readonly route: string;
}

/** Makes a number that has not been used for the conversation before. */
export function* revise(key: string): Work<Revision | undefined> {
  return yield* firstRow<Revision>(
    `UPDATE conversations SET revision = revision + 1 WHERE key = $1
     RETURNING channel, credential, revision,
       COALESCE((SELECT route FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL ORDER BY seq DESC LIMIT 1), '') AS route`,
    key,
  );
}

function updateOf(key: string, { channel, credential, revision, route }: Revision): InsertedDelivery {
  const addressed = messageUpdate({ key, channel });
  return { id: `update-${key}-${revision}`, route, ...addressed, credential, orderKey: key, conversation: key, ephemeral: true };
}

/** A newer update shows what the failed ones would have shown. */
function* dropFailedUpdates(key: string): Work<void> {
  const failed = yield* rows<{ id: string }>(
    `SELECT id FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL AND ephemeral = 1 AND state IN ('dead', 'cancelled')`,
    key,
  );
  for (const { id } of failed) yield* dropUpdate(id);
}

/**
 * Drops an update that failed when something waits behind it, because that will show the current state. A conversation
 * without a message keeps it: the update may be posting the message, or have posted it, and what waits may be a reply to it.
 */
export function* dropFollowedUpdate(update: { id: string; order_key: string }, now: number): Work<void> {
  if (!(yield* isWaiting(update.order_key, update.id))) return;
  yield* dropUpdate(update.id);
  yield* promoteNext(update.order_key, now);
}

/**
 * An update that failed waits again. Only one update is to wait: the one behind it, when the conversation has a message to
 * change; else the first, which may be posting that message, or have posted it.
 */
export function* keepOneUpdate(update: { id: string; order_key: string }, now: number): Work<void> {
  if (yield* hasMessage(update.order_key)) return yield* dropFollowedUpdate(update, now);
  const behind = yield* rows<{ id: string }>(
    `SELECT id FROM deliveries WHERE ${OPEN_OF_1} AND state = 'pending' AND ephemeral = 1 AND id <> $2 FOR UPDATE`,
    update.order_key,
    update.id,
  );
  for (const { id } of behind) yield* dropUpdate(id);
}

export function* dropUpdate(id: string): Work<void> {
  for (const table of ['attempts', 'notes'] as const) yield* exec(`DELETE FROM ${table} WHERE delivery_id = $1`, id);
  yield* exec('DELETE FROM deliveries WHERE id = $1 AND ephemeral = 1', id);
}

/** Whether anything of a conversation waits to be sent, apart from one delivery. */
function* isWaiting(key: string, apartFrom = ''): Work<boolean> {
  // With the row's lock: one that is being leased at this moment may show an older state.
  return yield* exists(`SELECT 1 FROM deliveries WHERE ${OPEN_OF_1} AND state = 'pending' AND id <> $2 LIMIT 1 FOR UPDATE`, key, apartFrom);
}

function* isInFlight(key: string): Work<boolean> {
  return yield* exists(`SELECT 1 FROM deliveries WHERE order_key = $1 AND is_head = 1 AND state = 'in_flight'`, key);
}

/** The first message becomes the conversation's own; returns false when it had one. */
export function* keepMessage(deliveryId: string, conversation: string, message: PostedMessage): Work<boolean> {
  yield* exec('UPDATE deliveries SET message_channel = $1, message_ts = $2 WHERE id = $3', message.channel, message.ts, deliveryId);
  const kept = yield* exec(
    'UPDATE conversations SET message_channel = $1, message_ts = $2 WHERE key = $3 AND message_ts IS NULL',
    message.channel,
    message.ts,
    conversation,
  );
  return kept > 0;
}

export function* hasMessage(conversation: string): Work<boolean> {
  return yield* exists('SELECT 1 FROM conversations WHERE key = $1 AND message_ts IS NOT NULL', conversation);
}

export function* forgetMessage(conversation: string, ts: string): Work<void> {
  yield* exec('UPDATE conversations SET message_channel = NULL, message_ts = NULL WHERE key = $1 AND message_ts = $2', conversation, ts);
}

export function* channelIdOf(channel: string): Work<string | undefined> {
  const row = yield* firstRow<{ id: string }>(
    'SELECT message_channel AS id FROM conversations WHERE channel = $1 AND message_channel IS NOT NULL LIMIT 1',
    channel,
  );
  return row?.id;
}

/** See `ConversationStore.keepLastReply`. */
export function* keepLastReply(conversation: string, text: string): Work<void> {
  yield* exec('UPDATE conversations SET last_reply = $1 WHERE key = $2', text, conversation);
}
