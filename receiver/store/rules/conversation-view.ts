import type { ApprovalView, ConversationEvent, ConversationView } from '../store.ts';
import { approvalsOf } from './approvals.ts';
import { shownEvents } from './decisions.ts';
import { mutesOf } from './mutes.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, EVENT_COLUMNS, type EventRow, FROM_DELIVERIES, viewOfDelivery, viewOfEvent } from './views.ts';
import { firstRow, rows, type Work } from './work.ts';

type StoryRow = DeliveryRow & { conversation: string | null; ephemeral: number };

/** What a conversation shows, at one moment. */
export function* viewConversation(key: string, now: number, eventId?: string): Work<ConversationView | undefined> {
  const conversation = yield* firstRow<{ channel: string; message_channel: string | null; message_ts: string | null }>(
    'SELECT channel, message_channel, message_ts FROM conversations WHERE key = $1',
    key,
  );
  if (conversation === undefined) return undefined;
  const all = yield* rows<{ event_id: string }>(
    `SELECT event_id FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL AND ephemeral = 0
     GROUP BY event_id ORDER BY MIN(seq)`,
    key,
  );
  const events = yield* viewEvents(
    key,
    shownEvents(all, eventId).map(({ event_id }) => event_id),
  );
  const subjects = events.map(({ event }) => event.subjectKey);
  const { message_channel: channel, message_ts: ts } = conversation;
  return {
    key,
    channel: conversation.channel,
    message: channel === null || ts === null ? null : { channel, ts },
    events,
    eventCount: all.length,
    mutes: yield* mutesOf(subjects, now),
  };
}

function* viewEvents(key: string, ids: readonly string[]): Work<ConversationEvent[]> {
  const events = yield* rows<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE id = ANY ($1)`, ids);
  const deliveries = yield* rows<StoryRow>(
    `SELECT ${DELIVERY_COLUMNS}, d.conversation, d.ephemeral ${FROM_DELIVERIES} WHERE d.event_id = ANY ($1) ORDER BY d.seq`,
    ids,
  );
  const approvals = yield* approvalsOf(ids);
  return ids.flatMap((id) => {
    const event = events.find((row) => row.id === id);
    if (event === undefined) return [];
    return [
      viewEvent(
        key,
        event,
        deliveries.filter(({ event_id }) => event_id === id),
        approvals.filter(({ eventId }) => eventId === id),
      ),
    ];
  });
}

function viewEvent(key: string, event: EventRow, deliveries: readonly StoryRow[], approvals: readonly ApprovalView[]): ConversationEvent {
  const messages = deliveries.filter((row) => row.conversation === key && row.ephemeral === 0).map(viewOfDelivery);
  const texts = messages.flatMap(({ request }) => (request?.kind === 'slack' && request.text !== null ? [request.text] : []));
  return {
    event: viewOfEvent(event),
    deliveries: deliveries
      .filter((row) => row.conversation === null)
      .map(viewOfDelivery)
      .filter(({ request }) => request === null || request.kind !== 'commit_status'),
    approvals,
    text: texts.at(-1) ?? null,
    message: messages.find(({ request, message }) => message !== null && request?.kind === 'slack')?.message ?? null,
  };
}
