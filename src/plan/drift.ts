import { isSameRepository, readMark } from '../automation/ownership.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import { type FieldChange, stateDigest, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import type { PlanOwner } from './claim.ts';
import { type ConfigNames, scopeWords } from './definition-view.ts';
import type { DesiredTrigger } from './desired-trigger.ts';
import { identityOf, type Plan, type PlannedChange } from './plan.ts';

/**
 * How W&B differs from what was applied. The mark of ownership has a digest of the state applied last.
 *
 * - `changed`: somebody changed the automation in W&B
 * - `missing`: it is defined, others of this config are in W&B, and this one is not. It was deleted there, or its definition is
 *   newer than the last apply: W&B keeps nothing by which the two could be told apart
 * - `not_applied`: its definition was added, changed or removed since, or nothing was applied yet. This is not drift
 */
export type DriftKind = 'changed' | 'missing' | 'not_applied';

export interface DriftedChange {
  readonly kind: DriftKind;
  /** Its definition has changed since the last apply, too. */
  readonly isRedefined: boolean;
  readonly change: PlannedChange;
  /** From what is defined to what W&B has. */
  readonly fields: readonly FieldChange[];
}

/** Drift itself, without what is not applied yet. */
export function isDrift({ kind }: DriftedChange): boolean {
  return kind !== 'not_applied';
}

/** Separates what was changed at W&B from definitions that are not applied yet. Pure. */
export function findDrift(
  plan: Plan,
  desired: readonly DesiredTrigger[],
  live: readonly LiveTrigger[],
  owner: Pick<PlanOwner, 'repository' | 'namespace'>,
): DriftedChange[] {
  const definitions = new Map(desired.map((one) => [identityOf({ key: one.key, scope: one.scope.description }), one]));
  const existing = new Map(live.map((trigger) => [trigger.id, trigger]));
  const isMarked = ({ id, action }: PlannedChange): boolean => {
    const trigger = action === 'refused' ? undefined : existing.get(id ?? '');
    return trigger !== undefined && readMark(trigger.description).mark !== undefined;
  };
  const wasApplied = plan.orphans.length > 0 || plan.changes.some(isMarked);
  return plan.changes.flatMap((change): DriftedChange[] => {
    const found = kindOf(change, definitions.get(identityOf(change)), existing.get(change.id ?? ''), wasApplied, owner);
    if (found === undefined) return [];
    return [{ ...found, change, fields: change.fields.map(({ path, before, after }) => ({ path, before: after, after: before })) }];
  });
}

function kindOf(
  change: PlannedChange,
  defined: DesiredTrigger | undefined,
  trigger: LiveTrigger | undefined,
  wasApplied: boolean,
  owner: Pick<PlanOwner, 'repository' | 'namespace'>,
): Pick<DriftedChange, 'kind' | 'isRedefined'> | undefined {
  const only = (kind: DriftKind) => ({ kind, isRedefined: false });
  if (change.action === 'unchanged') return undefined;
  if (change.action === 'create' || (trigger === undefined && defined !== undefined)) return only(wasApplied ? 'missing' : 'not_applied');
  if (defined === undefined || trigger === undefined) return change.action === 'refused' ? undefined : only('not_applied');
  const { mark } = readMark(trigger.description);
  if (mark === undefined) return only(defined.adopt === false && (wasApplied || isAsDefined(change)) ? 'changed' : 'not_applied');
  if (change.action === 'refused') {
    // Another repository took it over. Another config of this repository took nothing: this definition was never applied.
    if (!isSameRepository(mark.repository, owner.repository)) return only('changed');
    if (mark.namespace !== undefined && mark.namespace !== owner.namespace) return only('not_applied');
  }
  const isRedefined = stateDigest(stateOfInput(defined.input)) !== mark.applied;
  const isChanged = stateDigest(stateOfLive(trigger)) !== mark.applied;
  return { kind: isChanged ? 'changed' : 'not_applied', isRedefined };
}

/** An edit of the description in the app removes the mark. What else a definition says is still there. */
function isAsDefined({ fields }: PlannedChange): boolean {
  return fields.every(({ path }) => path === 'description' || path === 'enabled');
}

/** An automation at W&B that this config does not manage. */
export interface Unmanaged {
  readonly name: string;
  readonly scope: string;
  /** The repository that manages it, and its config there: `acme/models (ops.yaml)`; left out: nobody does. */
  readonly owner?: string;
}

/** The automations that no definition of this config is for. Pure. */
export function findUnmanaged(plan: Plan, live: readonly LiveTrigger[], names: ConfigNames): Unmanaged[] {
  const known = new Set(plan.changes.map(({ id }) => id));
  return live.flatMap((trigger): Unmanaged[] => {
    const scope = scopeWords(trigger.scope, names);
    const isOrphan = plan.orphans.some((orphan) => orphan.name === trigger.name && orphan.scope === scope);
    if (known.has(trigger.id) || isOrphan) return [];
    const { mark } = readMark(trigger.description);
    if (mark === undefined) return [{ name: trigger.name, scope }];
    const owner = mark.namespace === undefined ? mark.repository : `${mark.repository} (${mark.namespace})`;
    return [{ name: trigger.name, scope, owner }];
  });
}
