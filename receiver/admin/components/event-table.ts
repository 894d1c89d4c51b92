import type { DeliveryView } from '../../store/delivery.ts';
import type { FoundEvent } from '../../store/search.ts';
import { linkTo } from '../pages/page.ts';
import { badge } from './badge.ts';
import { type PageState, pageState } from './delivery-advice.ts';
import { deliveryBadge } from './delivery-row.ts';
import { eventPlace, eventTitle } from './event-title.ts';
import type { PartView } from './event-view.ts';
import { type Html, html } from './html.ts';
import { moment } from './time.ts';

type TableView = Pick<PartView, 'shell' | 'throttles' | 'pauses'>;

/** What people have to know comes first. */
const ORDER: readonly PageState[] = [
  'failed',
  'awaiting approval',
  'throttled',
  'paused',
  'retrying',
  'waiting',
  'sending',
  'rejected',
  'expired',
  'cancelled',
  'superseded',
  'delivered',
];

const OUTCOMES = { unmatched: 'no route', cooldown: 'in its cooldown', duplicate: 'duplicate' } as const;

/** Events, a row each: how they stand, what they are, when they came and who caused them. */
export function eventTable(items: readonly FoundEvent[], view: TableView): Html {
  return html`<table class="cards events"><thead><tr><th scope="col">State</th><th scope="col">Event</th><th scope="col">When, and by whom</th></tr></thead><tbody>${items.map(
    (item) => eventRow(item, view),
  )}</tbody></table>`;
}

function eventRow({ event: stored, deliveries }: FoundEvent, view: TableView): Html {
  const { event } = stored;
  const routes = [...new Set(deliveries.map(({ route }) => route))];
  const about = [event.type, eventPlace(event), event.source === 'default' ? undefined : `source ${event.source}`];
  return html`<tr><td class="state"><div class="row">${stored.outcome === 'routed' ? statesOf(deliveries, view) : badge(OUTCOMES[stored.outcome], 'quiet')}</div></td>
<td class="what"><a href="${linkTo(view.shell, `/events/${stored.id}`)}">${eventTitle(event)}</a><div class="quiet small">${about.filter((part) => part !== undefined).join(' · ')}${
    routes.length === 0 ? '' : html` <span class="routes">→ ${routes.join(', ')}</span>`
  }</div></td>
<td class="when">${moment(stored.receivedAt)}${event.author === undefined ? '' : html`<div class="quiet small">${event.author}</div>`}</td></tr>`;
}

/** Each state once, with how many deliveries are in it. */
function statesOf(deliveries: readonly DeliveryView[], { throttles, pauses }: TableView): Html[] {
  const states = deliveries.map((delivery) => pageState(delivery, throttles, pauses));
  return ORDER.filter((state) => states.includes(state)).map((state) => {
    const count = states.filter((other) => other === state).length;
    return html`<span class="row">${deliveryBadge(state)}${count === 1 ? '' : html`<span class="small quiet num">× ${count}</span>`}</span>`;
  });
}
