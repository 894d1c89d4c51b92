import { eventsTold } from '../rules/decisions.ts';
import {
  APPROVAL_COLUMNS,
  type ApprovalRow,
  DELIVERY_COLUMNS,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  FROM_DELIVERIES,
  viewOfApproval,
  viewOfDelivery,
  viewOfEvent,
} from '../rules/views.ts';
import type { Story, StoryEvent } from '../store.ts';
import { mutesOf } from './conversations.ts';
import type { Sql } from './driver.ts';

type StoryRow = DeliveryRow & { conversation: string | null; transient: number };

/** What a conversation tells, seen at one moment (`PostgresDriver.snapshot`). */
export async function storyOfConversation(sql: Sql, key: string, now: number, eventId?: string): Promise<Story | undefined> {
  const [conversation] = await sql.rows<{ channel: string; message_channel: string | null; message_ts: string | null }>(
    'SELECT channel, message_channel, message_ts FROM conversations WHERE key = $1',
    key,
  );
  if (conversation === undefined) return undefined;
  const told = await sql.rows<{ event_id: string }>(
    'SELECT event_id FROM deliveries WHERE conversation = $1 AND transient = 0 GROUP BY event_id ORDER BY MIN(seq)',
    key,
  );
  const events = await storyEvents(
    sql,
    key,
    eventsTold(told, eventId).map(({ event_id }) => event_id),
  );
  const { message_channel: channel, message_ts: ts } = conversation;
  return {
    key,
    channel: conversation.channel,
    message: channel === null || ts === null ? null : { channel, ts },
    events,
    eventCount: told.length,
    mutes: await mutesOf(
      sql,
      events.map(({ event }) => event.subjectKey),
      now,
    ),
  };
}

async function storyEvents(sql: Sql, key: string, ids: readonly string[]): Promise<StoryEvent[]> {
  const events = await sql.rows<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE id = ANY ($1)`, ids);
  const deliveries = await sql.rows<StoryRow>(
    `SELECT ${DELIVERY_COLUMNS}, d.conversation, d.transient ${FROM_DELIVERIES} WHERE d.event_id = ANY ($1) ORDER BY d.seq`,
    ids,
  );
  const approvals = await sql.rows<ApprovalRow>(
    `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = ANY ($1) ORDER BY route COLLATE "C"`,
    ids,
  );
  return ids.flatMap((id) => {
    const event = events.find((row) => row.id === id);
    if (event === undefined) return [];
    const ofEvent = <Row extends { event_id: string }>(rows: readonly Row[]) => rows.filter(({ event_id }) => event_id === id);
    return [storyEvent(key, event, ofEvent(deliveries), ofEvent(approvals))];
  });
}

function storyEvent(key: string, event: EventRow, deliveries: readonly StoryRow[], approvals: readonly ApprovalRow[]): StoryEvent {
  const messages = deliveries.filter((row) => row.conversation === key && row.transient === 0).map(viewOfDelivery);
  const texts = messages.flatMap(({ request }) => (request?.kind === 'slack' && request.text !== null ? [request.text] : []));
  return {
    event: viewOfEvent(event),
    deliveries: deliveries
      .filter((row) => row.conversation === null)
      .map(viewOfDelivery)
      .filter(({ request }) => request === null || request.kind !== 'commit_status'),
    approvals: approvals.map(viewOfApproval),
    text: texts.at(-1) ?? null,
    message: messages.find(({ request, message }) => message !== null && request?.kind === 'slack')?.message ?? null,
  };
}
