import { Hono } from 'hono';
import { relayRouteName } from '../../../src/automation/automation.ts';
import type { Located } from '../../../src/config/config.ts';
import { definitionLines, shownRoute } from '../../../src/plan/definition-text.ts';
import type { RouteDefinition } from '../../../src/route/route.ts';
import { targetWords } from '../../../src/route/route-words.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { Throttle } from '../../store/delivery.ts';
import type { FoundEvent } from '../../store/search.ts';
import type { ActivityCounter } from '../activity.ts';
import { COUNTING_AGAIN_S, countingNotice, largeCharts, lastFired, placeWords } from '../components/activity-view.ts';
import { pageState } from '../components/delivery-advice.ts';
import { deliveryBadge } from '../components/delivery-row.ts';
import { empty } from '../components/empty.ts';
import { eventPlace, eventTitle } from '../components/event-title.ts';
import { type Html, html } from '../components/html.ts';
import { moment } from '../components/time.ts';
import { identityOf } from '../guard.ts';
import { automationLink } from './automation-paths.ts';
import { notDone } from './forms.ts';
import { answerPage, linkTo } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { broadNote, conditionsOf, countsOfRoute, otherFacts, pauseForm, type RouteView, routeBadges } from './routes-page.ts';

/** Of a route, so many of its latest events are shown. */
const MOST_EVENTS = 10;

/** `/routes/NAME`: one route, with its config, its charts and what it sent last. */
export function routePage(options: PageOptions, counter: ActivityCounter): Hono<RequestVariables> {
  const { store, now, config } = options;
  const app = new Hono<RequestVariables>();
  app.get('/routes/:name', async (c) => {
    const [shell, pauses, activity] = await Promise.all([options.shell(), store.pauses(), counter.read()]);
    const { routes, automations } = config();
    const name = c.req.param('name');
    const route = routes.find((one) => one.name === name);
    if (route === undefined) return notDone(c, shell, { title: 'No such route', why: GONE, next: '/routes' }, 404);
    const counts = countsOfRoute(name, activity);
    const last = counts.fired.last;
    const [found, throttles] = await Promise.all([
      last === undefined ? undefined : store.searchEvents({ route: name }, { limit: MOST_EVENTS, before: last.seq + 1 }),
      store.throttles(now()),
    ]);
    const view = { shell, now: now(), activity, pauses, identity: identityOf(c), credentialFor: options.credentialFor };
    if (!activity.isWhole) c.header('refresh', String(COUNTING_AGAIN_S));
    const owner = automations.find((one) => one.action.relay !== undefined && relayRouteName(one) === name);
    return answerPage(c, shell, {
      title: `Route ${name}`,
      aside: html`<span class="row">${routeBadges(route, view)}${view.identity.role === 'admin' ? pauseForm(route, view) : ''}</span>`,
      body: html`<nav class="small" aria-label="Back"><a href="${linkTo(shell, '/routes')}">All routes</a></nav>
${countingNotice(activity)}
<section class="card" aria-labelledby="what"><header><h2 id="what">What it does</h2><span class="quiet small">${lastFired(last?.at, activity, view.now)}</span></header><div class="body">
${broadNote(route)}<dl class="facts"><dt>Matches when</dt><dd>${conditionsOf(route)}</dd>
<dt>Sends to</dt><dd>${route.to.map((target) => html`<div>${targetWords(target)}</div>`)}</dd>
${otherFacts(route)}
${owner === undefined ? '' : html`<dt>Automation</dt><dd><a href="${automationLink(shell, owner, automations)}">${owner.name}</a></dd>`}
<dt>Where</dt><dd><code>${placeWords(route.location)}</code></dd></dl>
<details><summary>Its config</summary><pre>${configOf(route)}</pre></details></div></section>
${largeCharts(counts, activity, view.now)}
${latest(found?.items ?? [], name, view, throttles)}`,
    });
  });
  return app;
}

const GONE = 'The config that is in use has no route of this name. It may have been renamed or removed.';

function configOf({ location: _location, path: _path, ...route }: Located<RouteDefinition>): string {
  return definitionLines(shownRoute(route)).join('\n');
}

function latest(items: readonly FoundEvent[], name: string, view: RouteView, throttles: readonly Throttle[]): Html {
  const { shell, activity, pauses } = view;
  return html`<section class="card" aria-labelledby="latest"><header><h2 id="latest">What it sent last</h2>${items.length === 0 ? '' : html`<a href="${linkTo(shell, '/', { route: name })}">All its events</a>`}</header>${
    items.length === 0
      ? activity.isWhole
        ? empty(
            'Nothing yet',
            html`Send an event that matches with <code>wandb-relay send-test</code>, or see on <a href="${linkTo(shell, '/simulate')}">Simulate</a> what an event would start.`,
          )
        : empty('Counting…', 'Its events show up once they are counted.')
      : html`<table class="cards"><thead><tr><th scope="col">When</th><th scope="col">Event</th><th scope="col">Deliveries</th></tr></thead><tbody>${items.map(
          ({ event, deliveries }) => html`<tr><td>${moment(event.receivedAt)}</td>
<td class="what"><a href="${linkTo(shell, `/events/${event.id}`)}">${eventTitle(event.event)}</a><div class="quiet small">${eventPlace(event.event) ?? ''}</div></td>
<td><div class="stack">${deliveries
            .filter((delivery) => delivery.route === name)
            .map(
              (delivery) =>
                html`<span class="row">${deliveryBadge(pageState(delivery, throttles, pauses))}<span class="small quiet">${delivery.target}</span></span>`,
            )}</div></td></tr>`,
        )}</tbody></table>`
  }</section>`;
}
