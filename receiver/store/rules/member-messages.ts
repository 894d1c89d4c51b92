import { channelCredential } from '../../../src/route/conversation-requests.ts';
import { insertWithMute } from './conversations.ts';
import { orderKeyLock } from './order-keys.ts';
import { exists, firstRow, lock, type Work } from './work.ts';

/** A message to a group, as it was settled. */
export interface GroupMessage {
  readonly id: string;
  readonly event_id: string;
  readonly route: string;
}

/**
 * Inserts a message for each channel that a message to a group stands for, inside the caller's transaction. Whoever gets one
 * about the event anyway gets no second one. Later messages of the group's conversation join those of its members.
 */
export function* insertForMembers(message: GroupMessage, conversation: string, channels: readonly string[], now: number): Work<void> {
  const event = yield* firstRow<{ subject_key: string }>('SELECT subject_key FROM events WHERE id = $1', message.event_id);
  if (event === undefined) return;
  for (const channel of new Set(channels)) {
    const target = `slack:${channel}`;
    if (yield* exists('SELECT 1 FROM deliveries WHERE event_id = $1 AND target = $2 LIMIT 1', message.event_id, target)) continue;
    const key = `${conversation}/${channel}`;
    yield* lock([orderKeyLock(key)]);
    yield* insertWithMute(
      { id: message.event_id, subjectKey: event.subject_key },
      {
        id: `${message.id}-${channel}`,
        route: message.route,
        target,
        credential: channelCredential(channel),
        orderKey: key,
        replacesOlder: false,
        state: 'pending',
        request: { kind: 'slack', channel, text: null, thread: true },
        conversation: { key, channel, canMute: true },
      },
      now,
    );
  }
}
