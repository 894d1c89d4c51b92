import type { RelayEvent } from '../../../src/event/event.ts';
import type { ApprovalView, Nudge, NudgeFollowUps } from '../approvals.ts';
import { listOpenApprovals, lockedApproval } from './approvals.ts';
import { conversationsOf, insertWithMute, refreshConversations } from './conversations.ts';
import { locksOfEvents, orderKeyLock } from './order-keys.ts';
import { exec, firstRow, lock, type Work } from './work.ts';

/** So many open approvals are looked at: far more than people can have. */
const MOST_OPEN = 10_000;

/** Open approvals of which people are to hear again; each in a transaction of its own (`nudgeApproval`). */
export function* nudgesDue(now: number): Work<{ eventId: string; route: string }[]> {
  const open = yield* listOpenApprovals(MOST_OPEN);
  return open.filter((approval) => kindsDue(approval, now).length > 0).map(({ eventId, route }) => ({ eventId, route }));
}

/** What is due and was not done. What has expired is nobody's to decide any more. */
function kindsDue(approval: ApprovalView, now: number): Nudge['kind'][] {
  const { remindMs, escalate, expiresAt, expiresMs, remindedAt, escalatedAt } = approval;
  if (approval.decision !== null || expiresAt <= now) return [];
  const isReminder = remindMs !== undefined && remindedAt === undefined && now >= expiresAt - remindMs;
  const isEscalation = escalate !== undefined && escalatedAt === undefined && now >= expiresAt - expiresMs + escalate.afterMs;
  // Who is asked as well is then among those who are reminded.
  return [...(isEscalation ? ['escalate' as const] : []), ...(isReminder ? ['remind' as const] : [])];
}

/** Returns how much was due: nothing when a person, or another receiver, was faster. */
export function* nudgeApproval(
  { eventId, route }: { eventId: string; route: string },
  now: number,
  followUps: NudgeFollowUps,
): Work<number> {
  yield* lock(() => locksOfEvents([eventId]));
  const before = yield* lockedApproval(eventId, route);
  const kinds = before === undefined ? [] : kindsDue(before, now);
  if (kinds.length === 0) return 0;
  for (const kind of kinds) {
    const column = kind === 'remind' ? 'reminded_at' : 'escalated_at';
    yield* exec(`UPDATE approvals SET ${column} = $1 WHERE event_id = $2 AND route = $3`, now, eventId, route);
  }
  const approval = yield* lockedApproval(eventId, route);
  if (approval === undefined) return 0;
  const row = yield* firstRow<{ subject_key: string; event: string }>('SELECT subject_key, event FROM events WHERE id = $1', eventId);
  if (row === undefined) return 0;
  const event = JSON.parse(row.event) as RelayEvent;
  const conversations = (yield* conversationsOf(eventId)).filter(({ channel }) => channel === approval.channel);
  const following = kinds.flatMap((kind) => followUps({ kind, approval, event, conversations }));
  yield* lock(following.map(({ orderKey }) => orderKeyLock(orderKey)));
  for (const delivery of following) yield* insertWithMute({ id: eventId, subjectKey: row.subject_key }, delivery, now);
  yield* refreshConversations(eventId, now);
  return kinds.length;
}
