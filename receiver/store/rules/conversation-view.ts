import { isMessage, isRunReport } from '../../../src/route/conversation-requests.ts';
import type { StateCount } from '../conversation-facts.ts';
import type { ConversationEvent, ConversationView, RollbackTarget } from '../conversations.ts';
import type { DeliveryState } from '../delivery.ts';
import type { RunStatus } from '../run.ts';
import { approvalsOf } from './approvals.ts';
import { BURST_MS, isBurst, kindOfBurst } from './conversation-places.ts';
import { PAST } from './may-change.ts';
import { mutesOf } from './mutes.ts';
import { promotionFacts } from './replaced.ts';
import { rollbacksOf } from './rollbacks.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, EVENT_COLUMNS, type EventRow, FROM_DELIVERIES, viewOfDelivery, viewOfEvent } from './views.ts';
import { firstRow, rows, type Work } from './work.ts';

/** A message that stands for many names so many of them. */
const FIRST_OF_BURST = 20;
/** How many of the latest events a conversation shows, beside the first. */
const LATEST_SHOWN = 10;
/** And how many of those in between of which something failed or waits for people, the latest first. */
const OPEN_SHOWN = 5;

type ShownRow = DeliveryRow & { conversation: string | null; ephemeral: number };

interface ConversationRow {
  channel: string;
  message_channel: string | null;
  message_ts: string | null;
  kind: string | null;
  last_reply: string | null;
  began_at: number;
}

/** What a conversation shows, at one moment. */
export function* viewConversation(key: string, now: number, eventId?: string): Work<ConversationView | undefined> {
  const conversation = yield* firstRow<ConversationRow>(
    'SELECT channel, message_channel, message_ts, kind, last_reply, began_at FROM conversations WHERE key = $1',
    key,
  );
  if (conversation === undefined) return undefined;
  const all = yield* rows<{ event_id: string }>(
    `SELECT event_id FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL AND ephemeral = 0
     GROUP BY event_id ORDER BY MIN(seq)`,
    key,
  );
  const ids = all.map(({ event_id }) => event_id);
  const asked = new Set([...(eventId === undefined ? [] : [eventId]), ...(yield* openEvents(ids))]);
  const events = yield* viewEvents(key, shownEvents(ids, asked, isBurst(conversation.kind) ? FIRST_OF_BURST : 1));
  const subjects = events.map(({ event }) => event.subjectKey);
  const { message_channel: channel, message_ts: ts, kind, last_reply: lastReply } = conversation;
  return {
    key,
    channel: conversation.channel,
    message: channel === null || ts === null ? null : { channel, ts },
    events,
    eventCount: ids.length,
    mutes: yield* mutesOf(subjects, now),
    ...(isBurst(kind) ? yield* countBurst(key, conversation) : { burst: null }),
    lastReply,
  };
}

/** Which of a conversation's events, oldest first, it shows: the first ones, the latest, and those that are asked for. */
function shownEvents(ids: readonly string[], asked: ReadonlySet<string>, first: number): readonly string[] {
  return ids.filter((id, i) => i < first || i >= ids.length - LATEST_SHOWN || asked.has(id));
}

/** Events that would not be shown for their place, but of which something failed or waits for an approval. */
function* openEvents(ids: readonly string[]): Work<string[]> {
  const between = ids.slice(1, -LATEST_SHOWN);
  if (between.length === 0) return [];
  const open = yield* rows<{ event_id: string }>(
    `SELECT event_id FROM deliveries WHERE event_id = ANY ($1) AND conversation IS NULL AND state IN ('held', 'dead')
     GROUP BY event_id ORDER BY MAX(seq) DESC LIMIT $2`,
    between,
    OPEN_SHOWN,
  );
  return open.map(({ event_id }) => event_id);
}

