import type { AlertPolicy } from '../../../src/route/alert-policy.ts';
import { channelKey } from '../../../src/route/channel.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import { reportNotAsked, reportNotPosted } from './alerts.ts';
import { hasMessage } from './conversations.ts';
import { exec, exists, firstRow, rows, type Work } from './work.ts';

/**
 * Questions that people cannot see: their channel is archived or unknown, the app may not post there, those who may decide are
 * not in it. All of this file runs inside the caller's transaction.
 */

/** A message, or an update of one, that was to show the question. */
export interface QuestionMessage {
  readonly id: string;
  readonly event_id: string;
  readonly route: string;
}

/**
 * The message failed permanently: what it was to ask is not asked, unless another message of the conversation shows it. What asks
 * nothing is reported as a message that could not be posted.
 */
export function* messageFailed(
  message: QuestionMessage,
  conversation: string,
  {
    request,
    reason,
    policy,
  }: { readonly request: TargetRequest | null; readonly reason: string; readonly policy: AlertPolicy | undefined },
  now: number,
): Work<void> {
  const isUpdate = request?.kind === 'slack_update';
  // With a message, its update decides: that has the buttons.
  if (!isUpdate && ((yield* hasMessage(conversation)) || (yield* isComing(message, conversation)))) return;
  const isQuestion = yield* questionNotAsked(message.event_id, conversation, reason, policy, now);
  const channel = isQuestion || isUpdate ? undefined : yield* channelOf(conversation);
  if (channel === undefined) return;
  yield* reportNotPosted(
    message.event_id,
    { problem: 'not_posted', target: `slack:${channel}`, route: message.route, reason },
    channel,
    policy,
    now,
  );
}

/**
 * Writes down why the questions about the event that belong into the conversation's channel are not asked, and tells it
 * elsewhere, once. False when the channel has no open question about the event.
 */
export function* questionNotAsked(
  eventId: string,
  conversation: string,
  reason: string,
  policy: AlertPolicy | undefined,
  now: number,
): Work<boolean> {
  const channel = yield* channelOf(conversation);
  if (channel === undefined) return false;
  const open = yield* exists(
    `SELECT 1 FROM approvals WHERE event_id = $1 AND LTRIM(channel, '#') = $2 AND decision IS NULL LIMIT 1`,
    eventId,
    channelKey(channel),
  );
  const marked = yield* rows<{ route: string; deciders: string | null }>(
    `UPDATE approvals SET not_asked = $1 WHERE event_id = $2 AND LTRIM(channel, '#') = $3 AND decision IS NULL AND not_asked IS NULL
     RETURNING route, deciders`,
    reason,
    eventId,
    channelKey(channel),
  );
  for (const { route, deciders } of marked) {
    const held = yield* rows<{ id: string }>(
      `SELECT id FROM deliveries WHERE event_id = $1 AND route = $2 AND state = 'held' ORDER BY seq`,
      eventId,
      route,
    );
    const mention = deciders === null ? [] : (JSON.parse(deciders) as string[]);
    const deliveries = held.map(({ id }) => id);
    const fact = { problem: 'not_asked', target: `slack:${channel}`, route, reason, deliveries, mention } as const;
    yield* reportNotAsked(eventId, fact, { key: conversation, channel }, policy, now);
  }
  return open;
}

/** The conversation's channel shows what is asked about the event. */
export function* questionAsked(eventId: string, conversation: string): Work<void> {
  yield* exec(
    `UPDATE approvals SET not_asked = NULL WHERE event_id = $1 AND not_asked IS NOT NULL
       AND LTRIM(channel, '#') = (SELECT LTRIM(channel, '#') FROM conversations WHERE key = $2)`,
    eventId,
    conversation,
  );
}

function* channelOf(conversation: string): Work<string | undefined> {
  return (yield* firstRow<{ channel: string }>('SELECT channel FROM conversations WHERE key = $1', conversation))?.channel;
}

/** Whether another message about the event is still to be posted in the conversation. */
function* isComing({ id, event_id }: Pick<QuestionMessage, 'id' | 'event_id'>, conversation: string): Work<boolean> {
  return yield* exists(
    `SELECT 1 FROM deliveries WHERE event_id = $1 AND conversation = $2 AND conversation IS NOT NULL AND id <> $3
       AND state IN ('pending', 'in_flight') AND request LIKE '{"kind":"slack",%' LIMIT 1`,
    event_id,
    conversation,
    id,
  );
}
