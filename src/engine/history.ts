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
  /** `nearest`, `last` and `onCompared` are not needed. Faster: most values cannot bring a threshold's firing about. */
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
  if (evaluation instanceof MetricEvaluation && 'metric' in condition) {
    return history.onlyFirings ? findFirings(condition, evaluation, history.points) : judgeMetric(condition, evaluation, history);
  }
  return condition.kind === 'nonfinite' ? judgeNonfinite(evaluation, metricsOf(condition), history) : new Findings().result(undefined);
}

/** Points of a history are in order, and none is of the future. */
const ALL = { fill: false, now: Number.POSITIVE_INFINITY };

/** What was found on the way through a history. */
class Findings {
  points = 0;
  nonfinite = 0;
  /** The least distance from the limit so far. */
  least = Number.POSITIVE_INFINITY;
  isMet = false;
  last: number | undefined;
  private nearest: NearestMiss | undefined;
  private readonly firings: (Firing & { margin: number | undefined; heldMs: number })[] = [];
  private metMs = 0;
  private metSince = Number.NaN;

  /** Takes what came of a point, and whether the condition is true there. */
  take(point: Point, found: readonly Firing[], isMet: boolean, margin: number | undefined): void {
    this.isMet = isMet;
    for (const firing of found) if (firing.kind === 'firing') this.firings.push({ ...firing, margin, heldMs: 0 });
    if (!isMet) this.end(point.at);
    else if (Number.isNaN(this.metSince)) this.metSince = point.at;
  }

  /** Takes a number that did not meet the condition, and was nearer to its limit than any before. */
  miss(point: Point, compared: number, distance: number): void {
    this.least = distance;
    this.nearest = { x: point.x, at: point.at, value: compared, distance };
  }

  /** @param latest the last point */
  result(latest: Point | undefined): HistoryResult {
    const isMetAtEnd = !Number.isNaN(this.metSince);
    if (latest !== undefined) this.end(latest.at);
    const { firings, points, nonfinite, metMs, last } = this;
    return { firings, points, nonfinite, nearest: firings.length > 0 ? undefined : this.nearest, metMs, isMetAtEnd, last };
  }

  /** The condition, if it was true, was so until then. */
  private end(at: number): void {
    if (Number.isNaN(this.metSince)) return;
    this.metMs += at - this.metSince;
    const firing = this.firings.at(-1);
    if (firing !== undefined && firing.at >= this.metSince) firing.heldMs = at - firing.at;
    this.metSince = Number.NaN;
  }
}

/** Points one by one, with the number that was compared at each. */
function judgeMetric(condition: MetricCondition, evaluation: MetricEvaluation, history: RunHistory): HistoryResult {
  const findings = new Findings();
  let latest: Point | undefined;
  for (const point of history.points) {
    if (!evaluation.takes(point)) continue;
    latest = point;
    findings.points += 1;
    if (!Number.isFinite(point.value)) findings.nonfinite += 1;
    const found = evaluation.add(point, ALL);
    const compared = evaluation.lastCompared;
    history.onCompared?.(point, compared);
    if (found.length > 0 || evaluation.isMet !== findings.isMet) {
      findings.take(point, found, evaluation.isMet, -distanceTo(condition, compared));
    }
    if (!evaluation.isMet && distanceTo(condition, compared) < findings.least && !meets(condition, compared)) {
      findings.miss(point, compared, distanceTo(condition, compared));
    }
  }
  findings.last = Number.isNaN(evaluation.lastCompared) ? undefined : evaluation.lastCompared;
  return findings.result(latest);
}

/** The same firings, without a look at the values that cannot bring one about. */
function findFirings(condition: MetricCondition, evaluation: MetricEvaluation, points: readonly Point[]): HistoryResult {
  const findings = new Findings();
  const isOfRule = metricsOf(condition);
  const quiet = QuietStretch.of(condition);
  let [count, nonfinite, lastX, latest] = [0, 0, Number.NEGATIVE_INFINITY, -1];
  let isBehind = false;
  for (let place = 0; place < points.length; place += 1) {
    const point = points[place] as Point;
    if (!isOfRule(point.metric) || point.x <= lastX) continue;
    lastX = point.x;
    latest = place;
    count += 1;
    if (!Number.isFinite(point.value)) nonfinite += 1;
    if (quiet?.take(point.value, place) === true && !evaluation.isMet) {
      isBehind = true;
      continue;
    }
    if (isBehind) catchUp(evaluation, points, quiet?.latest() ?? [], place);
    isBehind = false;
    const found = evaluation.add(point, ALL);
    if (found.length > 0 || evaluation.isMet !== findings.isMet) {
      findings.take(point, found, evaluation.isMet, -distanceTo(condition, evaluation.lastCompared));
    }
  }
  findings.points = count;
  findings.nonfinite = nonfinite;
  return findings.result(points[latest]);
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
  let latest: Point | undefined;
  for (const point of history.points) {
    if (!isOfRule(point.metric)) continue;
    latest = point;
    findings.points += 1;
    if (!Number.isFinite(point.value)) findings.nonfinite += 1;
    const found = evaluation.add(point, ALL);
    history.onCompared?.(point, point.value);
    findings.take(point, found, evaluation.current().isMet, undefined);
  }
  findings.last = evaluation.current().value;
  return findings.result(latest);
}

/** The grace has passed long ago: it is left out. */
function judgeState(rule: Rule, run: RunSnapshot): HistoryResult {
  const { condition } = rule;
  const evaluation = startEvaluation(condition.kind === 'state' ? { ...rule, condition: { ...condition, graceMs: 0 } } : rule);
  const found = evaluation.observe(run, { fill: false, now: run.heartbeatAt, lastRowAt: undefined });
  const firings = found.map((firing) => ({ ...firing, margin: undefined, heldMs: 0 }));
  return { ...new Findings().result(undefined), firings, isMetAtEnd: evaluation.current().isMet };
}
