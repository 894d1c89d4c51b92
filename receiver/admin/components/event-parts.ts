import { EVENT_FIELDS } from '../../../src/event/event.ts';
import type { WandbLink } from '../../../src/event/wandb-links.ts';
import { type JsonValue, parseExactJson } from '../../../src/lib/json.ts';
import { type Route, routeMatches, whyNot } from '../../../src/route/route.ts';
import type { EventView } from '../../store/delivery.ts';
import { badge } from './badge.ts';
import { type Html, html } from './html.ts';

/** A longer body is cut on the page; the API has all of it. Characters. */
const MOST_SHOWN = 200_000;

/** How the event was understood, and where it is in W&B. */
export function factsPart({ id, event, subjectKey }: Pick<EventView, 'id' | 'event' | 'subjectKey'>, links: readonly WandbLink[]): Html {
  const fields = EVENT_FIELDS.filter((name) => event[name] !== undefined);
  return html`<section class="card" aria-labelledby="understood"><header><h2 id="understood">How it was understood</h2><span class="row">${links.map(
    ({ kind, url }) => html`<a href="${url}" rel="noreferrer">W&amp;B: ${kind}</a>`,
  )}</span></header><div class="body"><dl class="facts"><dt>type</dt><dd>${event.type}</dd>${fields.map(
    (name) => html`<dt>${name}</dt><dd>${event[name]}</dd>`,
  )}${event.engine === undefined ? '' : html`<dt>evaluated by</dt><dd>the relay</dd>`}<dt>subject</dt><dd><code>${subjectKey}</code></dd><dt>event</dt><dd><code>${id}</code></dd></dl></div></section>`;
}

/** What W&B's API knows about its artifact or run; nothing where nobody asked. */
export function wandbPart({ wandb }: EventView): Html {
  if (wandb === undefined || wandb === null) return html``;
  return html`<section class="card" aria-labelledby="wandb"><header><h2 id="wandb">What W&amp;B knows about it</h2></header><div class="body"><details><summary>Show</summary><pre>${cut(JSON.stringify(wandb, null, 2))}</pre></details></div></section>`;
}

/** Which routes of the config in use would match, and why the others would not. */
export function routesPart({ event, body }: Pick<EventView, 'event' | 'body'>, routes: readonly Route[]): Html {
  const json = parseExactJson(body);
  const payload: JsonValue = json.ok ? json.value : {};
  const judged = routes.map((route) => ({ route, matches: routeMatches(route, event, payload) }));
  const row = ({ route, matches }: (typeof judged)[number]): Html =>
    html`<li><div class="row">${matches ? badge('matches', 'good') : badge('does not match', 'quiet')}<span class="what">${route.name}</span></div>${
      matches ? '' : whyNot(route, event, payload).map((why) => html`<p class="small quiet">${why}</p>`)
    }</li>`;
  const [matching, others] = [judged.filter(({ matches }) => matches), judged.filter(({ matches }) => !matches)];
  const few = others.length === 1 ? '1 route does not match' : `${others.length} routes do not match`;
  return html`<section class="card" aria-labelledby="routes"><header><h2 id="routes">Routes</h2><span class="quiet small">By the config in use now</span></header>${
    routes.length === 0 ? html`<div class="body"><p>The config has no routes.</p></div>` : ''
  }${matching.length === 0 ? '' : html`<ul class="list">${matching.map(row)}</ul>`}${
    others.length === 0
      ? ''
      : html`<details class="more"${matching.length === 0 ? html` open` : ''}><summary>${few}</summary><ul class="list">${others.map(row)}</ul></details>`
  }</section>`;
}

/** The body, for people and as it came. Secrets in it were replaced before it was stored. */
export function bodyPart(body: string): Html {
  const json = parseExactJson(body);
  const pretty = json.ok ? JSON.stringify(json.value, null, 2) : body;
  return html`<section class="card" aria-labelledby="body"><header><h2 id="body">The body</h2><span class="quiet small">${body.length.toLocaleString('en')} characters; secrets are replaced</span></header><div class="body"><pre>${cut(pretty)}</pre>${
    pretty === body ? '' : html`<details><summary>As it arrived</summary><pre>${cut(body)}</pre></details>`
  }</div></section>`;
}

function cut(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}\n… ${text.length - MOST_SHOWN} more characters: see /api/events`;
}
