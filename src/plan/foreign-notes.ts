import { isSameRepository, readMark } from '../automation/ownership.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import type { PlanOwner } from './claim.ts';

/** What to do about automations of other repositories, once for each of these repositories: a fork has all of them there. */
export function foreignNotes(
  live: readonly LiveTrigger[],
  changes: readonly { readonly action: string; readonly id?: string }[],
  { repository }: PlanOwner,
): string[] {
  const refused = new Set(changes.filter(({ action }) => action === 'refused').map(({ id }) => id));
  const counts = new Map<string, number>();
  for (const { id, description } of live) {
    const { mark } = readMark(description);
    if (mark === undefined || !refused.has(id) || isSameRepository(mark.repository, repository)) continue;
    counts.set(mark.repository, (counts.get(mark.repository) ?? 0) + 1);
  }
  return [...counts].map(
    ([other, count]) =>
      `${count} ${count === 1 ? 'automation belongs' : 'automations belong'} to ${other}, and this repository is ${repository}. In a fork, plan and apply in ${other} instead. If the repository was renamed, pass --migrate-from ${other}. To take over a single one, add "adopt: { from: ${other} }" to its definition`,
  );
}

/** What to do about automations without a definition here, when it is unknown whether they are this config's. */
export function sharedNote(count: number, { namespace }: PlanOwner): string {
  return `${count} ${count === 1 ? 'automation has' : 'automations have'} the namespace ${namespace} and no definition in this config. Another config of this repository has that namespace, too, so ${count === 1 ? 'it is' : 'they are'} kept: declare a "namespace" of its own in each of them`;
}
