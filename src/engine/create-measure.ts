import type { Measure } from './measure.ts';
import type { MetricCondition } from './rule.ts';
import { AggregateOfWindow, ChangeMeasure, LatestValue, StallMeasure } from './window-measure.ts';
import { RunsZScore, ValuesZScore } from './zscore-measure.ts';

/** The measure of a condition, with windows of its own. */
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
