import type { Mute } from '../conversations.ts';
import { forgetMessage, refreshConversations } from './conversations.ts';
import { setMute } from './mutes.ts';
import { locksOfEvents, orderKeyLock } from './order-keys.ts';
import { lock, type Work } from './work.ts';

/** Changes of conversations that are transactions of their own, with the locks they need. */

/** See `ConversationStore.forgetMessage`. */
export function* forgetConversationMessage(conversation: string, ts: string): Work<void> {
  yield* lock([orderKeyLock(conversation)]);
  yield* forgetMessage(conversation, ts);
}

/** See `ConversationStore.refreshConversations`. */
export function* refreshEvent(eventId: string, now: number): Work<void> {
  yield* lock(() => locksOfEvents([eventId]));
  yield* refreshConversations(eventId, now);
}

/** See `ConversationStore.mute`. */
export function* muteAndRefresh(mute: Mute, eventId: string, now: number): Work<void> {
  yield* lock(() => locksOfEvents([eventId]));
  yield* setMute(mute, now);
  yield* refreshConversations(eventId, now);
}
