import { isDispatch } from '../../src/route/target.ts';
import type { ApprovalView } from '../store/approvals.ts';
import type { ConversationEvent } from '../store/conversations.ts';
import type { DeliveryView } from '../store/delivery.ts';
import { mayRunAgain } from '../store/run.ts';
import { ACTIONS, encodeDecision, encodeDispatchAgain, encodeRollback } from './actions.ts';
import { actions, button } from './blocks.ts';
import { plainTarget, wentWrong } from './delivery-words.ts';
import { mrkdwnName, plainName } from './mrkdwn.ts';
import type { Mentions } from './people.ts';
import { isStop } from './stop-words.ts';

/** The buttons with which people decide and act; each is there only where it makes sense. */

type Button = ReturnType<typeof button>;

/** Approve, Reject, and Approve with a reason: about all that a route holds for an event. */
export function decisionButtons(
  from: ConversationEvent,
  approval: ApprovalView,
  held: readonly DeliveryView[],
): ReturnType<typeof actions> {
  if (held.length === 0) return [];
  const question = { source: from.event.event.source, approval, held };
  const { value, elements } = approveAndReject(question);
  return actions(...elements, button({ action: ACTIONS.approveWithReason, text: 'Approve with reason…', value }));
}

interface Question {
  readonly source: string;
  readonly approval: ApprovalView;
  /** What it holds. */
  readonly held: readonly DeliveryView[];
}

/** Approve and Reject, wherever a question stands, and the value by which they name it. */
export function approveAndReject({ source, approval, held }: Question): { value: string; elements: Button[] } {
  const value = encodeDecision({ source, eventId: approval.eventId, route: approval.route });
  const [first] = held;
  const more = held.length <= 1 ? '' : `, and ${held.length - 1} more`;
  const what = first === undefined ? plainName(approval.route) : `${plainName(plainTarget(first), 200)}${more}`;
  const left = (approval.approvals ?? 1) - (approval.votes?.length ?? 0);
  const then = left > 1 ? `When ${left - 1} more approve, this will` : 'This will';
  const does = held.length > 0 && held.every(isStop) ? 'stop the run' : `run: ${what}`;
  const confirm = { title: 'Approve this?', text: `${then} ${does}.`, confirm: 'Approve', deny: 'Not now' };
  const elements = [
    button({ action: ACTIONS.approve, text: 'Approve', value, style: 'primary', confirm }),
    button({ action: ACTIONS.rejectWithReason, text: 'Reject…', value, style: 'danger' }),
  ];
  return { value, elements };
}

/** Who has approved so far, where several must; blank where one is enough. In mrkdwn. */
export function votesWords({ approvals = 1, votes = [] }: ApprovalView, mentions: Mentions): string {
  if (approvals === 1) return '';
  const who = votes.map(({ by, reason }) => `${mentions.decider(by)}${reason === undefined ? '' : ` (“${mrkdwnName(reason, 200)}”)`}`);
  return `${votes.length} of ${approvals} approvals${who.length === 0 ? '' : `: ${who.join(', ')}`}`;
}

/** Why it was decided like this, to follow a sentence; blank where nobody said it. In mrkdwn. */
export function reasonWords({ reason }: ApprovalView): string {
  return reason === undefined ? '' : ` “${mrkdwnName(reason, 500)}”`;
}

/** Sends the same dispatch again: only once its run has ended, or the relay has given up following it. */
export function runAgainButton(from: ConversationEvent, delivery: DeliveryView): Button {
  const { request, run, id, updatedAt, state } = delivery;
  if (!isFinished(delivery) || request === null || !isDispatch(request) || !mayRunAgain(run)) return undefined;
  const before = state === 'dead' ? 'This sends it again' : 'It ran already. This sends the same request again';
  return button({
    action: ACTIONS.dispatchAgain,
    text: 'Run again…',
    value: encodeDispatchAgain({ source: from.event.event.source, deliveryId: id, updatedAt }),
    confirm: { title: 'Run again?', text: `${before}: ${plainTarget(delivery)}`, confirm: 'Run again', deny: 'Not now' },
  });
}

/**
 * Deploys the version again that was deployed before, below the first delivery of an event that failed, or below the first once
 * all have ended. Not where that version was deployed again since.
 */
export function rollbackButton(from: ConversationEvent, delivery: DeliveryView): Button {
  const { rollback, event } = from;
  if (rollback === undefined || delivery !== deploymentShown(from) || endOf(delivery) < rollback.deployedAt) return undefined;
  const to = plainName(rollback.version, 40);
  const alias = plainName(event.event.alias ?? 'The alias', 60);
  return button({
    action: ACTIONS.rollBack,
    text: `Roll back to ${to}…`,
    value: encodeRollback({ source: event.event.source, deliveryId: delivery.id, version: rollback.version }),
    confirm: {
      title: `Roll back to ${to}?`,
      text: `This deploys ${to} again, under the same approval. ${alias} stays where it is in W&B.`,
      confirm: 'Roll back',
      deny: 'Not now',
    },
  });
}

function deploymentShown({ deliveries }: ConversationEvent): DeliveryView | undefined {
  const dispatches = deliveries.filter(({ request }) => request !== null && isDispatch(request));
  const failed = dispatches.find((delivery) => isFinished(delivery) && wentWrong(delivery));
  return failed ?? (dispatches.every((delivery) => isFinished(delivery) && mayRunAgain(delivery.run)) ? dispatches[0] : undefined);
}

function endOf({ run, updatedAt }: DeliveryView): number {
  return run?.endedAt ?? updatedAt;
}

function isFinished({ state }: DeliveryView): boolean {
  return state === 'delivered' || state === 'dead';
}
