import { messageOf } from '../../src/lib/error-message.ts';
import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { cleanReason } from '../reason.ts';
import type { ApprovalView, DecisionKind, DecisionResult } from '../store/approvals.ts';
import type { EventView } from '../store/delivery.ts';
import { type DecisionValue, decodeDecision, decodeReasonForm } from './actions.ts';
import { done, eventOfButton, type FormSubmission, type Handling, NOT_OURS, type Outcome, type Person, refused } from './handling.ts';
import { groupsToAsk, mayDecide, namesOf } from './may-decide.ts';
import { bold, mrkdwnName, slackDate } from './mrkdwn.ts';
import { reasonForm } from './reason-form.ts';
import { sayBold, sentenceOf } from './sentence.ts';

/** Handles Approve and Reject. The store decides who was first. */
export async function decide(handling: Handling, decision: DecisionKind, value: string, actor: Person): Promise<Outcome> {
  const decoded = decodeDecision(value);
  return decoded === undefined ? refused(NOT_OURS) : decideOn(handling, decision, decoded, actor);
}

/** How a button was pressed. */
export interface Pressed {
  /** With which Slack lets a form be opened. */
  readonly triggerId: string;
  /** It is a button of App Home. */
  readonly isOfHome: boolean;
}

/** Handles the buttons that ask why: opens the form, for those who may decide. */
export async function askWhy(
  handling: Handling,
  decision: DecisionKind,
  value: string,
  actor: Person,
  { triggerId, isOfHome }: Pressed,
): Promise<Outcome> {
  const decoded = decodeDecision(value);
  if (decoded === undefined) return refused(NOT_OURS);
  const asked = await openQuestion(handling, decision, decoded, actor);
  if ('done' in asked) return asked;
  const form = reasonForm({ ...decoded, decision, isOfHome }, `${sentenceOf(asked.event.event, sayBold)} (route ${bold(decoded.route)})`);
  if (form === undefined)
    return refused(`The name of this route is too long for a form. Use \`wandb-relay ${decision === 'approved' ? 'approve' : 'reject'}\`.`);
  try {
    await handling.openForm(triggerId, form);
  } catch (error) {
    handling.log.warn({ by: actor.id, error: messageOf(error) }, 'slack: a form could not be opened');
    return refused('Slack did not open the form in time. Nothing was changed: press the button again.');
  }
  return done('');
}

/** Handles the form that asks why. */
export async function decideByForm(handling: Handling, { actor, metadata, text }: FormSubmission): Promise<Outcome> {
  const decoded = decodeReasonForm(metadata);
  if (decoded === undefined) return refused(NOT_OURS);
  const reason = cleanReason(text);
  const redacted = reason === undefined ? undefined : handling.redactJson(reason);
  return decideOn(handling, decoded.decision, decoded, actor, typeof redacted === 'string' ? redacted : undefined);
}

async function decideOn(
  handling: Handling,
  decision: DecisionKind,
  value: DecisionValue,
  actor: Person,
  reason?: string,
): Promise<Outcome> {
  const asked = await openQuestion(handling, decision, value, actor);
  if ('done' in asked) return asked;
  const { eventId, route } = value;
  const persons = [actor.id, ...namesOf(actor, handling.people)];
  const why = reason === undefined ? {} : { reason };
  const result = await handling.store.decide({ eventId, route, decision, by: actor.label, persons, ...why, at: handling.now() });
  // Also when it was too late: the store may have expired it, and the message says so.
  handling.wake();
  if (result.done) return done(doneText(decision, result));
  const isOpen = result.approval === undefined || result.approval.decision === null;
  return refused(isOpen ? `${escapeMrkdwn(result.why)}. Nothing was changed.` : tooLate(result.approval));
}

/** What is asked, when this person may decide about it; else what to say instead. */
async function openQuestion(
  handling: Handling,
  decision: DecisionKind,
  { eventId, route, source }: DecisionValue,
  actor: Person,
): Promise<{ readonly approval: ApprovalView; readonly event: EventView } | Outcome> {
  const { store, people } = handling;
  const event = await eventOfButton(store, eventId, source);
  const approval = event && (await store.approval(eventId, route));
  if (event === undefined || approval === undefined)
    return refused('There is no such approval, or it is no longer stored. Nothing was changed.');
  if (approval.decision !== null) return refused(tooLate(approval));
  const groups = await handling.askGroups(groupsToAsk(actor.id, approval.by));
  const permission = mayDecide({ approval, decision, actor, author: event.event.author, people, groups });
  return permission.may ? { approval, event } : refused(permission.why);
}

function doneText(decision: DecisionKind, { approval, counted }: Extract<DecisionResult, { done: true }>): string {
  if (decision === 'rejected') return 'Rejected: nothing is sent.';
  if (approval.decision !== null || counted === undefined) return 'Approved: it is sent now.';
  const more = counted.needed - counted.given;
  return `Your approval counts (${counted.given} of ${counted.needed}): it is sent when ${more === 1 ? 'one more person approves' : `${more} more people approve`}.`;
}

function tooLate({ decision, decidedBy, decidedAt, expiresAt }: ApprovalView): string {
  const when = decidedAt === null ? '' : `, ${slackDate(decidedAt)}`;
  const who = decidedBy === null ? 'Somebody' : mrkdwnName(decidedBy, 200);
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
