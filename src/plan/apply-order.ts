import type { LiveTrigger, TriggerInput } from '../automation/trigger.ts';
import type { PlannedChange } from './plan.ts';

/** One mutation. */
export type ApplyStep =
  | { readonly kind: 'create'; readonly change: PlannedChange; readonly input: TriggerInput }
  | { readonly kind: 'update'; readonly change: PlannedChange; readonly id: string; readonly input: TriggerInput }
  /** A temporary rename: two automations swap their names. */
  | { readonly kind: 'make_room'; readonly change: PlannedChange; readonly id: string; readonly input: TriggerInput }
  | { readonly kind: 'delete'; readonly change: PlannedChange; readonly id: string };

/**
 * Orders the mutations of a plan so that every name is free when it is needed: names are unique in a scope (W&B).
 * Otherwise creations come first and deletions last, so that no automation is missing in between.
 */
export function applyOrder(changes: readonly PlannedChange[], live: readonly LiveTrigger[]): ApplyStep[] {
  const names = new Map(live.map((trigger) => [nameKey(trigger.scope.id, trigger.name), trigger.id]));
  const nameOf = new Map(live.map((trigger) => [trigger.id, nameKey(trigger.scope.id, trigger.name)]));
  const waiting = changes.flatMap(stepOf).sort((a, b) => RANK[a.kind] - RANK[b.kind]);
  const ordered: ApplyStep[] = [];
  const take = (step: ApplyStep): void => {
    ordered.push(step);
    if (step.kind !== 'create') names.delete(nameOf.get(step.id) ?? '');
    if (step.kind === 'create' || step.kind === 'delete') return;
    const key = nameKey(step.input.scopeID, step.input.name);
    names.set(key, step.id);
    nameOf.set(step.id, key);
  };
  /** The id of another automation that has the name that a step needs. */
  const holderOf = (step: ApplyStep): string | undefined => {
    if (step.kind === 'delete') return undefined;
    const holder = names.get(nameKey(step.input.scopeID, step.input.name));
    return step.kind !== 'create' && holder === step.id ? undefined : holder;
  };
  const willMove = (id: string): boolean => waiting.some((step) => step.kind !== 'create' && step.id === id);

  while (waiting.length > 0) {
    // If nothing frees the name, the server refuses the step.
    const next = waiting.findIndex((step) => {
      const holder = holderOf(step);
      return holder === undefined || !willMove(holder);
    });
    const [step] = waiting.splice(Math.max(next, 0), 1);
    if (step === undefined) break;
    if (next === -1 && step.kind === 'update') {
      // A cycle of renames: the first step takes a temporary name, and its real name later.
      take({ ...step, kind: 'make_room', input: { ...step.input, name: temporaryName(step.input.name, step.id) } });
      waiting.push(step);
    } else take(step);
  }
  return ordered;
}

const RANK = { create: 0, update: 1, make_room: 1, delete: 2 } as const;

function stepOf(change: PlannedChange): ApplyStep[] {
  const { action, id, input } = change;
  if (action === 'create' && input !== undefined) return [{ kind: 'create', change, input }];
  if (action === 'update' && input !== undefined && id !== undefined) return [{ kind: 'update', change, id, input }];
  return action === 'delete' && id !== undefined ? [{ kind: 'delete', change, id }] : [];
}

function nameKey(scopeId: string, name: string): string {
  return `${scopeId}\n${name}`;
}

/** At most 255 characters: W&B's limit. */
function temporaryName(name: string, id: string): string {
  return `${name.slice(0, 200)} (renaming ${id.slice(-8)})`;
}
