import type { Condition, Rule } from '../../../src/engine/rule.ts';
import { type AutomationStatus, engineStatus } from '../../engine/engine-status.ts';
import { recentRuns } from '../../engine/recent-values.ts';
import type { RuleMemory } from '../../store/engine.ts';
import { badge } from './badge.ts';
import { empty } from './empty.ts';
import { type Html, html } from './html.ts';
import { runFigure, runLegend } from './run-chart.ts';
import { age, moment } from './time.ts';

/** An automation of a whole team may have been evaluated in many projects: those that fired last are shown. */
const MOST_PROJECTS = 10;

export interface EngineView {
  readonly now: number;
  /** W&B's app. */
  readonly appUrl: string;
}

interface InProject {
  readonly project: string;
  readonly rule: RuleMemory;
}

/** What the relay's own engine knows: how it stands in each project, and what was compared on the latest runs. */
export function engineParts({ condition, dryRun }: Rule, memories: readonly InProject[], view: EngineView): Html {
  const shown = memories.toSorted((a, b) => (b.rule.lastFiredAt ?? 0) - (a.rule.lastFiredAt ?? 0)).slice(0, MOST_PROJECTS);
  if (shown.length === 0)
    return html`<section class="card" aria-label="What the relay knows">${empty(
      'Not evaluated yet',
      html`The receiver evaluates it when it can read W&amp;B: set <code>WANDB_API_KEY</code> for <code>serve</code>, and see <code>wandb-relay automations</code>.`,
    )}</section>`;
  return html`${shown.map((one) => projectPart(one, condition, view))}${
    memories.length > shown.length
      ? html`<p class="quiet small">${memories.length - shown.length} more projects, in which it fired longer ago.</p>`
      : ''
  }${dryRun ? html`<p class="notice">With dry_run nothing is sent when it fires.</p>` : ''}`;
}

function projectPart({ project, rule }: InProject, condition: Condition, { now, appUrl }: EngineView): Html {
  const [status] = engineStatus([{ project, round: null, watermark: 0, readAt: null, problem: null, rules: [rule] }]).automations;
  const runs = recentRuns(rule.detail);
  const path = project.split('/').map(encodeURIComponent).join('/');
  return html`<section class="card" aria-label="In ${project}"><header><h2>In ${project}</h2><span class="quiet small">${
    rule.lastEvaluatedAt === null ? 'not evaluated yet' : html`evaluated ${age(rule.lastEvaluatedAt, now)}`
  }</span></header><div class="body">
${status === undefined ? '' : html`<dl class="facts"><dt>Now</dt><dd>${nowWords(status)}</dd><dt>Runs</dt><dd>${status.runs} going on</dd><dt>Evaluated since</dt><dd>${moment(rule.firstSeenAt)}; what was before does not fire</dd>${dryWords(status, now)}</dl>`}
${
  runs.length === 0
    ? html`<p class="quiet">No run was compared yet. Its values are drawn here once one logs them.</p>`
    : html`<h3>${runs.length === 1 ? 'The latest run' : `The latest ${runs.length} runs`}</h3>${runLegend(condition)}<div class="runs">${runs.map(
        (run) => runFigure({ run, condition, url: `${appUrl}/${path}/runs/${encodeURIComponent(run.run)}` }),
      )}</div><p class="small quiet">A value each time the relay looked at the run: at most 60 of each run, further apart the longer it goes on.</p>`
}</div></section>`;
}

function dryWords({ dryFirings }: AutomationStatus, now: number): Html {
  const last = dryFirings.findLast(({ resolved }) => !resolved);
  return last === undefined
    ? html``
    : html`<dt>Would have fired</dt><dd>last ${age(last.at, now)}, on ${last.displayName === '' ? last.run : last.displayName}</dd>`;
}

/** The current value, of which run, and whether it meets the condition; or why there is none. */
function nowWords({ current, metricLogged, runs }: AutomationStatus): Html {
  if (metricLogged === false) return html`no run has logged its metric`;
  if (current === null) return html`${runs === 0 ? 'no run goes on' : metricLogged === null ? 'nothing to compare' : 'too few values yet'}`;
  return html`${current.shown} in ${current.displayName === '' ? current.run : current.displayName} ${current.isMet ? badge('condition met', 'bad') : badge('not met', 'good')}`;
}
