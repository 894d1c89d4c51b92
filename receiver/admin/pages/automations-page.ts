import { Hono } from 'hono';
import { type Automation, relayRouteName } from '../../../src/automation/automation.ts';
import { broadAutomation } from '../../../src/automation/broad-automation.ts';
import type { Located } from '../../../src/config/config.ts';
import { compileRule } from '../../../src/engine/compile.ts';
import { targetWords } from '../../../src/route/route-words.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { ProjectMemory, RuleMemory } from '../../store/engine.ts';
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
import { actionWords, automationWords, isOf, routesThatTake, visibilityOf } from '../components/automation-words.ts';
import { badge } from '../components/badge.ts';
import { empty } from '../components/empty.ts';
import { type Html, html } from '../components/html.ts';
import { moment } from '../components/time.ts';
import { automationLink } from './automation-paths.ts';
import { answerPage, linkTo, type Shell } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { routePath } from './routes-page.ts';

export interface AutomationsView {
  readonly shell: Shell;
  readonly now: number;
  readonly activity: Activity;
  readonly config: ReturnType<PageOptions['config']>;
  readonly projects: readonly ProjectMemory[];
}

/** `/automations`: what the config has W&B or the relay watch for, which routes take it, and how often it fires. */
export function automationsPage(options: PageOptions, counter: ActivityCounter): Hono<RequestVariables> {
  const { store, now, config } = options;
  const app = new Hono<RequestVariables>();
  app.get('/automations', async (c) => {
    const [shell, projects, activity] = await Promise.all([options.shell(), store.engineProjects(), counter.read()]);
    const { automations } = config();
    const view = { shell, now: now(), activity, config: config(), projects };
    if (!activity.isWhole) c.header('refresh', String(COUNTING_AGAIN_S));
    return answerPage(c, shell, {
      title: 'Automations',
      lead: 'What the config has W&B watch for, and, with engine: relay, what this relay evaluates itself.',
      aside: countedUntil(activity),
      body: html`${countingNotice(activity)}
${automations.length === 0 ? '' : tiles(automations, view)}
${problems(projects)}
<section class="card" aria-label="All automations">${
        automations.length === 0
          ? empty(
              'The config has no automations',
              html`Routes work without them, with automations that were made in W&amp;B. To keep them as code, run <code>wandb-relay export</code>, or add one under <code>automations:</code>; with <code>engine: relay</code> the relay watches metrics and runs itself.`,
            )
          : html`<ol class="list checked">${automations.map((automation) => automationRow(automation, view))}</ol>`
      }</section>`,
    });
  });
  return app;
}

export function countsOfAutomation(automation: Automation, { activity, config }: AutomationsView): Counts {
  const isShared = config.automations.filter(({ name }) => name === automation.name).length > 1;
  const isMeant = isOf(automation, config.entity, isShared);
  return { what: `Automation ${automation.name}`, fired: activity.fired.automation(isMeant), failed: activity.failed.automation(isMeant) };
}

/** What the relay's own engine remembers of it, in each project. */
export function memoriesOf(
  automation: Automation,
  { config, projects }: AutomationsView,
): { readonly project: string; readonly rule: RuleMemory }[] {
  if (automation.engine !== 'relay') return [];
  const key = compileRule({ ...automation, enabled: true }, config.entity)?.key;
  return projects.flatMap(({ project, rules }) => rules.filter(({ rule }) => rule === key).map((rule) => ({ project, rule })));
}

/** By the events that are stored, and by what the engine remembers. */
export function lastFiredAt(automation: Automation, view: AutomationsView): number | undefined {
  const times = [countsOfAutomation(automation, view).fired.last?.at, ...memoriesOf(automation, view).map(({ rule }) => rule.lastFiredAt)];
  const known = times.filter((at) => at !== undefined && at !== null);
  return known.length === 0 ? undefined : Math.max(...known);
}

function tiles(automations: readonly Automation[], view: AutomationsView): Html {
  const { activity, now } = view;
  const seen = automations.filter((one) => visibilityOf(one) !== 'never');
  const counts = seen.map((one) => countsOfAutomation(one, view));
  const sum = (read: (counts: Counts) => number): number => counts.reduce((total, one) => total + read(one), 0);
  const never = activity.isWhole
    ? seen.filter((one) => one.enabled !== false && isNeverFired(lastFiredAt(one, view), activity)).length
    : undefined;
  return html`<section class="tiles" aria-label="Automations, in numbers">
${tile(activity.hasHours ? sum(({ fired }) => totalOf(byHour(fired, now))) : undefined, 'fired in 24 h')}
${tile(activity.hasDays ? sum(({ fired }) => totalOf(byDay(fired, now))) : undefined, 'fired in 30 days')}
${tile(never, 'never fired', 'wait')}
${tile(automations.filter(({ engine }) => engine === 'relay').length, 'evaluated by the relay')}
</section>`;
}

