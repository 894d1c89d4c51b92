import type { Series } from '../../../src/backtest/series.ts';
import type { Condition, Rule } from '../../../src/engine/rule.ts';

/** Milliseconds between two steps of a series. */
export const STEP_MS = 60_000;
export const DAY_MS = 86_400_000;

/** A rule with everything that a test does not care about. */
export function ruleOf(condition: Condition, changes: Partial<Rule> = {}): Rule {
  return {
    key: 'k',
    version: '1',
    name: 'one',
    type: 'run_metric',
    engine: 'relay',
    entity: 'acme',
    project: 'train',
    runs: undefined,
    condition,
    refireMs: DAY_MS,
    forPoints: 1,
    resolve: false,
    dryRun: false,
    ...changes,
  };
}

/** `loss above 8`, of the latest value or of an aggregate. */
export function above(threshold: number, changes: Partial<Extract<Condition, { kind: 'threshold' }>> = {}): Condition {
  return { kind: 'threshold', metric: 'loss', aggregate: undefined, window: 1, comparison: 'above', threshold, ...changes };
}

/** A value for each minute since `from`. */
export function seriesOf(values: readonly number[], { metric = 'loss', from = 0 } = {}): Series {
  return {
    metric,
    axis: 'step',
    x: Float64Array.from(values, (_, step) => step),
    at: Float64Array.from(values, (_, step) => from + step * STEP_MS),
    value: Float64Array.from(values),
  };
}
