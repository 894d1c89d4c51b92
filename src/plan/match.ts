import { readMark } from '../automation/ownership.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import { isHere, isManaged, isMine, isOurRepository, type PlanOwner } from './claim.ts';
import type { DesiredTrigger } from './desired-trigger.ts';

/**
 * The automation of a definition, in this order: by this config's mark in its scope, by a mark without a namespace in its
 * scope, by this config's mark in another scope, by the key that it had, by a mark of another namespace in its scope, by its
 * name. Whether the definition may have it is `claimOn`'s decision.
 */
export function findLive(
  desired: DesiredTrigger,
  live: readonly LiveTrigger[],
  owner: PlanOwner,
  keys: ReadonlyMap<string, number>,
  taken: ReadonlySet<string>,
): LiveTrigger | undefined {
  const { key, movedFrom, input } = desired;
  const free = live.filter((trigger) => !taken.has(trigger.id));
  const mine = free.filter((trigger) => isMine(trigger, owner));
  const inScope = free.filter((trigger) => isHere(desired, trigger));
  const here = (list: readonly LiveTrigger[], wanted: string | undefined) =>
    list.find((trigger) => isHere(desired, trigger) && keyOf(trigger) === wanted);
  const unnamed = inScope.filter(
    (trigger) => isOfRepository(trigger, owner) && readMark(trigger.description).mark?.namespace === undefined,
  );
  const inPlace = here(mine, key) ?? here(unnamed, key);
  if (inPlace !== undefined) return inPlace;
  // A key that only one definition has identifies it in any scope. A name that several scopes share does not.
  const managed = mine.filter((trigger) => isManaged(trigger, owner));
  const elsewhere = keys.get(key) === 1 ? managed.find((trigger) => keyOf(trigger) === key) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  const oldKey = movedFrom === undefined || keys.has(movedFrom) ? undefined : movedFrom;
  const others = inScope.filter((trigger) => isOfRepository(trigger, owner));
  const byOldKey = (list: readonly LiveTrigger[]) => (oldKey === undefined ? undefined : here(list, oldKey));
  const moved = byOldKey(mine) ?? byOldKey(unnamed) ?? managed.find((trigger) => oldKey !== undefined && keyOf(trigger) === oldKey);
  const marked = moved ?? here(others, key) ?? byOldKey(others);
  if (marked !== undefined) return marked;
  // Skip one of ours that another definition claims by its key and then renames.
  const unclaimed = inScope.filter((trigger) => !(isOfRepository(trigger, owner) && keys.has(keyOf(trigger))));
  return (
    unclaimed.find((trigger) => trigger.name === input.name) ??
    unclaimed.find((trigger) => trigger.name === movedFrom && !isOfRepository(trigger, owner))
  );
}

function isOfRepository(trigger: LiveTrigger, owner: PlanOwner): boolean {
  const { mark } = readMark(trigger.description);
  return mark !== undefined && isOurRepository(mark, owner);
}

/** The key in the mark, else the name. */
export function keyOf(trigger: LiveTrigger): string {
  return readMark(trigger.description).mark?.key ?? trigger.name;
}
