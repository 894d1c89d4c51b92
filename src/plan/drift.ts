import { readMark } from '../automation/ownership.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import { stateDigest, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import { type DesiredTrigger, identityOf, type Plan, type PlannedChange } from './plan.ts';

/**
 * What kind of difference a planned change is. The mark of ownership carries a digest of what was last applied:
 *
 * - `drift`: somebody changed, or deleted, what was applied; the definition did not move
 * - `definition`: the definition has moved and was not applied yet; W&B is as it was left
 * - `both`
 */
export type DriftKind = 'drift' | 'definition' | 'both';

export interface DriftedChange {
  readonly kind: DriftKind;
  readonly change: PlannedChange;
}

/** Tells drift at W&B apart from definitions that are not applied yet. A refused deletion is neither. */
export function findDrift(plan: Plan, desired: readonly DesiredTrigger[], live: readonly LiveTrigger[]): DriftedChange[] {
  const intended = new Map(
    desired.map((one) => [identityOf({ key: one.key, scope: one.scope.description }), stateDigest(stateOfInput(one.input))]),
  );
  const existing = new Map(live.map((trigger) => [trigger.id, trigger]));
  return plan.changes.flatMap((change): DriftedChange[] => {
    if (change.action === 'unchanged') return [];
    // What is defined and no longer ours was taken over, or lost its mark when somebody edited its description.
    if (change.action === 'refused') return intended.has(identityOf(change)) ? [{ kind: 'drift', change }] : [];
    // What is defined and not there was deleted, or never applied: on the branch that is applied, both are drift.
    if (change.action === 'create') return [{ kind: 'drift', change }];
    const trigger = existing.get(change.id ?? '');
    const applied = trigger === undefined ? undefined : readMark(trigger.description).mark?.applied;
    if (trigger === undefined || change.action === 'delete') return [{ kind: 'definition', change }];
    // One that is adopted has no mark until its first change: like what is not there, it differs from what was applied.
    if (applied === undefined) return [{ kind: 'drift', change }];
    const moved = intended.get(identityOf(change)) !== applied;
    const drifted = stateDigest(stateOfLive(trigger)) !== applied;
    return [{ kind: drifted ? (moved ? 'both' : 'drift') : 'definition', change }];
  });
}
