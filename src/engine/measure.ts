import type { NumberReader } from './number-store.ts';
import type { Aggregate, Amount, MetricCondition } from './rule.ts';
import { AverageWindow } from './window/average-window.ts';
import { ExtremeQueue, ExtremeWindow, ValueRing } from './window/extreme-window.ts';
import { MomentsWindow } from './window/moments-window.ts';
import type { Window } from './window/window.ts';

/** Makes the number that a condition compares from the values that were logged. O(1) for each value, and constant memory. */
export interface Measure {
  /**
   * Takes the next value, and returns the number that is compared. NaN: there is none, because a window is not full, has a NaN
   * in it, or the number does not exist (a fraction of zero, a z-score without a deviation).
   */
  add(value: number): number;
  /** What the last number was made from, or itself; see `Firing.values`. */
  parts(compared: number): number[];
  /** Forgets all values. */
  reset(): void;
  save(out: number[]): void;
  restore(saved: NumberReader): void;
}

export function createMeasure(condition: MetricCondition): Measure {
  switch (condition.kind) {
    case 'threshold':
      return condition.aggregate === undefined
        ? new LatestValue()
        : new AggregateOfWindow(condition.aggregate, condition.window, condition.threshold);
    case 'change':
      return new ChangeMeasure(condition);
    case 'zscore':
      return condition.over === 'runs' ? new RunsZScore(condition.window) : new ValuesZScore(condition.window);
    case 'stall':
      return new StallMeasure(condition);
  }
}

/**
 * The result of arithmetic, with the error of arithmetic taken away: as close to the limit as a few last digits, it is the
 * limit. So 0.4 to 0.5 is an increase by 25%, and the average of 0.1, 0.2 and 0.3 is 0.2.
 *
 * @param scale the largest number that took part
 */
function settle(result: number, limit: number, scale: number): number {
  const apart = Math.abs(result - limit);
  return apart <= 4 * Number.EPSILON * scale && apart < Number.POSITIVE_INFINITY ? limit : result;
}

function slotsOf(aggregate: Aggregate, size: number): number {
  return aggregate === 'average' ? AverageWindow.slots(size) : ExtremeWindow.slots(size);
}

function createWindow(aggregate: Aggregate, table: Float64Array, offset: number, size: number): Window {
  return aggregate === 'average' ? new AverageWindow(table, offset, size) : new ExtremeWindow(table, offset, size, aggregate);
}

/** A logged value is compared as it is. */
class LatestValue implements Measure {
  add(value: number): number {
    return value;
  }

  parts(compared: number): number[] {
    return [compared];
  }

  reset(): void {
    // Nothing is remembered.
  }

  save(): void {
    // Nothing is remembered.
  }

  restore(): void {
    // Nothing is remembered.
  }
}

class AggregateOfWindow implements Measure {
  private readonly window: Window;
  private readonly threshold: number;
  /** Only an average is a result of arithmetic. */
  private readonly scale: number;

  constructor(aggregate: Aggregate, window: number, threshold: number) {
    this.threshold = threshold;
    this.scale = aggregate === 'average' ? Math.abs(threshold) : 0;
    this.window = createWindow(aggregate, new Float64Array(slotsOf(aggregate, window)), 0, window);
  }

  add(value: number): number {
    return settle(this.window.push(value), this.threshold, this.scale);
  }

  parts(compared: number): number[] {
    return [compared];
  }

  reset(): void {
    this.window.reset();
  }

  save(out: number[]): void {
    this.window.save(out);
  }

  restore(saved: NumberReader): void {
    this.window.restore(saved);
  }
}

class ChangeMeasure implements Measure {
  private readonly current: Window;
  private readonly prior: Window;
  /** The values of the current window: each goes on to the prior window when it leaves this one. */
  private readonly delay: ValueRing;
  private readonly amount: Amount;
  private readonly sense: number;
  private before = Number.NaN;
  private now = Number.NaN;

  constructor({ aggregate = 'average', window, priorWindow, comparison, amount }: Extract<MetricCondition, { kind: 'change' }>) {
    const [a, b] = [slotsOf(aggregate, window), slotsOf(aggregate, priorWindow)];
    const table = new Float64Array(a + b + window);
    this.current = createWindow(aggregate, table, 0, window);
    this.prior = createWindow(aggregate, table, a, priorWindow);
    this.delay = new ValueRing(table, a + b, window);
    this.amount = amount;
    this.sense = { increases_by: 1, decreases_by: -1, changes_by: 0 }[comparison];
  }

  add(value: number): number {
    if (this.delay.isFull) this.before = this.prior.push(this.delay.oldest());
    this.delay.push(value);
    this.now = this.current.push(value);
    const { before, now, amount } = this;
    const limit = amount.kind === 'absolute' ? amount.value : amount.fraction;
    const signed = limit * (this.sense || Math.sign(now - before));
    const scale = Math.max(Math.abs(before), Math.abs(now));
    if (amount.kind === 'absolute') return settle(now - before, signed, scale);
    // Nothing is a fraction of zero, but no change is none.
    if (before === 0) return now === 0 ? 0 : Number.NaN;
    const size = Math.abs(before);
    return settle((now - before) / size, signed, scale / size);
  }

