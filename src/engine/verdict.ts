import type { Amount, MetricCondition } from './rule.ts';

/** Whether a number that `Measure` made meets the condition. NaN meets none, also not `not_equal_to`. */
export function meets(condition: MetricCondition, compared: number): boolean {
  if (Number.isNaN(compared)) return false;
  switch (condition.kind) {
    case 'threshold':
      return meetsThreshold(condition.comparison, compared, condition.threshold);
    case 'change':
      return changeTowards(condition.comparison, compared) >= limitOf(condition.amount);
    case 'zscore':
      return changeTowards(condition.direction, compared) > condition.threshold;
    case 'stall':
      return compared < limitOf(condition.lessThan);
  }
}

/**
 * How far a number is from meeting the condition: 0 or less when it meets it, and then how far beyond the limit it is. A number
 * on the limit of a strict comparison has 0 without meeting it. NaN for NaN.
 */
export function distanceTo(condition: MetricCondition, compared: number): number {
  switch (condition.kind) {
    case 'threshold':
      return distanceToThreshold(condition.comparison, compared - condition.threshold);
    case 'change':
      return limitOf(condition.amount) - changeTowards(condition.comparison, compared);
    case 'zscore':
      return condition.threshold - changeTowards(condition.direction, compared);
    case 'stall':
      return compared - limitOf(condition.lessThan);
  }
}

function distanceToThreshold(comparison: Extract<MetricCondition, { kind: 'threshold' }>['comparison'], above: number): number {
  switch (comparison) {
    case 'above':
    case 'above_or_equal_to':
      return 0 - above;
    case 'below':
    case 'below_or_equal_to':
      return above;
    case 'equal_to':
      return Math.abs(above);
    case 'not_equal_to':
      return 0 - Math.abs(above);
  }
}

/** The limit as the config has it: an amount, or a fraction. */
export function limitOf(amount: Amount): number {
  return amount.kind === 'absolute' ? amount.value : amount.fraction;
}

function meetsThreshold(comparison: Extract<MetricCondition, { kind: 'threshold' }>['comparison'], value: number, limit: number): boolean {
  switch (comparison) {
    case 'above':
      return value > limit;
    case 'above_or_equal_to':
      return value >= limit;
    case 'below':
      return value < limit;
    case 'below_or_equal_to':
      return value <= limit;
    case 'equal_to':
      return value === limit;
    case 'not_equal_to':
      return value !== limit;
  }
}

/** The change in the direction that counts. */
function changeTowards(direction: 'increases_by' | 'decreases_by' | 'changes_by' | 'above' | 'below' | 'either', change: number): number {
  switch (direction) {
    case 'increases_by':
    case 'above':
      return change;
    case 'decreases_by':
    case 'below':
      return -change;
    default:
      return Math.abs(change);
  }
}
