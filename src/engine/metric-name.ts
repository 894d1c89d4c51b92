import { compileMatch, type Match } from '../route/match.ts';
import type { Condition } from './rule.ts';

const SYSTEM = 'system.';

/**
 * The other name of a metric. W&B's rows call a system metric `system.cpu`, its automations `cpu`; both are accepted.
 * Source: W&B's documentation of automations.
 */
export function otherMetricName(metric: string): string {
  return metric.startsWith(SYSTEM) ? metric.slice(SYSTEM.length) : `${SYSTEM}${metric}`;
}

/** The metrics of a condition; none of those that have no metric. */
export function metricsOf(condition: Condition): (metric: string) => boolean {
  switch (condition.kind) {
    case 'state':
    case 'silent':
      return () => false;
    case 'nonfinite':
      return metricMatcher(condition.metrics);
    default:
      return metricMatcher(condition.metric);
  }
}

const matchers = new WeakMap<object, (metric: string) => boolean>();

/** A MATCH of metric names: a system metric's with and without `system.`. Compiled once, and asked once for each name. */
export function metricMatcher(match: Match): (metric: string) => boolean {
  if (typeof match === 'string') {
    const other = otherMetricName(match);
    return (metric) => metric === match || metric === other;
  }
  let matches = matchers.get(match);
  if (matches === undefined) {
    matches = remembering(matchEitherName(match));
    matchers.set(match, matches);
  }
  return matches;
}

/** What is excluded is excluded by either name. */
function matchEitherName(match: Exclude<Match, string>): (metric: string) => boolean {
  const { matches } = compileMatch(match);
  if (match.not !== undefined || match.not_in !== undefined) return (metric) => matches(metric) && matches(otherMetricName(metric));
  return (metric) => matches(metric) || matches(otherMetricName(metric));
}

const MAX_NAMES = 4096;

function remembering(matches: (metric: string) => boolean): (metric: string) => boolean {
  const answers = new Map<string, boolean>();
  return (metric) => {
    let answer = answers.get(metric);
    if (answer === undefined) {
      if (answers.size === MAX_NAMES) answers.clear();
      answer = matches(metric);
      answers.set(metric, answer);
    }
    return answer;
  };
}
