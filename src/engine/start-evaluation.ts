import type { StartEvaluation } from './evaluation.ts';
import { MetricEvaluation } from './metric-evaluation.ts';
import { NonfiniteEvaluation } from './nonfinite-evaluation.ts';
import { SilenceEvaluation } from './silence-evaluation.ts';
import { StateEvaluation } from './state-evaluation.ts';

/** Begins an evaluation of one rule on one run, or goes on with a saved one. */
export const startEvaluation: StartEvaluation = (rule, saved) => {
  const { condition } = rule;
  switch (condition.kind) {
    case 'nonfinite':
      return new NonfiniteEvaluation(rule, condition.metrics, saved);
    case 'silent':
      return new SilenceEvaluation(rule, condition.forMs, saved);
    case 'state':
      return new StateEvaluation(rule, condition, saved);
    default:
      return new MetricEvaluation(rule, condition, saved);
  }
};
