import type { ApprovalFacts } from '../../../src/event/event.ts';
import type { ApprovalView, Decision, DecisionResult, Vote } from '../approvals.ts';
import { cancelHeld, closeApproval, expire, findApproval, heldBy, lockedApproval } from './approvals.ts';
import { refreshConversations } from './conversations.ts';
import { addNote } from './notes.ts';
import { release } from './order.ts';
import { locksOfEvents } from './order-keys.ts';
import { describeDecision, rejectedBy, withReason } from './reasons.ts';
import { CLOCK_DIFFERENCE_MS } from './runs-since.ts';
import { exec, lock, type Work } from './work.ts';

/** Whoever decides holds the locks of the approval's order keys, and then the approval's row. */

/** See `ApprovalStore.decide`. */
export function* decideApproval(decision: Decision): Work<DecisionResult> {
  yield* lock(() => locksOfEvents([decision.eventId]));
  return yield* decideLocked(decision);
}

/** With the locks that `decideApproval` takes. Inside the caller's transaction. */
export function* decideLocked(decision: Decision): Work<DecisionResult> {
  const { eventId, route, at } = decision;
  const approval = yield* lockedApproval(eventId, route);
  if (approval === undefined) return { done: false, why: 'nothing was asked', approval };
  if (approval.decision !== null) return { done: false, why: describeDecision(approval), approval };
  if (approval.expiresAt <= at && decision.clockJumped !== true) {
    yield* expire(approval, at);
    return { done: false, why: 'it has expired', approval: yield* findApproval(eventId, route) };
  }
  if (decision.decision === 'rejected') return yield* reject(approval, decision);
  return neededOf(approval) === 1 ? yield* approve(approval, decision, decision.by, decision.reason) : yield* vote(approval, decision);
}

/** How many people must approve. */
export function neededOf({ approvals = 1 }: Pick<ApprovalView, 'approvals'>): number {
  return approvals;
}

/** One of several approvals. The last one that is needed decides. */
function* vote(approval: ApprovalView, { by, persons = [by], reason, at, ...decision }: Decision): Work<DecisionResult> {
  const { votes: before = [], eventId, route } = approval;
  const needed = neededOf(approval);
  const names = persons.map(foldedName);
  const same = before.find((each) => each.persons.some((name) => names.includes(name)));
  if (same !== undefined) {
    return {
      done: false,
      why: `${same.by} has approved it already, and each person counts once (${before.length} of ${needed})`,
      approval,
    };
  }
  const votes: Vote[] = [...before, { by, persons: names, at, ...(reason === undefined ? {} : { reason }) }];
  yield* exec('UPDATE approvals SET votes = $1 WHERE event_id = $2 AND route = $3', JSON.stringify(votes), eventId, route);
  const counted = { given: votes.length, needed };
  if (votes.length >= needed) {
    const all = votes.map((each) => each.by).join(', ');
    const whole = { ...decision, by, at, eventId, route, ...(reason === undefined ? {} : { reason }) };
    const result = yield* approve({ ...approval, votes }, whole, all, reasonOf(votes));
    return result.done ? { ...result, counted } : result;
  }
  for (const { id } of yield* heldBy(eventId, route)) {
    yield* addNote(id, at, `approved by ${withReason(by, reason)}: ${votes.length} of ${needed}`);
  }
  yield* refreshConversations(eventId, at);
  return { done: true, deliveries: [], approval: { ...approval, votes }, counted };
}

/** Upper and lower case, and ways to write one character, are the same name. */
function foldedName(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

/** The reasons of several people, each with who gave it. */
function reasonOf(votes: readonly Vote[]): string | undefined {
  const given = votes.filter(({ reason }) => reason !== undefined);
  if (given.length < 2) return given[0]?.reason;
  return given.map(({ by, reason }) => `${by}: ${reason}`).join('; ');
}

/** @param by all who approved, and what they said */
function* approve(
  approval: ApprovalView,
  { by: last, reason: lastReason, at }: Decision,
  by: string,
  reason?: string,
): Work<DecisionResult> {
  const { eventId, route } = approval;
  const held = yield* heldBy(eventId, route);
  for (const { seq, id } of held) {
    yield* releaseApproved(seq, { by, reason }, at);
    yield* addNote(id, at, `approved by ${withReason(last, lastReason)}`);
  }
  yield* closeApproval(eventId, route, 'approved', by, at, reason);
  return yield* decided(approval, { decision: 'approved', by, at, reason }, held);
}

function* reject(approval: ApprovalView, { by, reason, at }: Decision): Work<DecisionResult> {
  const { eventId, route } = approval;
  const held = yield* heldBy(eventId, route);
  for (const { seq, id } of held) {
    yield* cancelHeld(seq, rejectedBy(by, reason), at);
    yield* addNote(id, at, rejectedBy(by, reason));
  }
  yield* closeApproval(eventId, route, 'rejected', by, at, reason);
  return yield* decided(approval, { decision: 'rejected', by, at, reason }, held);
}

function* decided(
  approval: ApprovalView,
  { decision, by, at, reason }: Pick<Decision, 'decision' | 'by' | 'at'> & { readonly reason: string | undefined },
  held: readonly { readonly id: string }[],
): Work<DecisionResult> {
  yield* refreshConversations(approval.eventId, at);
  const now = { ...approval, decision, decidedBy: by, decidedAt: at, ...(reason === undefined ? {} : { reason }) };
  return { done: true, deliveries: held.map(({ id }) => id), approval: now };
}

/** Releases a held delivery. What its request is built from is completed by who approved it. Inside the caller's transaction. */
export function* releaseApproved(seq: number, { by, reason }: { by: string; reason?: string | undefined }, at: number): Work<void> {
  yield* release(seq, at, at - CLOCK_DIFFERENCE_MS);
  const facts: ApprovalFacts = { by, at: new Date(at).toISOString(), ...(reason === undefined ? {} : { reason }) };
  yield* exec('UPDATE deliveries SET approval = $1 WHERE seq = $2 AND approval_template IS NOT NULL', JSON.stringify(facts), seq);
}
