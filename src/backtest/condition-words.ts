import type { Condition, Rule } from '../engine/rule.ts';
import { numberWords } from '../event/metric-words.ts';
import { durationInConfig, durationWords } from '../lib/duration.ts';
import { orWords } from '../lib/or-words.ts';
import { matchText } from '../route/match.ts';
import { amountWords, limitNumber, windowWords } from './variants.ts';

const COMPARISONS = {
  above: 'above',
  above_or_equal_to: 'at or above',
  below: 'below',
  below_or_equal_to: 'at or below',
  equal_to: 'equal to',
  not_equal_to: 'not equal to',
} as const;

const CHANGES = { increases_by: 'increases by', decreases_by: 'decreases by', changes_by: 'changes by' } as const;

/** What a rule compares, in a line: `average of 5 values of loss above 8`. Plain text with names from outside. */
export function conditionWords({ condition, forPoints }: Pick<Rule, 'condition' | 'forPoints'>): string {
  const row = forPoints > 1 ? `, ${forPoints} points in a row` : '';
  return `${wordsOf(condition)}${row}`;
}

function wordsOf(condition: Condition): string {
  switch (condition.kind) {
    case 'threshold':
      return `${comparedName(condition)} ${COMPARISONS[condition.comparison]} ${limitNumber(condition.threshold)}`;
    case 'change': {
      const { aggregate, metric, comparison, amount } = condition;
      const what = aggregate === undefined ? metric : `${aggregate} of ${metric} (${windowWords(condition)})`;
      return `${what} ${CHANGES[comparison]} at least ${amountWords(amount)}`;
    }
    case 'zscore': {
      const { metric, threshold, direction, over } = condition;
      const sign = direction === 'either' ? '±' : direction === 'below' ? '−' : '';
      const way = direction === 'either' ? 'beyond' : direction;
      return `z-score of ${metric} over ${windowWords(condition)}${over === 'runs' ? ' of the project' : ''} ${way} ${sign}${limitNumber(threshold)}`;
    }
    case 'nonfinite':
      return `NaN or infinity in ${matchText(condition.metrics)}`;
    case 'stall':
      return `${condition.metric} changes by less than ${amountWords(condition.lessThan)} over ${windowWords(condition)}`;
    case 'silent':
      return `running, and no new row for ${durationInConfig(condition.forMs)}`;
    case 'state': {
      const { states, longerThanMs, graceMs } = condition;
      const long = longerThanMs > 0 ? `, after more than ${durationInConfig(longerThanMs)}` : '';
      return `run ${orWords(states)}${long}${graceMs > 0 ? `, for ${durationInConfig(graceMs)}` : ''}`;
    }
  }
}

/** `average of 5 values of loss`; without an aggregate the metric's name. */
export function comparedName(condition: Condition & { kind: 'threshold' }): string {
  const { aggregate, metric } = condition;
  return aggregate === undefined ? metric : `${aggregate} of ${windowWords(condition)} of ${metric}`;
}

/** What the compared number is called in a chart or a table. */
export function valueName(condition: Condition): string {
  switch (condition.kind) {
    case 'threshold':
      return comparedName(condition);
    case 'change':
      return `change of ${condition.metric}`;
    case 'zscore':
      return `z-score of ${condition.metric}`;
    case 'stall':
      return `change of ${condition.metric} over ${windowWords(condition)}`;
    case 'nonfinite':
      return matchText(condition.metrics);
    default:
      return 'state';
  }
}

/** The compared number for people: a relative change is `+31 %`, the milliseconds of a silence are `31 min`. */
export function valueWords(condition: Condition, value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '−Infinity';
  if (condition.kind === 'silent') return durationWords(value);
  const isRelative =
    (condition.kind === 'change' && condition.amount.kind === 'relative') ||
    (condition.kind === 'stall' && condition.lessThan.kind === 'relative');
  const sign = condition.kind === 'change' && value > 0 ? '+' : '';
  const words = numberWords(isRelative ? value * 100 : value).replace(/^-/, '−');
  return `${sign}${words}${isRelative ? ' %' : ''}`;
}
