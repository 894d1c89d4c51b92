import type { Aggregate, Amount, MetricCondition } from '../../../src/engine/rule.ts';

/**
 * The meaning of the conditions in the plainest form: every number is made again from all values so far. Averages are exact:
 * sums of doubles are computed in whole numbers.
 *
 * Returns what is compared after the last of the values; NaN: nothing.
 */
export function comparedByReference(condition: MetricCondition, values: readonly number[]): number {
  switch (condition.kind) {
    case 'threshold':
      return aggregateOf(condition.aggregate, lastOf(values, condition.window));
    case 'change': {
      const { window, priorWindow, aggregate } = condition;
      const now = aggregateOf(aggregate, lastOf(values, window));
      const before = aggregateOf(aggregate, lastOf(values.slice(0, Math.max(0, values.length - window)), priorWindow));
      return relativeTo(condition.amount, now - before, before);
    }
    case 'zscore': {
      const window = lastOf(values.slice(0, -1), condition.window);
      if (window === undefined || !window.every(Number.isFinite)) return Number.NaN;
      return zScoreByReference(values.at(-1) ?? Number.NaN, window);
    }
    case 'stall': {
      const window = lastOf(values, condition.window);
      if (window === undefined || window.some(Number.isNaN)) return Number.NaN;
      const change = Math.max(...window) - Math.min(...window);
      if (condition.lessThan.kind === 'absolute' || change === 0) return change;
      const oldest = Math.abs(window[0] ?? 0);
      return oldest === 0 ? Number.POSITIVE_INFINITY : change / oldest;
    }
  }
}

/** A z-score with the deviation of the population, in two passes. */
export function zScoreByReference(value: number, population: readonly number[]): number {
  const mean = exactAverage(population);
  const deviation = deviationByReference(population);
  if (new Set(population).size === 1) return value === population[0] ? 0 : Number.NaN;
  if (deviation === 0 || !Number.isFinite(deviation)) return Number.NaN;
  return (value - mean) / deviation;
}

export function deviationByReference(population: readonly number[]): number {
  const mean = exactAverage(population);
  return Math.sqrt(population.reduce((sum, one) => sum + (one - mean) ** 2, 0) / population.length);
}

function lastOf(values: readonly number[], count: number): readonly number[] | undefined {
  return values.length < count ? undefined : values.slice(values.length - count);
}

function aggregateOf(aggregate: Aggregate | undefined, window: readonly number[] | undefined): number {
  if (window === undefined || window.some(Number.isNaN)) return Number.NaN;
  if (aggregate === 'min') return Math.min(...window);
  if (aggregate === 'max') return Math.max(...window);
  return exactAverage(window);
}

function relativeTo(amount: Amount, change: number, before: number): number {
  if (amount.kind === 'absolute') return change;
  if (before === 0) return change === 0 ? 0 : Number.NaN;
  return change / Math.abs(before);
}

const UNIT_BITS = 1074n;

/** The average of doubles, right to the last digit but one: their sum is exact, in units of the smallest double. */
export function exactAverage(values: readonly number[]): number {
  if (!values.every(Number.isFinite)) return values.reduce((sum, value) => sum + value, 0) / values.length;
  const sum = values.reduce((total, value) => total + inUnits(value), 0n);
  return fromUnits(sum) / values.length;
}

function inUnits(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const exponent = (raw >> 52n) & 0x7ffn;
  const fraction = raw & 0xfffffffffffffn;
  const units = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return value < 0 ? -units : units;
}

function fromUnits(units: bigint): number {
  const size = units < 0n ? -units : units;
  const drop = BigInt(Math.max(0, size.toString(2).length - 64));
  const scaled = Number(size >> drop);
  // 2 ** -1074 times a power of two up to 2 ** 2046: in two steps, so that neither is beyond a double.
  const power = Number(drop - UNIT_BITS);
  const value = scaled * 2 ** Math.trunc(power / 2) * 2 ** (power - Math.trunc(power / 2));
  return units < 0n ? -value : value;
}
