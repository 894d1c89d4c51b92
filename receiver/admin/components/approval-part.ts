import type { ApprovalView } from '../../store/approvals.ts';
import type { DeliveryRecord } from '../../store/delivery.ts';
import { nameField } from '../pages/forms.ts';
import { linkTo } from '../pages/page.ts';
import { badge } from './badge.ts';
import type { PartView } from './event-view.ts';
import { type Html, html } from './html.ts';
import { ahead, moment } from './time.ts';

/** Who decides about what a route holds, how it stands, and the form to decide with. */
export function approvalPart(approval: ApprovalView, records: readonly DeliveryRecord[], view: PartView): Html {
  const { approvals: needed = 1, votes = [], by, channel, expiresAt, decision, notAsked, route } = approval;
  const held = records.filter(({ delivery }) => delivery.route === route && delivery.state === 'held');
  const isOpen = decision === null && held.length > 0;
  return html`<section class="card${isOpen ? ' wait' : ''}"${isOpen ? html` id="decide"` : ''} aria-label="Approval of route ${route}">
<header><h2>Approval of route ${route}</h2>${badge(decision ?? 'awaiting approval', decision === 'approved' ? 'good' : decision === null ? 'wait' : 'quiet')}</header>
<div class="body"><dl class="facts">
<dt>Asked in</dt><dd>${channel}</dd>
<dt>Who may decide</dt><dd>${by === null ? 'everybody there' : by.map(view.personOf).join(', ')}${approval.allowSelf ? '' : ', but not who caused the event'}${approval.allowAdmin === false ? '; in Slack only' : ''}</dd>
${needed > 1 || votes.length > 0 ? html`<dt>Approvals</dt><dd>${votes.length} of ${needed}${votes.map((vote) => html`<div class="small">${vote.by}, ${moment(vote.at)}${vote.reason === undefined ? '' : html`: ${vote.reason}`}</div>`)}</dd>` : ''}
${
  decision === null
    ? html`<dt>Expires</dt><dd>${moment(expiresAt)} (${ahead(expiresAt, view.now)})</dd>`
    : html`<dt>Decided</dt><dd>${approval.decidedBy === null ? '' : html`by ${approval.decidedBy}, `}${approval.decidedAt === null ? '' : moment(approval.decidedAt)}</dd>`
}
${approval.reason === undefined ? '' : html`<dt>Reason</dt><dd>${approval.reason}</dd>`}
${notAsked === undefined ? '' : html`<dt>Not asked</dt><dd>${notAsked}</dd>`}
</dl>${isOpen ? decideForm(approval, held, view) : ''}</div></section>`;
}

/** One decision is about all that the route holds for the event: it is made with the first of them. */
function decideForm({ allowAdmin, eventId }: ApprovalView, held: readonly DeliveryRecord[], { identity, shell }: PartView): Html {
  const first = held[0]?.delivery;
  if (first === undefined || identity.role !== 'admin' || allowAdmin === false) return html``;
  const address = (change: 'approve' | 'reject') => linkTo(shell, `/deliveries/${first.id}/${change}`);
  return html`<form class="bar" method="post" action="${address('approve')}"><input type="hidden" name="next" value="/events/${eventId}"><input type="hidden" name="updated" value="${first.updatedAt}">
<label class="wide">Reason<input name="reason" maxlength="500" autocomplete="off"></label>${nameField(identity, true)}
<button class="main">Approve</button><button class="danger" formaction="${address('reject')}">Reject</button></form>
${held.length > 1 ? html`<p class="small quiet">Rejecting ends all ${held.length} deliveries that wait here.</p>` : ''}`;
}
