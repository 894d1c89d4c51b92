import type { Condition, MetricCondition } from '../engine/rule.ts';
import { distanceTo, limitOf } from '../engine/verdict.ts';

/**
 * How far the compared number is beyond the limit: positive beyond it, negative before it, in the unit of that number.
 * `undefined` where there is no such distance.
 *
 * @param value as `Firing.value` and `CurrentValue.value` have it: of a relative change the fraction
 */
export function marginOf(condition: Condition, value: number): number | undefined {
  if (!isMetricCondition(condition)) return undefined;
  const distance = distanceTo(condition, value);
  return Number.isNaN(distance) ? undefined : -distance;
}

export function isMetricCondition(condition: Condition): condition is MetricCondition {
  return condition.kind === 'threshold' || condition.kind === 'change' || condition.kind === 'zscore' || condition.kind === 'stall';
}

/** The lines to draw beside the compared number; none where there is no such line. */
export function limitsOf(condition: Condition): number[] {
  switch (condition.kind) {
    case 'threshold':
      return [condition.threshold];
    case 'change': {
      const amount = limitOf(condition.amount);
      if (condition.comparison === 'changes_by') return [amount, -amount];
      return [condition.comparison === 'decreases_by' ? -amount : amount];
    }
    case 'zscore': {
      const { threshold, direction } = condition;
      if (direction === 'either') return [threshold, -threshold];
      return [direction === 'below' ? -threshold : threshold];
    }
    case 'stall':
      return [limitOf(condition.lessThan)];
    default:
      return [];
  }
}

/** Whether a condition is met below its limit. Of two limits this is about the first. */
export function firesBelow(condition: Condition): boolean {
  switch (condition.kind) {
    case 'stall':
      return true;
    case 'threshold':
      return condition.comparison.startsWith('below');
    case 'change':
      return condition.comparison === 'decreases_by';
    case 'zscore':
      return condition.direction === 'below';
    default:
      return false;
  }
}