  parts(): number[] {
    return [this.before, this.now];
  }

  reset(): void {
    for (const part of [this.current, this.prior, this.delay]) part.reset();
    this.before = Number.NaN;
    this.now = Number.NaN;
  }

  save(out: number[]): void {
    out.push(this.before, this.now);
    for (const part of [this.current, this.prior, this.delay]) part.save(out);
  }

  restore(saved: NumberReader): void {
    this.before = saved.next();
    this.now = saved.next();
    for (const part of [this.current, this.prior, this.delay]) part.restore(saved);
  }
}

/** How many deviations a value is from a mean; NaN when there is no deviation, except for the mean itself. */
function zScore(value: number, mean: number, deviation: number): number {
  if (deviation === 0) return value === mean ? 0 : Number.NaN;
  return Number.isFinite(deviation) ? (value - mean) / deviation : Number.NaN;
}

/** Each value against the `window` values before it. It is not one of them itself: of n values none is ever more than √(n-1) deviations from their mean. */
class ValuesZScore implements Measure {
  private readonly window: MomentsWindow;
  private mean = Number.NaN;
  private last = Number.NaN;

  constructor(size: number) {
    this.window = new MomentsWindow(new Float64Array(MomentsWindow.slots(size)), 0, size);
  }

  add(value: number): number {
    this.last = value;
    this.mean = this.window.mean();
    const score = zScore(value, this.mean, this.window.deviation());
    this.window.push(value);
    return score;
  }

  parts(): number[] {
    return [this.mean, this.last];
  }

  reset(): void {
    this.window.reset();
    this.mean = Number.NaN;
    this.last = Number.NaN;
  }

  save(out: number[]): void {
    out.push(this.mean, this.last);
    this.window.save(out);
  }

  restore(saved: NumberReader): void {
    this.mean = saved.next();
    this.last = saved.next();
    this.window.restore(saved);
  }
}

/** Each value against the summary values of the project's last runs. */
export class RunsZScore implements Measure {
  private readonly size: number;
  private mean = Number.NaN;
  private deviation = Number.NaN;
  private last = Number.NaN;

  constructor(size: number) {
    this.size = size;
  }

  /** The latest runs first. Values that are not finite are left out; with fewer than the window there is no z-score. */
  population(values: readonly number[]): void {
    const taken = values.filter(Number.isFinite).slice(0, this.size);
    const moments = new MomentsWindow(new Float64Array(MomentsWindow.slots(this.size)), 0, this.size);
    for (const value of taken) moments.push(value);
    this.mean = moments.mean();
    this.deviation = moments.deviation();
  }

  add(value: number): number {
    this.last = value;
    return zScore(value, this.mean, this.deviation);
  }

  parts(): number[] {
    return [this.mean, this.last];
  }

  /** The population is not the run's, so it stays. */
  reset(): void {
    this.last = Number.NaN;
  }

  save(out: number[]): void {
    out.push(this.mean, this.deviation, this.last);
  }

  restore(saved: NumberReader): void {
    this.mean = saved.next();
    this.deviation = saved.next();
    this.last = saved.next();
  }
}

/** By how much the metric changed over the window: its greatest value less its least. Relative: as a fraction of the oldest one. */
class StallMeasure implements Measure {
  private readonly ring: ValueRing;
  private readonly least: ExtremeQueue;
  private readonly greatest: ExtremeQueue;
  private readonly limit: Amount;
  private oldest = Number.NaN;
  private last = Number.NaN;

  constructor({ window, lessThan }: Extract<MetricCondition, { kind: 'stall' }>) {
    const table = new Float64Array(3 * window);
    this.ring = new ValueRing(table, 0, window);
    this.least = new ExtremeQueue(table, { ring: 0, queue: window }, window, 'min');
    this.greatest = new ExtremeQueue(table, { ring: 0, queue: 2 * window }, window, 'max');
    this.limit = lessThan;
  }

  add(value: number): number {
    const index = this.ring.push(value);
    this.least.push(index);
    this.greatest.push(index);
    this.last = value;
    this.oldest = this.ring.oldest();
    if (!this.ring.isComplete) return Number.NaN;
    const [least, greatest] = [this.least.value(), this.greatest.value()];
    const change = greatest - least;
    const scale = Math.max(Math.abs(least), Math.abs(greatest));
    if (this.limit.kind === 'absolute') return settle(change, this.limit.value, scale);
    if (change === 0) return 0;
    const size = Math.abs(this.oldest);
    return size === 0 ? Number.POSITIVE_INFINITY : settle(change / size, this.limit.fraction, scale / size);
  }

  parts(): number[] {
    return [this.oldest, this.last];
  }

  reset(): void {
    for (const part of [this.ring, this.least, this.greatest]) part.reset();
    this.oldest = Number.NaN;
    this.last = Number.NaN;
  }

  save(out: number[]): void {
    out.push(this.oldest, this.last);
    for (const part of [this.ring, this.least, this.greatest]) part.save(out);
  }

  restore(saved: NumberReader): void {
    this.oldest = saved.next();
    this.last = saved.next();
    for (const part of [this.ring, this.least, this.greatest]) part.restore(saved);
  }
}