/** Projects that the relay could not read. */
function problems(projects: readonly ProjectMemory[]): Html {
  const failed = projects.filter(({ problem }) => problem !== null);
  if (failed.length === 0) return html``;
  return html`<div class="notice bad" role="alert"><p><strong>Not all projects can be read at W&amp;B.</strong> What happens there is evaluated once they can be.</p><ul>${failed.map(
    ({ project, problem, readAt }) =>
      html`<li>${project}: ${problem} ${readAt === null ? 'It was never read.' : html`It was last read ${moment(readAt)}.`}</li>`,
  )}</ul></div>`;
}

function automationRow(automation: Located<Automation>, view: AutomationsView): Html {
  const { shell, activity, now, config } = view;
  const { name, description } = automation;
  const counts = countsOfAutomation(automation, view);
  const isSeen = visibilityOf(automation) !== 'never';
  return html`<li><div class="about"><div class="row"><span class="what"><a href="${automationLink(shell, automation, config.automations)}">${name}</a></span>${automationBadges(automation, view)}</div>
${description === undefined ? '' : html`<p class="small">${description}</p>`}
${conditionsOf(automation)}
<div class="stack small">${actionOf(automation, view)}</div>
${broadNote(automation)}
<div class="row small quiet">${isSeen && !hasNeverBadge(automation, view) ? html`<span>${lastFired(lastFiredAt(automation, view), activity, now)}</span>` : ''}<code>${placeWords(automation.location)}</code>${notRouted(automation, view)}</div></div>
${isSeen ? smallCharts(counts, activity, now) : NOT_SEEN}</li>`;
}

const NOT_SEEN = html`<p class="small quiet">Its firings do not come by here under its name, so they are not counted. W&amp;B’s page of the automation has them.</p>`;

export function conditionsOf(automation: Automation): Html {
  return html`<ul class="conditions" aria-label="Fires when">${automationWords(automation).map((word) => html`<li>${word}</li>`)}</ul>`;
}

export function automationBadges(automation: Automation, view: AutomationsView): Html {
  const { engine, enabled, dry_run: dryRun } = automation;
  return html`${engine === 'relay' ? badge('engine: relay', 'good') : badge('W&B', 'quiet')}${enabled === false ? badge('disabled', 'quiet') : ''}${dryRun === true ? badge('dry run', 'wait') : ''}${
    hasNeverBadge(automation, view) ? badge('never fired', 'quiet') : ''
  }${broadAutomation(automation) === undefined ? '' : badge('overly broad', 'wait')}`;
}

function hasNeverBadge(automation: Automation, view: AutomationsView): boolean {
  const isCounted = automation.enabled !== false && visibilityOf(automation) !== 'never';
  return isCounted && isNeverFired(lastFiredAt(automation, view), view.activity);
}

export function broadNote(automation: Automation): Html {
  const why = broadAutomation(automation);
  return why === undefined ? html`` : html`<p class="small todo">${why}</p>`;
}

/** What it does, and which routes take its events. */
export function actionOf(automation: Automation, { shell, config }: AutomationsView): Html {
  const { relay } = automation.action;
  const own = relay === undefined ? undefined : relayRouteName(automation);
  const takers = routesThatTake(automation, config.entity, config.routes);
  const others = takers.filter(({ name }) => name !== own);
  const link = (name: string): Html => html`<a href="${linkTo(shell, routePath(name))}">${name}</a>`;
  return html`<span>→ ${own === undefined ? actionWords(automation) : html`route ${link(own)}: ${relay?.to.map(targetWords).join('; ')}`}</span>${
    others.length === 0
      ? ''
      : html`<span>→ ${own === undefined ? '' : 'also '}${others.map(({ name, how }, i) => html`${i === 0 ? '' : ', '}route ${link(name)}${how === 'may' ? ', if its other conditions are met' : ''}`)}</span>`
  }${automation.action.webhook !== undefined && others.length === 0 ? html`<span class="quiet">No route of this config takes its events.</span>` : ''}`;
}

function notRouted(automation: Automation, { activity, config, now }: AutomationsView): Html {
  const isShared = config.automations.filter(({ name }) => name === automation.name).length > 1;
  const count = totalOf(byDay(activity.notRouted.automation(isOf(automation, config.entity, isShared)), now));
  return count === 0 || !activity.hasDays
    ? html``
    : html`<span class="failed">${count.toLocaleString('en')} ${count === 1 ? 'event' : 'events'} in 30 days started nothing</span>`;
}
