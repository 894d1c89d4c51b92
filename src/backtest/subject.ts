import type { Rule } from '../engine/rule.ts';
import type { RunSnapshot } from '../engine/run.ts';
import type { RunFilter } from '../engine/run-filter.ts';
import { compileMatch } from '../route/match.ts';

/** A run automation that is tried on past runs. */
export interface Subject {
  readonly rule: Rule;
  readonly isEnabled: boolean;
  /** For people: `project train`. */
  readonly scope: string;
  /** Which runs it is about. */
  readonly filter: RunFilter;
  /** Why it cannot be tried; `undefined`: it can. */
  readonly skipped: string | undefined;
}

/** The metrics of a run that a rule looks at, by the names of the config. */
export function watchedMetrics({ condition }: Rule, run: Pick<RunSnapshot, 'loggedMetrics'>): string[] {
  switch (condition.kind) {
    case 'nonfinite': {
      if (typeof condition.metrics === 'string') return [condition.metrics];
      const { matches } = compileMatch(condition.metrics);
      return [...run.loggedMetrics].filter(matches);
    }
    case 'state':
    case 'silent':
      return [];
    default:
      return [condition.metric];
  }
}

/** The one metric that a rule names; `undefined` of states, and of a rule for all metrics of a kind. */
export function namedMetric({ condition }: Rule): string | undefined {
  if (condition.kind === 'state' || condition.kind === 'silent') return undefined;
  if (condition.kind === 'nonfinite') return typeof condition.metrics === 'string' ? condition.metrics : undefined;
  return condition.metric;
}

/** Why a rule cannot be tried on past runs; `undefined`: it can. */
export function skipReason({ rule: { condition }, skipped }: Pick<Subject, 'rule' | 'skipped'>): string | undefined {
  if (skipped !== undefined) return skipped;
  if (condition.kind !== 'silent') return undefined;
  return 'not simulated: W&B keeps no record of when a run was silent, only of what it logged';
}

/** What a back-test of this rule does not simulate, one sentence each. */
export function simulationNotes({ condition, engine }: Rule): string[] {
  const notes: string[] = [];
  if (engine === 'wandb') {
    notes.push(
      "W&B's own evaluation is not documented in every detail, and it comes after a delay: both are not simulated. At most one firing in 24 hours for each run, as W&B documents",
    );
  }
  if (condition.kind === 'state') {
    notes.push('W&B keeps only the final state of a run: states in between, and how often one came back, are not simulated');
    if (condition.graceMs > 0) notes.push('`grace` is not simulated: a crash that stayed the final state counts');
  }
  if (condition.kind === 'nonfinite' && typeof condition.metrics !== 'string') {
    notes.push('Only metrics that the run itself logged are looked at, no system metrics');
  }
  if (condition.kind === 'zscore') {
    notes.push(
      condition.over === 'runs'
        ? 'Compared with the last values of the runs that began before'
        : 'Compared with the values that the run itself logged before',
    );
  }
  return notes;
}
