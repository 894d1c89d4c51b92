import type { Mute } from '../../store/conversations.ts';
import type { DeliveryRecord, EventView } from '../../store/delivery.ts';
import { nameField } from '../pages/forms.ts';
import { linkTo } from '../pages/page.ts';
import type { PartView } from './event-view.ts';
import { type Html, html } from './html.ts';
import { moment } from './time.ts';

const TIMES = [
  ['1', '1 hour'],
  ['8', '8 hours'],
  ['24', '1 day'],
  ['168', '1 week'],
] as const;

/** Which routes send no messages about the event's subject, and the forms for that; nothing where none of them sends messages. */
export function mutePart(
  { id }: EventView,
  records: readonly DeliveryRecord[],
  mutes: readonly Mute[],
  { shell, identity }: PartView,
): Html {
  const talking = records.filter(({ delivery }) => delivery.target.startsWith('slack:')).map(({ delivery }) => delivery.route);
  const routes = [...new Set([...talking, ...mutes.map(({ route }) => route)])];
  if (routes.length === 0) return html``;
  const free = routes.filter((route) => !mutes.some((mute) => mute.route === route));
  const mayChange = identity.role === 'admin';
  if (!mayChange && mutes.length === 0) return html``;
  return html`<section class="card" aria-labelledby="mute"><header><h2 id="mute">Messages about this subject</h2></header><div class="body">
${mutes.map(
  ({ route, until, by }) =>
    html`<form class="row" method="post" action="${linkTo(shell, `/events/${id}/unmute`)}"><input type="hidden" name="route" value="${route}"><span>Route ${route} is muted by ${by}, until ${moment(until)}.</span>${mayChange ? html`<button>Unmute</button>` : ''}</form>`,
)}
${
  mayChange && free.length > 0
    ? html`<form class="bar" method="post" action="${linkTo(shell, `/events/${id}/mute`)}"><label>Route<select name="route">${free.map(
        (route) => html`<option>${route}</option>`,
      )}</select></label><label>For<select name="hours">${TIMES.map(([hours, words]) => html`<option value="${hours}">${words}</option>`)}</select></label>${nameField(identity, false)}<button>Mute</button></form>`
    : ''
}</div></section>`;
}
