import type { Evaluation, Firing } from './evaluation.ts';
import { MetricEvaluation } from './metric-evaluation.ts';
import { metricsOf } from './metric-name.ts';
import { QuietStretch } from './quiet-stretch.ts';
import type { Condition, MetricCondition, Rule } from './rule.ts';
import type { Point, RunSnapshot } from './run.ts';
import { startEvaluation } from './start-evaluation.ts';
import { distanceTo, meets } from './verdict.ts';

/** All that a run has logged, and how it ended. */
export interface RunHistory {
  readonly run: RunSnapshot;
  /** In the order of their steps; those of other metrics are passed over. */
  readonly points: readonly Point[];
  /** The summary values of the runs before it, for a z-score over runs. */
  readonly population?: readonly number[];
  /** Nothing but the firings is needed: `nearest` and `last` are left out. Faster. */
  readonly onlyFirings?: boolean;
  /** Is shown each point with the number that was compared there (NaN: none), for charts. */
  readonly onCompared?: (point: Point, compared: number) => void;
}

export type HistoryFiring = Firing & {
  /** How far beyond the limit the compared number was; `undefined` of conditions without a limit. */
  readonly margin: number | undefined;
  /** How long the condition stayed true from there: milliseconds. */
  readonly heldMs: number;
};

export interface NearestMiss {
  readonly x: number;
  readonly at: number;
  readonly value: number;
  /** How far it was from the limit. */
  readonly distance: number;
}

export interface HistoryResult {
  readonly firings: readonly HistoryFiring[];
  /** How many values of its metrics were logged, and how many of them are NaN or infinite. */
  readonly points: number;
  readonly nonfinite: number;
  /** When nothing fired: where the condition was nearest. */
  readonly nearest: NearestMiss | undefined;
  /** How long the condition was true, firing or not: milliseconds. */
  readonly metMs: number;
  readonly isMetAtEnd: boolean;
  /** The number that was last compared. */
  readonly last: number | undefined;
}

/** Whether what would have fired can be found in a history: it does not show when a run was silent. */
export function canBeSimulated(condition: Condition): boolean {
  return condition.kind !== 'silent';
}

/**
 * What a rule would have done on a run that is over, or has come so far. Every point counts, from the first. A state is judged
 * by how the run ended, at its last heartbeat, with `grace` passed.
 */
export function evaluateHistory(rule: Rule, history: RunHistory): HistoryResult {
  const { condition } = rule;
  if (condition.kind === 'state') return judgeState(rule, history.run);
  const evaluation = startEvaluation(rule);
  evaluation.population(history.population ?? []);
  if (evaluation instanceof MetricEvaluation && 'metric' in condition) return judgeMetric(condition, evaluation, history);
  return condition.kind === 'nonfinite' ? judgeNonfinite(evaluation, metricsOf(condition), history) : new Findings().result(undefined);
}

/** Points of a history are in order, and none is of the future. */
const ALL = { fill: false, now: Number.POSITIVE_INFINITY };

/** What was found on the way through a history. */
class Findings {
  points = 0;
  nonfinite = 0;
  nearest: NearestMiss | undefined;
  private readonly firings: (Firing & { margin: number | undefined; heldMs: number })[] = [];
  private metMs = 0;
  private metSince = Number.NaN;
  private lastAt = Number.NaN;

  /** Takes a point that changes nothing. */
  pass(point: Point): void {
    this.points += 1;
    if (!Number.isFinite(point.value)) this.nonfinite += 1;
    this.lastAt = point.at;
  }

  /** Takes a point, what came of it, and whether the condition is true there. */
  take(point: Point, found: readonly Firing[], isMet: boolean, margin: number | undefined): void {
    this.pass(point);
    for (const firing of found) if (firing.kind === 'firing') this.firings.push({ ...firing, margin, heldMs: 0 });
    if (!isMet) this.end();
    else if (Number.isNaN(this.metSince)) this.metSince = point.at;
  }

  /** Takes a number that did not meet the condition. */
  miss(point: Point, compared: number, distance: number): void {
    if (this.firings.length > 0 || !(distance < (this.nearest?.distance ?? Number.POSITIVE_INFINITY))) return;
    this.nearest = { x: point.x, at: point.at, value: compared, distance };
  }

  result(last: number | undefined): HistoryResult {
    const isMetAtEnd = !Number.isNaN(this.metSince);
    this.end();
    const { firings, points, nonfinite, metMs } = this;
    return { firings, points, nonfinite, nearest: firings.length > 0 ? undefined : this.nearest, metMs, isMetAtEnd, last };
  }

  /** The condition was true until the latest point. */
  private end(): void {
    if (Number.isNaN(this.metSince)) return;
    this.metMs += this.lastAt - this.metSince;
    const firing = this.firings.at(-1);
    if (firing !== undefined && firing.at >= this.metSince) firing.heldMs = this.lastAt - firing.at;
    this.metSince = Number.NaN;
  }
}

function judgeMetric(condition: MetricCondition, evaluation: MetricEvaluation, history: RunHistory): HistoryResult {
  const { points, onCompared } = history;
  const findings = new Findings();
  const isOfRule = metricsOf(condition);
  const quiet = history.onlyFirings === true && onCompared === undefined ? QuietStretch.of(condition) : undefined;
  let lastX = Number.NEGATIVE_INFINITY;
  let isBehind = false;
  for (const [place, point] of points.entries()) {
    if (!isOfRule(point.metric) || point.x <= lastX) continue;
    lastX = point.x;
    if (quiet?.take(point.value, place) === true && !evaluation.isMet) {
      findings.pass(point);
      isBehind = true;
      continue;
    }
    if (isBehind) catchUp(evaluation, points, quiet?.latest() ?? [], place);
    isBehind = false;
    const found = evaluation.add(point, ALL);
    const compared = evaluation.lastCompared;
    onCompared?.(point, compared);
    findings.take(point, found, evaluation.isMet, found.length === 0 ? undefined : -distanceTo(condition, compared));
    if (history.onlyFirings !== true && !meets(condition, compared)) findings.miss(point, compared, distanceTo(condition, compared));
  }
  const last = history.onlyFirings === true ? Number.NaN : evaluation.lastCompared;
  return findings.result(Number.isNaN(last) ? undefined : last);
}

/** Fills the window with the values that were passed over before this place. */
function catchUp(evaluation: MetricEvaluation, points: readonly Point[], places: readonly number[], before: number): void {
  evaluation.rewind();
  for (const place of places) {
    const point = points[place];
    if (point !== undefined && place < before) evaluation.add(point, { ...ALL, fill: true });
  }
}

function judgeNonfinite(evaluation: Evaluation, isOfRule: (metric: string) => boolean, history: RunHistory): HistoryResult {
  const findings = new Findings();
  for (const point of history.points) {
    if (!isOfRule(point.metric)) continue;
    const found = evaluation.add(point, ALL);
    history.onCompared?.(point, point.value);
    findings.take(point, found, evaluation.current().isMet, undefined);
  }
  return findings.result(evaluation.current().value);
}

/** The grace has passed long ago: it is left out. */
function judgeState(rule: Rule, run: RunSnapshot): HistoryResult {
  const { condition } = rule;
  const evaluation = startEvaluation(condition.kind === 'state' ? { ...rule, condition: { ...condition, graceMs: 0 } } : rule);
  const found = evaluation.observe(run, { fill: false, now: run.heartbeatAt, lastRowAt: undefined });
  const firings = found.map((firing) => ({ ...firing, margin: undefined, heldMs: 0 }));
  return { ...new Findings().result(undefined), firings, isMetAtEnd: evaluation.current().isMet };
}
