import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import type { ApprovalView, DecisionKind } from '../store/store.ts';
import { decodeDecision } from './actions.ts';
import { done, eventOfButton, type Handling, NOT_OURS, type Outcome, type Person, refused } from './handling.ts';
import { groupsToAsk, mayDecide } from './may-decide.ts';
import { slackDate } from './mrkdwn.ts';

/** Handles Approve and Reject. The store decides who was first. */
export async function decide(handling: Handling, decision: DecisionKind, value: string, actor: Person): Promise<Outcome> {
  const { store, people } = handling;
  const decoded = decodeDecision(value);
  if (decoded === undefined) return refused(NOT_OURS);
  const { eventId, route, source } = decoded;
  const event = await eventOfButton(store, eventId, source);
  const approval = event && (await store.approval(eventId, route));
  if (event === undefined || approval === undefined)
    return refused('There is no such approval, or it is no longer stored. Nothing was changed.');
  if (approval.decision !== null) return refused(tooLate(approval));

  const groups = await handling.askGroups(groupsToAsk(actor.id, approval.by));
  const permission = mayDecide({ approval, decision, actor, author: event.event.author, people, groups });
  if (!permission.may) return refused(permission.why);

  const result = await store.decide({ eventId, route, decision, by: actor.label, at: handling.now() });
  // Also when it was too late: the store may have expired it, and the message says so.
  handling.wake();
  if (!result.done) return refused(result.approval === undefined ? escapeMrkdwn(result.why) : tooLate(result.approval));
  return done(decision === 'approved' ? 'Approved: it is sent now.' : 'Rejected: nothing is sent.');
}

function tooLate({ decision, decidedBy, decidedAt, expiresAt }: ApprovalView): string {
  const when = decidedAt === null ? '' : `, ${slackDate(decidedAt)}`;
  const who = decidedBy === null ? 'Somebody' : escapeMrkdwn(decidedBy);
  switch (decision) {
    case 'approved':
      return `Too late: ${who} approved it${when}. Nothing was changed.`;
    case 'rejected':
      return `Too late: ${who} rejected it${when}. Nothing was changed.`;
    case 'expired':
      return `Too late: nobody had decided by ${slackDate(expiresAt)}, so it was cancelled. Nothing was changed.`;
    case 'cancelled':
      return `Too late: it was cancelled, or a newer event replaced it${when}. Nothing was changed.`;
    case null:
      return 'The decision could not be stored. Try again.';
  }
}
