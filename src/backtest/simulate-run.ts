import { type Evaluation, type Firing, NOTHING, type StartEvaluation } from '../engine/evaluation.ts';
import type { Rule } from '../engine/rule.ts';
import type { Point, RunSnapshot } from '../engine/run.ts';
import { marginOf } from './margin.ts';
import type { Series } from './series.ts';

/** A run with what it logged of the metrics that a rule watches. */
export interface RunHistory {
  readonly run: RunSnapshot;
  readonly series: readonly Series[];
}

export interface SimulationSetting {
  /** Firings before this time are not counted: the rule is thought to have been live all along. Milliseconds since 1970. */
  readonly since: number;
  readonly now: number;
  /** For a z-score over runs: the summary values of the runs before this one, the latest last. */
  readonly population?: readonly number[];
}

/** A firing, and what followed. */
export interface SimulatedFiring {
  readonly firing: Firing;
  /** Positive beyond the limit; `undefined` where there is no such number. */
  readonly margin: number | undefined;
  lastedMs: number;
  hasEnded: boolean;
}

/** Where the compared number came closest to the limit. */
export interface Closest {
  readonly value: number;
  readonly margin: number;
  readonly x: number;
  readonly at: number;
  readonly metric: string;
}

/** What one rule makes of one run. */
export interface RunOutcome {
  readonly points: number;
  readonly notFinite: number;
  readonly firings: readonly SimulatedFiring[];
  /** How long the condition was true. Milliseconds. */
  readonly metMs: number;
  readonly closest: Closest | undefined;
  /** The compared number at each point of the one series; NaN where there was none. Empty of several series. */
  readonly compared: Float64Array;
}

/** Runs one rule over one run, and keeps all that is shown of it. */
export function simulateRun(start: StartEvaluation, rule: Rule, history: RunHistory, setting: SimulationSetting): RunOutcome {
  const evaluation = begin(start, rule, setting);
  if (rule.condition.kind === 'state') return simulateStates(evaluation, rule.condition, history.run, setting);
  const [only, ...more] = history.series;
  const compared = new Float64Array(more.length === 0 ? (only?.value.length ?? 0) : 0).fill(Number.NaN);
  const watch = watchFirings(rule, setting.since);
  const options = { fill: false, now: setting.now };
  let [points, notFinite] = [0, 0];
  eachPoint(history.series, (point) => {
    const fired = evaluation.add(point, options);
    const { value, isMet } = evaluation.current();
    if (value !== undefined && points < compared.length) compared[points] = value;
    points++;
    if (!Number.isFinite(point.value)) notFinite++;
    watch.step(point, value, isMet, fired);
  });
  return { points, notFinite, compared, ...watch.end() };
}

/** How often each of several rules would have fired on one run: as `simulateRun`, without what is shown of it. */
export function countFirings(start: StartEvaluation, rules: readonly Rule[], history: RunHistory, setting: SimulationSetting): number[] {
  const isCounted = ({ kind, at }: Firing): boolean => kind === 'firing' && at >= setting.since;
  const evaluations = rules.map((rule) => begin(start, rule, setting));
  const counts = rules.map(({ condition }, i) => {
    const evaluation = evaluations[i];
    if (condition.kind !== 'state' || evaluation === undefined) return 0;
    return observations(evaluation, condition, history.run, setting.now).filter(isCounted).length;
  });
  const options = { fill: false, now: setting.now };
  eachPoint(history.series, (point) => {
    for (let i = 0; i < evaluations.length; i++) {
      const fired = evaluations[i]?.add(point, options) ?? NOTHING;
      if (fired.length > 0) counts[i] = (counts[i] ?? 0) + fired.filter(isCounted).length;
    }
  });
  return counts;
}

function begin(start: StartEvaluation, rule: Rule, { population }: SimulationSetting): Evaluation {
  const { condition } = rule;
  // Whether a crash came back within the grace is not known any more: it is taken as passed.
  const evaluation = start(condition.kind === 'state' ? { ...rule, condition: { ...condition, graceMs: 0 } } : rule);
  if (condition.kind === 'zscore' && condition.over === 'runs') evaluation.population((population ?? []).slice(-condition.window));
  return evaluation;
}

