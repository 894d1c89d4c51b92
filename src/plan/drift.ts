import { readMark } from '../automation/ownership.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import { stateDigest, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import type { DesiredTrigger } from './desired-trigger.ts';
import { identityOf, type Plan, type PlannedChange } from './plan.ts';

/**
 * Which side of a planned change moved since the last apply. The mark of ownership has a digest of the state applied last.
 *
 * - `drift`: the automation was changed or deleted at W&B
 * - `definition`: the definition was changed and not applied yet
 * - `both`
 */
export type DriftKind = 'drift' | 'definition' | 'both';

export interface DriftedChange {
  readonly kind: DriftKind;
  readonly change: PlannedChange;
}

/** Separates drift at W&B from definitions that are not applied yet. A refused deletion is neither. Pure. */
export function findDrift(plan: Plan, desired: readonly DesiredTrigger[], live: readonly LiveTrigger[]): DriftedChange[] {
  const intended = new Map(
    desired.map((one) => [identityOf({ key: one.key, scope: one.scope.description }), stateDigest(stateOfInput(one.input))]),
  );
  const existing = new Map(live.map((trigger) => [trigger.id, trigger]));
  return plan.changes.flatMap((change): DriftedChange[] => {
    if (change.action === 'unchanged') return [];
    // It is defined and not ours any more: it was taken over, or an edit of its description removed the mark.
    if (change.action === 'refused') return intended.has(identityOf(change)) ? [{ kind: 'drift', change }] : [];
    // It is defined and missing: it was deleted, or never applied. On the branch that is applied, both are drift.
    if (change.action === 'create') return [{ kind: 'drift', change }];
    const trigger = existing.get(change.id ?? '');
    const applied = trigger === undefined ? undefined : readMark(trigger.description).mark?.applied;
    if (trigger === undefined || change.action === 'delete') return [{ kind: 'definition', change }];
    // An adopted automation has no mark until its first change, so its state was never applied.
    if (applied === undefined) return [{ kind: 'drift', change }];
    const moved = intended.get(identityOf(change)) !== applied;
    const drifted = stateDigest(stateOfLive(trigger)) !== applied;
    return [{ kind: drifted ? (moved ? 'both' : 'drift') : 'definition', change }];
  });
}
