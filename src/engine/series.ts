import type { Evaluation, Firing } from './evaluation.ts';
import { metricsOf } from './metric-name.ts';
import type { Rule } from './rule.ts';
import { isLive, type RunSnapshot } from './run.ts';
import { startEvaluation } from './start-evaluation.ts';

/** A run that is made up, for the unit test of an automation. Its index in a list is a step, and each step takes `intervalMs`. */
export interface SeriesRun {
  /** Values by metric name; `undefined`: none was logged at this step. */
  readonly series: Readonly<Record<string, readonly (number | undefined)[]>>;
  /** The run's state at each step; the last one lasts to the end. Empty: the state of `run`. */
  readonly states: readonly string[];
  readonly intervalMs: number;
  /** What is known of the run. Default: it is running, and was created at `startAt`. */
  readonly run?: Partial<RunSnapshot>;
  /** The summary values of other runs, for a z-score over runs. */
  readonly population?: readonly number[];
  /** The time of step 0, milliseconds since 1970. Default 0. */
  readonly startAt?: number;
}

export type SeriesFiring = Firing & { readonly step: number };

/** What an automation concluded at one step. */
export interface SeriesStep {
  readonly step: number;
  readonly at: number;
  readonly state: string;
  /** The number that was compared; `undefined`: none. */
  readonly value: number | undefined;
  readonly isMet: boolean;
  /** The logged values that number was made from, the oldest first. */
  readonly window: readonly number[];
}

/** Evaluates a rule on a run that is made up: what fires, and what was compared at each step. Every step counts, from the first. */
export function evaluateSeries(rule: Rule, given: SeriesRun): { firings: SeriesFiring[]; steps: SeriesStep[] } {
  const { series, states, intervalMs, startAt = 0 } = given;
  const evaluation = startEvaluation(rule);
  const isOfRule = metricsOf(rule.condition);
  evaluation.population(given.population ?? []);
  const firings: SeriesFiring[] = [];
  const steps: SeriesStep[] = [];
  const logged: number[] = [];
  const count = Math.max(0, states.length, ...Object.values(series).map((values) => values.length));
  let lastRowAt: number | undefined;
  let run = madeUpRun(given);
  for (let step = 0; step < count; step += 1) {
    const now = startAt + step * intervalMs;
    run = runAt(run, states[step] ?? run.state, now);
    const found: Firing[] = [];
    for (const [metric, values] of Object.entries(series)) {
      const value = values[step];
      if (value === undefined) continue;
      lastRowAt = now;
      if (isOfRule(metric)) logged.push(value);
      found.push(...evaluation.add({ metric, x: step, at: now, value }, { fill: false, now }));
    }
    found.push(...evaluation.observe(run, { fill: false, now, lastRowAt }));
    firings.push(...found.map((firing) => ({ ...firing, step })));
    steps.push({ step, at: now, state: run.state, ...conclusionOf(evaluation), window: logged.slice(-windowOf(rule)) });
  }
  return { firings, steps };
}

function conclusionOf(evaluation: Evaluation): { readonly value: number | undefined; readonly isMet: boolean } {
  const { value, isMet } = evaluation.current();
  return { value, isMet };
}

/** How many logged values the compared number is made from. */
function windowOf({ condition }: Rule): number {
  switch (condition.kind) {
    case 'threshold':
    case 'stall':
      return condition.window;
    case 'change':
      return condition.window + condition.priorWindow;
    case 'zscore':
      return condition.over === 'values' ? condition.window + 1 : 1;
    default:
      return 1;
  }
}

function madeUpRun({ states, run, startAt = 0 }: SeriesRun): RunSnapshot {
  return {
    id: '',
    name: 'test',
    displayName: 'test',
    state: states[0] ?? 'running',
    createdAt: startAt,
    heartbeatAt: startAt,
    username: undefined,
    userName: undefined,
    tags: [],
    group: undefined,
    jobType: undefined,
    sweep: undefined,
    lastStep: undefined,
    loggedMetrics: new Set(),
    summary: {},
    ...run,
    ...(states[0] === undefined ? {} : { state: states[0] }),
  };
}

/** A run beats while it is live, and as it ends. */
function runAt(run: RunSnapshot, state: string, now: number): RunSnapshot {
  const next = { ...run, state };
  return isLive(next) || state !== run.state ? { ...next, heartbeatAt: now } : next;
}
