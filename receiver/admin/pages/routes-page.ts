import { Hono } from 'hono';
import type { Located } from '../../../src/config/config.ts';
import { durationWords } from '../../../src/lib/duration.ts';
import { compileRoute, type RouteDefinition } from '../../../src/route/route.ts';
import { broadRoute, routeWords, targetWords } from '../../../src/route/route-words.ts';
import { compileTarget } from '../../../src/route/target.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { Pause } from '../../store/pause.ts';
import type { Activity, ActivityCounter } from '../activity.ts';
import { byDay, byHour, totalOf } from '../activity-counts.ts';
import {
  COUNTING_AGAIN_S,
  type Counts,
  countedUntil,
  countingNotice,
  isNeverFired,
  lastFired,
  placeWords,
  smallCharts,
  tile,
} from '../components/activity-view.ts';
import { badge } from '../components/badge.ts';
import { empty } from '../components/empty.ts';
import { type Html, html } from '../components/html.ts';
import { identityOf } from '../guard.ts';
import type { Identity } from '../identity.ts';
import { noticeOf } from './notice.ts';
import { answerPage, linkTo, type Shell } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { scopeText } from './pauses-page.ts';

export interface RouteView {
  readonly shell: Shell;
  readonly now: number;
  readonly activity: Activity;
  readonly pauses: readonly Pause[];
  readonly identity: Identity;
  /** See `PageOptions`. */
  readonly credentialFor: PageOptions['credentialFor'];
}

/** `/routes`: what each route asks for, where it sends, and how often it fires. */
export function routesPage(options: PageOptions, counter: ActivityCounter): Hono<RequestVariables> {
  const { store, now, config } = options;
  const app = new Hono<RequestVariables>();
  app.get('/routes', async (c) => {
    const [shell, pauses, activity] = await Promise.all([options.shell(), store.pauses(), counter.read()]);
    const { routes } = config();
    const view = { shell, now: now(), activity, pauses, identity: identityOf(c), credentialFor: options.credentialFor };
    if (!activity.isWhole) c.header('refresh', String(COUNTING_AGAIN_S));
    return answerPage(c, shell, {
      title: 'Routes',
      lead: 'Each event is checked against every route; all that match fire.',
      aside: countedUntil(activity),
      body: html`${noticeOf(c)}${countingNotice(activity)}
${routes.length === 0 ? '' : tiles(routes, view)}
<section class="card" aria-label="All routes">${
        routes.length === 0
          ? empty(
              'The config has no routes',
              html`So nothing is sent. Add one under <code>routes:</code> in the config file: what an event must be, and where it goes. <code>wandb-relay init</code> writes an example.`,
            )
          : html`<ol class="list checked">${routes.map((route) => routeRow(route, view))}</ol>`
      }</section>`,
    });
  });
  return app;
}

export function countsOfRoute(name: string, { fired, failed }: Activity): Counts {
  return { what: `Route ${name}`, fired: fired.route(name), failed: failed.route(name) };
}

/** What holds a route back: a pause of everything, of itself, or of a credential that one of its targets needs. */
export function pauseOfRoute(
  { name, to }: Pick<RouteDefinition, 'name' | 'to'>,
  { pauses, credentialFor }: Pick<RouteView, 'pauses' | 'credentialFor'>,
): Pause | undefined {
  const holds = ({ scope }: Pause): boolean => {
    if (scope.kind === 'everything') return true;
    if (scope.kind === 'route') return scope.name === name;
    return to.some((target) => credentialFor(compileTarget(target)) === scope.name);
  };
  // Its own comes first: that one can be ended here.
  const [first] = (['route', 'everything', 'credential'] as const).flatMap((kind) =>
    pauses.filter((one) => one.scope.kind === kind && holds(one)),
  );
  return first;
}

function tiles(routes: readonly Located<RouteDefinition>[], view: RouteView): Html {
  const { activity, now } = view;
  const counts = routes.map(({ name }) => countsOfRoute(name, activity));
  const sum = (read: (counts: Counts) => number): number => counts.reduce((total, one) => total + read(one), 0);
  const paused = routes.filter((route) => pauseOfRoute(route, view) !== undefined).length;
  const never = activity.isWhole ? counts.filter(({ fired }) => isNeverFired(fired.last?.at, activity)).length : undefined;
  return html`<section class="tiles" aria-label="Routes, in numbers">
${tile(activity.hasHours ? sum(({ fired }) => totalOf(byHour(fired, now))) : undefined, 'fired in 24 h')}
${tile(activity.hasDays ? sum(({ fired }) => totalOf(byDay(fired, now))) : undefined, 'fired in 30 days')}
${tile(activity.hasDays ? sum(({ failed }) => totalOf(byDay(failed, now))) : undefined, 'failed in 30 days', 'bad')}
${tile(never, 'never fired', 'wait')}
${paused === 0 ? '' : tile(paused, 'paused', 'wait')}
</section>`;
}