/** How a message that stands for many counts them. */
function* countBurst(
  key: string,
  { kind, began_at: beganAt }: ConversationRow,
): Work<Pick<ConversationView, 'burst' | 'resolvedCount' | 'begunBefore'>> {
  const resolved = yield* firstRow<{ n: number }>(
    `SELECT COUNT(*) AS n FROM events WHERE id IN (SELECT event_id FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL)
       AND event LIKE '%"resolved":true%'`,
    key,
  );
  const before = yield* firstRow<{ n: number }>(
    'SELECT COUNT(*) AS n FROM conversations WHERE kind = $1 AND kind IS NOT NULL AND began_at > $2 AND began_at <= $3',
    kindOfBurst(kind ?? ''),
    beganAt - BURST_MS,
    beganAt,
  );
  return { burst: yield* countStates(key), resolvedCount: resolved?.n ?? 0, begunBefore: before?.n ?? 0 };
}

interface CountRow {
  state: DeliveryState;
  status: RunStatus | null;
  conclusion: string | null;
  n: number;
}

/** The states of all that a conversation's events dispatched. */
function* countStates(key: string): Work<StateCount[]> {
  const counts = yield* rows<CountRow>(
    `SELECT d.state, r.status, r.conclusion, COUNT(*) AS n FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id
     WHERE d.event_id IN (SELECT event_id FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL)
       AND d.conversation IS NULL AND d.target NOT LIKE 'commit_status:%'
     GROUP BY d.state, r.status, r.conclusion ORDER BY n DESC, d.state, r.status, r.conclusion`,
    key,
  );
  return counts.map(({ state, status, conclusion, n }) => ({ state, run: status === null ? null : { status, conclusion }, count: n }));
}

function* viewEvents(key: string, ids: readonly string[]): Work<ConversationEvent[]> {
  const found = yield* rows<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE id = ANY ($1)`, ids);
  const deliveries = yield* rows<ShownRow>(
    `SELECT ${DELIVERY_COLUMNS}, d.conversation, d.ephemeral ${FROM_DELIVERIES} WHERE d.event_id = ANY ($1) ORDER BY d.seq`,
    ids,
  );
  const approvals = yield* approvalsOf(ids);
  const events = found.map(viewOfEvent);
  const promotions = yield* promotionFacts(events);
  const rollbacks = yield* rollbacksOf(found);
  const replays = yield* rows<ReplayRow>(
    `SELECT d.event_id, n.at, n.text FROM deliveries d JOIN notes n ON n.delivery_id = d.id
     WHERE d.event_id = ANY ($1) AND d.conversation IS NULL AND n.text LIKE '${PAST.replay} by %' ORDER BY n.seq`,
    ids,
  );
  return ids.flatMap((id) => {
    const event = events.find((one) => one.id === id);
    if (event === undefined) return [];
    return [
      {
        event,
        approvals: approvals.filter(({ eventId }) => eventId === id),
        promotion: promotions.get(id) ?? null,
        ...rollbackIn(rollbacks.get(id)),
        ...againIn(replays.findLast(({ event_id }) => event_id === id)),
        ...deliveriesIn(
          key,
          deliveries.filter(({ event_id }) => event_id === id),
        ),
      },
    ];
  });
}

interface ReplayRow {
  event_id: string;
  at: number;
  text: string;
}

function againIn(replay: ReplayRow | undefined): Pick<ConversationEvent, 'again'> {
  if (replay === undefined) return {};
  return { again: { by: replay.text.slice(`${PAST.replay} by `.length).replace(/ in Slack$/, ''), at: replay.at } };
}

function rollbackIn(rollback: RollbackTarget | undefined): Pick<ConversationEvent, 'rollback'> {
  return rollback === undefined ? {} : { rollback };
}

function deliveriesIn(key: string, deliveries: readonly ShownRow[]): Pick<ConversationEvent, 'deliveries' | 'texts' | 'message'> {
  const messages = deliveries.filter((row) => row.conversation === key && row.ephemeral === 0).map(viewOfDelivery);
  const texts = messages.flatMap(({ request }) => (request !== null && isMessage(request) && request.text !== null ? [request.text] : []));
  return {
    deliveries: deliveries
      .filter((row) => row.conversation === null)
      .map(viewOfDelivery)
      .filter(({ request }) => request === null || !isRunReport(request)),
    texts: [...new Set(texts)],
    message: messages.find(({ request, message }) => message !== null && request !== null && isMessage(request))?.message ?? null,
  };
}
