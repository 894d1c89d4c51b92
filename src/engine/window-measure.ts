import { type Measure, settle } from './measure.ts';
import type { NumberReader } from './number-store.ts';
import type { Aggregate, Amount, MetricCondition } from './rule.ts';
import { AverageWindow } from './window/average-window.ts';
import { ExtremeQueue, ExtremeWindow, ValueRing } from './window/extreme-window.ts';
import type { Window } from './window/window.ts';

function slotsOf(aggregate: Aggregate, size: number): number {
  return aggregate === 'average' ? AverageWindow.slots(size) : ExtremeWindow.slots(size);
}

function createWindow(aggregate: Aggregate, table: Float64Array, offset: number, size: number): Window {
  return aggregate === 'average' ? new AverageWindow(table, offset, size) : new ExtremeWindow(table, offset, size, aggregate);
}

/** A logged value is compared as it is. */
export class LatestValue implements Measure {
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

export class AggregateOfWindow implements Measure {
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

export class ChangeMeasure implements Measure {
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

/** By how much the metric changed over the window: its greatest value less its least. Relative: as a fraction of the oldest one. */
export class StallMeasure implements Measure {
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
