import { type Automation, describeScope } from '../automation/automation.ts';
import { compileRule } from '../engine/compile.ts';
import { compileRunFilter } from '../engine/run-filter.ts';
import { messageOf } from '../lib/error-message.ts';
import type { Subject } from './subject.ts';

/**
 * A run automation of either engine, to be tried on past runs, also one that is not enabled. `undefined`: it is about no runs,
 * or its team is not known.
 */
export function subjectOf(automation: Automation, entity: string | undefined): Subject | undefined {
  const rule = compileRule({ ...automation, enabled: true }, entity);
  if (rule === undefined) return undefined;
  const filter = filterOf(automation.runs);
  return {
    rule,
    isEnabled: automation.enabled !== false,
    scope: describeScope(automation.scope),
    ...(typeof filter === 'string' ? { filter: NO_RUNS, skipped: filter } : { filter, skipped: undefined }),
  };
}

const NO_RUNS: Subject['filter'] = { matches: () => false, server: undefined, fields: [] };

/** W&B takes filters that we cannot evaluate; then the reason. */
function filterOf(runs: Automation['runs']): Subject['filter'] | string {
  try {
    return compileRunFilter(runs);
  } catch (error) {
    return `not simulated: ${messageOf(error)}`;
  }
}
