import type { Amount, Condition } from '../engine/rule.ts';

/**
 * How far the compared number is beyond the limit: positive beyond it, negative before it, in the unit of that number.
 * `undefined` where there is no such distance.
 *
 * @param value as `Firing.value` and `CurrentValue.value` have it: of a relative change the fraction
 */
export function marginOf(condition: Condition, value: number): number | undefined {
  if (Number.isNaN(value)) return undefined;
  switch (condition.kind) {
    case 'threshold':
      return thresholdMargin(condition.comparison, value, condition.threshold);
    case 'change': {
      const amount = sizeOf(condition.amount);
      if (condition.comparison === 'increases_by') return value - amount;
      return condition.comparison === 'decreases_by' ? -value - amount : Math.abs(value) - amount;
    }
    case 'zscore': {
      const { direction, threshold } = condition;
      if (direction === 'above') return value - threshold;
      return direction === 'below' ? -value - threshold : Math.abs(value) - threshold;
    }
    case 'stall':
      return sizeOf(condition.lessThan) - Math.abs(value);
    default:
      return undefined;
  }
}

function thresholdMargin(comparison: (Condition & { kind: 'threshold' })['comparison'], value: number, threshold: number): number {
  switch (comparison) {
    case 'above':
    case 'above_or_equal_to':
      return value - threshold;
    case 'below':
    case 'below_or_equal_to':
      return threshold - value;
    case 'equal_to':
      return -Math.abs(value - threshold);
    case 'not_equal_to':
      return Math.abs(value - threshold);
  }
}

/** The lines to draw beside the compared number; none where there is no such line. */
export function limitsOf(condition: Condition): number[] {
  switch (condition.kind) {
    case 'threshold':
      return [condition.threshold];
    case 'change': {
      const amount = sizeOf(condition.amount);
      if (condition.comparison === 'changes_by') return [amount, -amount];
      return [condition.comparison === 'decreases_by' ? -amount : amount];
    }
    case 'zscore': {
      const { threshold, direction } = condition;
      if (direction === 'either') return [threshold, -threshold];
      return [direction === 'below' ? -threshold : threshold];
    }
    case 'stall':
      return [sizeOf(condition.lessThan)];
    default:
      return [];
  }
}

function sizeOf(amount: Amount): number {
  return amount.kind === 'absolute' ? amount.value : amount.fraction;
}
