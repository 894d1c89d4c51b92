import { isMessage, isRunReport } from '../../../src/route/conversation-requests.ts';
import type { ApprovalView, ConversationEvent, ConversationView, RollbackTarget } from '../store.ts';
import { approvalsOf } from './approvals.ts';
import { mutesOf } from './mutes.ts';
import { rollbacksOf } from './rollbacks.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, EVENT_COLUMNS, type EventRow, FROM_DELIVERIES, viewOfDelivery, viewOfEvent } from './views.ts';
import { firstRow, rows, type Work } from './work.ts';

/** How many of the latest events a conversation shows, beside the first. */
const LATEST_SHOWN = 10;

type ShownRow = DeliveryRow & { conversation: string | null; ephemeral: number };

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

/** Which of a conversation's events, oldest first, it shows: the first, the latest, and the one that is asked for. */
function shownEvents<T extends { readonly event_id: string }>(all: readonly T[], eventId: string | undefined): readonly T[] {
  return all.filter(({ event_id }, i) => i === 0 || i >= all.length - LATEST_SHOWN || event_id === eventId);
}

function* viewEvents(key: string, ids: readonly string[]): Work<ConversationEvent[]> {
  const events = yield* rows<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE id = ANY ($1)`, ids);
  const deliveries = yield* rows<ShownRow>(
    `SELECT ${DELIVERY_COLUMNS}, d.conversation, d.ephemeral ${FROM_DELIVERIES} WHERE d.event_id = ANY ($1) ORDER BY d.seq`,
    ids,
  );
  const approvals = yield* approvalsOf(ids);
  const rollbacks = yield* rollbacksOf(events);
  return ids.flatMap((id) => {
    const event = events.find((row) => row.id === id);
    if (event === undefined) return [];
    return [
      viewEvent(
        key,
        event,
        deliveries.filter(({ event_id }) => event_id === id),
        approvals.filter(({ eventId }) => eventId === id),
        rollbacks.get(id),
      ),
    ];
  });
}

function viewEvent(
  key: string,
  event: EventRow,
  deliveries: readonly ShownRow[],
  approvals: readonly ApprovalView[],
  rollback: RollbackTarget | undefined,
): ConversationEvent {
  const messages = deliveries.filter((row) => row.conversation === key && row.ephemeral === 0).map(viewOfDelivery);
  const texts = messages.flatMap(({ request }) => (request !== null && isMessage(request) && request.text !== null ? [request.text] : []));
  return {
    event: viewOfEvent(event),
    deliveries: deliveries
      .filter((row) => row.conversation === null)
      .map(viewOfDelivery)
      .filter(({ request }) => request === null || !isRunReport(request)),
    approvals,
    text: texts.at(-1) ?? null,
    message: messages.find(({ request, message }) => message !== null && request !== null && isMessage(request))?.message ?? null,
    ...(rollback === undefined ? {} : { rollback }),
  };
}
