import { Hono } from 'hono';
import type { Automation } from '../../../src/automation/automation.ts';
import type { Located } from '../../../src/config/config.ts';
import { compileRule } from '../../../src/engine/compile.ts';
import { definitionLines, shownDefinition } from '../../../src/plan/definition-text.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { FoundEvent } from '../../store/search.ts';
import type { ActivityCounter } from '../activity.ts';
import { COUNTING_AGAIN_S, countingNotice, largeCharts, lastFired, placeWords } from '../components/activity-view.ts';
import { repeatWords, visibilityOf } from '../components/automation-words.ts';
import { badge } from '../components/badge.ts';
import { empty } from '../components/empty.ts';
import { engineParts } from '../components/engine-part.ts';
import { eventPlace, eventTitle } from '../components/event-title.ts';
import { type Html, html } from '../components/html.ts';
import { moment } from '../components/time.ts';
import { automationAt } from './automation-paths.ts';
import {
  type AutomationsView,
  actionOf,
  automationBadges,
  broadNote,
  conditionsOf,
  countsOfAutomation,
  lastFiredAt,
  memoriesOf,
} from './automations-page.ts';
import { notDone } from './forms.ts';
import { answerPage, linkTo } from './page.ts';
import type { PageOptions } from './page-options.ts';

/** Of an automation, so many of its latest events are shown. */
const MOST_EVENTS = 10;
/** A longer text is not searched for. Characters. */
const LONGEST_TEXT = 200;

/** `/automations/NAME`: one automation, its charts, and with `engine: relay` what was compared on its latest runs. */
export function automationPage(options: PageOptions, counter: ActivityCounter): Hono<RequestVariables> {
  const { store, now, config } = options;
  const app = new Hono<RequestVariables>();
  app.get('/automations/:name', async (c) => {
    const [shell, projects, activity] = await Promise.all([options.shell(), store.engineProjects(), counter.read()]);
    const automation = automationAt(config().automations, c.req.param('name'), c.req.query('scope'));
    if (automation === undefined) return notDone(c, shell, { title: 'No such automation', why: GONE, next: '/automations' }, 404);
    const view = { shell, now: now(), activity, config: config(), projects };
    const counts = countsOfAutomation(automation, view);
    const isSeen = visibilityOf(automation) !== 'never';
    const last = counts.fired.last;
    const text = JSON.stringify({ automation: automation.name }).slice(1, -1).slice(0, LONGEST_TEXT);
    const found = last === undefined ? undefined : await store.searchEvents({ text }, { limit: MOST_EVENTS, before: last.seq + 1 });
    const rule = compileRule({ ...automation, enabled: true }, config().entity);
    if (!activity.isWhole) c.header('refresh', String(COUNTING_AGAIN_S));
    return answerPage(c, shell, {
      title: `Automation ${automation.name}`,
      aside: html`<span class="row">${automationBadges(automation, view)}</span>`,
      ...(automation.description === undefined ? {} : { lead: automation.description }),
      body: html`<nav class="small" aria-label="Back"><a href="${linkTo(shell, '/automations')}">All automations</a></nav>
${countingNotice(activity)}
${aboutPart(automation, view, isSeen)}
${automation.engine === 'relay' && rule !== undefined ? engineParts(rule, memoriesOf(automation, view), { now: view.now, appUrl: options.wandbAppUrl }) : ''}
${isSeen ? largeCharts(counts, activity, view.now) : ''}
${isSeen ? latest(found?.items ?? [], view) : ''}`,
    });
  });
  return app;
}

const GONE = 'The config that is in use has no automation of this name. It may have been renamed or removed.';

function aboutPart(automation: Located<Automation>, view: AutomationsView, isSeen: boolean): Html {
  const { activity, now } = view;
  return html`<section class="card" aria-labelledby="what"><header><h2 id="what">What it does</h2><span class="quiet small">${isSeen ? lastFired(lastFiredAt(automation, view), activity, now) : ''}</span></header><div class="body">
${isSeen ? '' : html`<p class="small">${NOT_SEEN}</p>`}${broadNote(automation)}<dl class="facts"><dt>Fires when</dt><dd>${conditionsOf(automation)}</dd>
${automation.engine === 'relay' ? html`<dt>How often</dt><dd>${repeatWords(automation).join(', ')}</dd>` : ''}
<dt>Then</dt><dd class="stack">${actionOf(automation, view)}</dd>
<dt>Evaluated by</dt><dd>${automation.engine === 'relay' ? 'this relay' : 'W&B'}</dd>
<dt>Where</dt><dd><code>${placeWords(automation.location)}</code></dd></dl>
<details><summary>Its config</summary><pre>${configOf(automation)}</pre></details></div></section>`;
}

const NOT_SEEN =
  'W&B fires it, and nothing of that comes by here under its name: its firings are not counted. W&B’s page of the automation has them.';

function configOf({ location: _location, path: _path, ...automation }: Located<Automation>): string {
  return definitionLines(shownDefinition(automation)).join('\n');
}

function latest(items: readonly FoundEvent[], { shell, activity }: AutomationsView): Html {
  return html`<section class="card" aria-labelledby="latest"><header><h2 id="latest">Its latest events</h2></header>${
    items.length === 0
      ? activity.isWhole
        ? empty('Nothing yet', 'Once it fires, its events show up here. Events are kept for RELAY_RETENTION.')
        : empty('Counting…', 'Its events show up once they are counted.')
      : html`<table class="cards"><thead><tr><th scope="col">When</th><th scope="col">Event</th><th scope="col">Routes</th></tr></thead><tbody>${items.map(
          ({ event, deliveries }) => html`<tr><td>${moment(event.receivedAt)}</td>
<td class="what"><a href="${linkTo(shell, `/events/${event.id}`)}">${eventTitle(event.event)}</a><div class="quiet small">${eventPlace(event.event) ?? ''}</div></td>
<td>${deliveries.length === 0 ? badge('no route', 'quiet') : [...new Set(deliveries.map(({ route }) => route))].join(', ')}</td></tr>`,
        )}</tbody></table>`
  }</section>`;
}
