import type { DeliveryView } from '../../store/delivery.ts';
import { linkTo, type Shell } from '../pages/page.ts';
import { badge, stateBadge } from './badge.ts';
import type { PageState } from './delivery-advice.ts';
import { type Html, html } from './html.ts';

export function deliveryBadge(state: PageState): Html {
  return state === 'paused' ? badge('paused', 'wait') : stateBadge(state);
}

/** What can be done with a delivery, as forms. Afterwards the page `next` is shown, with what was done. */
export function deliveryForms(shell: Shell, delivery: Pick<DeliveryView, 'id' | 'eventId' | 'state' | 'updatedAt'>, next: string): Html {
  const form = (change: string, text: string, kind = '', ask?: string): Html =>
    html`<form method="post" action="${linkTo(shell, `/deliveries/${delivery.id}/${change}`)}"${ask === undefined ? '' : html` data-ask="${ask}"`}><input type="hidden" name="next" value="${next}"><input type="hidden" name="updated" value="${delivery.updatedAt}"><button class="${kind}">${text}</button></form>`;
  switch (delivery.state) {
    case 'dead':
      return html`<div class="row">${form('replay', 'Replay')}${form('cancel', 'Cancel', 'danger', 'Cancel this delivery? It is not sent any more.')}</div>`;
    case 'held':
      return html`<div class="row"><a class="button main" href="${linkTo(shell, `/events/${delivery.eventId}`)}#decide">Approve or reject…</a></div>`;
    case 'pending':
      return html`<div class="row">${form('cancel', 'Cancel', 'danger', 'Cancel this delivery? It is not sent any more.')}</div>`;
    case 'delivered':
    case 'superseded':
    case 'cancelled':
      return html`<div class="row">${form('replay', 'Send again', '', 'Send this once more? Its workflow is started again.')}</div>`;
    default:
      return html``;
  }
}