/** Follows the condition from point to point. */
function watchFirings(rule: Rule, since: number) {
  const firings: SimulatedFiring[] = [];
  let open: SimulatedFiring | undefined;
  let metSince: number | undefined;
  let metMs = 0;
  let last = 0;
  let closest: Closest | undefined;
  return {
    step: (point: Point, value: number | undefined, isMet: boolean, fired: readonly Firing[]): void => {
      last = point.at;
      const margin = value === undefined ? undefined : marginOf(rule.condition, value);
      if (value !== undefined && margin !== undefined && (closest === undefined || margin > closest.margin)) {
        closest = { value, margin, x: point.x, at: point.at, metric: point.metric };
      }
      if (isMet) metSince ??= point.at;
      else if (metSince !== undefined) {
        metMs += point.at - Math.max(metSince, since);
        metSince = undefined;
      }
      if (!isMet && open !== undefined) {
        open.lastedMs = point.at - open.firing.at;
        open.hasEnded = true;
        open = undefined;
      }
      for (const firing of fired) {
        if (firing.kind !== 'firing' || firing.at < since) continue;
        const beyond = firing.value === undefined ? undefined : marginOf(rule.condition, firing.value);
        open = { firing, margin: beyond, lastedMs: 0, hasEnded: false };
        firings.push(open);
      }
    },
    end: (): Pick<RunOutcome, 'firings' | 'metMs' | 'closest'> => {
      if (open !== undefined) open.lastedMs = Math.max(0, last - open.firing.at);
      if (metSince !== undefined) metMs += Math.max(0, last - Math.max(metSince, since));
      return { firings, metMs: Math.max(0, metMs), closest };
    },
  };
}

type StateCondition = Extract<Rule['condition'], { kind: 'state' }>;

function simulateStates(
  evaluation: Evaluation,
  condition: StateCondition,
  run: RunSnapshot,
  { since, now }: SimulationSetting,
): RunOutcome {
  const fired = observations(evaluation, condition, run, now).filter(({ kind, at }) => kind === 'firing' && at >= since);
  const firings = fired.map((firing): SimulatedFiring => ({ firing, margin: undefined, lastedMs: 0, hasEnded: false }));
  return { points: 0, notFinite: 0, firings, metMs: 0, closest: undefined, compared: new Float64Array(0) };
}

/**
 * A run's life as far as W&B keeps it: it began to run, and now it is in its final state. Which states were in between, nobody
 * knows any more.
 */
function observations(evaluation: Evaluation, { longerThanMs }: StateCondition, run: RunSnapshot, now: number): readonly Firing[] {
  const [began, end] = [Math.min(run.createdAt, now), Math.min(run.heartbeatAt, now)];
  const observe = (at: number, state: string): readonly Firing[] =>
    evaluation.observe({ ...run, state, heartbeatAt: at }, { fill: false, now: at, lastRowAt: undefined });
  const isLong = longerThanMs > 0 && began + longerThanMs < end;
  return [...observe(began, 'running'), ...(isLong ? observe(began + longerThanMs, 'running') : []), ...observe(end, run.state)];
}

/**
 * Calls `visit` with each point of all series, in the order in which they were logged. It is one object whose fields change: an
 * evaluation keeps none, and ten thousand objects for each run are most of the time that they take.
 */
function eachPoint(series: readonly Series[], visit: (point: Point) => void): void {
  const [only] = series;
  if (only === undefined) return;
  const point: Mutable<Point> = { metric: only.metric, x: 0, at: 0, value: 0 };
  const visitAt = ({ metric, x, at, value }: Series, i: number): void => {
    point.metric = metric;
    point.x = x[i] ?? 0;
    point.at = at[i] ?? 0;
    point.value = value[i] ?? Number.NaN;
    visit(point);
  };
  if (series.length === 1) {
    for (let i = 0; i < only.x.length; i++) visitAt(only, i);
    return;
  }
  for (const [one, i] of inOrder(series)) visitAt(one, i);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The places of all series by the time at which they were logged; those of one series stay in its order. */
function inOrder(series: readonly Series[]): [Series, number][] {
  const places = series.flatMap((one) => Array.from(one.x, (_, i): [Series, number] => [one, i]));
  return places.sort(([a, i], [b, j]) => (a.at[i] ?? 0) - (b.at[j] ?? 0));
}