function routeRow(route: Located<RouteDefinition>, view: RouteView): Html {
  const { shell, activity, now, identity } = view;
  const { name, to } = route;
  const counts = countsOfRoute(name, activity);
  return html`<li><div class="about"><div class="row"><span class="what"><a href="${linkTo(shell, routePath(name))}">${name}</a></span>${routeBadges(route, view)}</div>
${conditionsOf(route)}
<div class="stack small">${to.map((target) => html`<span>→ ${targetWords(target)}</span>`)}</div>
${broadNote(route)}
<div class="row small quiet">${isNeverFired(counts.fired.last?.at, activity) ? '' : html`<span>${lastFired(counts.fired.last?.at, activity, now)}</span>`}<code>${placeWords(route.location)}</code><a href="${linkTo(shell, '/', { route: name })}">its events</a>${
    identity.role === 'admin' ? pauseForm(route, view) : ''
  }</div></div>
${smallCharts(counts, activity, now)}</li>`;
}

/** A name may have a slash, which an address must not. */
export function routePath(name: string): string {
  return `/routes/${encodeURIComponent(name)}`;
}

export function conditionsOf(route: RouteDefinition): Html {
  const words = routeWords(compileRoute(route));
  return html`<ul class="conditions" aria-label="Matches when">${words.length === 0 ? html`<li>every event</li>` : words.map((word) => html`<li>${word}</li>`)}</ul>`;
}

export function routeBadges(route: RouteDefinition, view: RouteView): Html {
  const { name, approval } = route;
  const { activity } = view;
  return html`${pauseOfRoute(route, view) === undefined ? '' : badge('paused', 'wait')}${
    isNeverFired(countsOfRoute(name, activity).fired.last?.at, activity) ? badge('never fired', 'quiet') : ''
  }${broadRoute(compileRoute(route)) === undefined ? '' : badge('overly broad', 'wait')}${approval === undefined ? '' : badge('needs approval', 'quiet')}`;
}

export function broadNote(route: RouteDefinition): Html {
  const why = broadRoute(compileRoute(route));
  return why === undefined ? html`` : html`<p class="small todo">${why}</p>`;
}

/** Pauses the route alone, or ends that; what else is paused is resumed where all pauses are. */
export function pauseForm(route: Pick<RouteDefinition, 'name' | 'to'>, view: RouteView): Html {
  const { shell } = view;
  const { name } = route;
  const pause = pauseOfRoute(route, view);
  if (pause !== undefined && pause.scope.kind !== 'route')
    return html`<a href="${linkTo(shell, '/pauses')}">${pause.scope.kind === 'everything' ? 'everything is paused' : `the credential ${pause.scope.name} is paused`}</a>`;
  const [path, word] = pause === undefined ? (['/pauses/pause', 'Pause'] as const) : (['/pauses/resume', 'Resume'] as const);
  return html`<form class="row" method="post" action="${linkTo(shell, path)}"${pause === undefined ? html` data-ask="Pause the route ${name}? Nothing of it is sent until somebody resumes it."` : ''}><input type="hidden" name="what" value="${scopeText({ kind: 'route', name })}"><button class="plain">${word}</button></form>`;
}

/** What else a route says, for its page: approval, order, cooldown. */
export function otherFacts({ order, cooldown, approval, notify }: RouteDefinition): Html {
  return html`${order === 'latest' ? html`<dt>Order</dt><dd>a newer event of the same subject replaces an older one that is not delivered</dd>` : ''}
${cooldown === undefined || cooldown === 0 ? '' : html`<dt>Cooldown</dt><dd>at most once in ${durationWords(cooldown)} for each subject</dd>`}
${approval === undefined ? '' : html`<dt>Approval</dt><dd>asked in ${approval.slack}${approval.by === undefined ? '' : html`, by ${approval.by.join(', ')}`}</dd>`}
${notify === undefined ? '' : html`<dt>Notifies</dt><dd>${notify.join(' and ')}</dd>`}`;
}
