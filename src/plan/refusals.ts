import type { PlannedChange } from './plan.ts';

/** Changes that are refused for one reason. */
export interface Refusals {
  readonly reason: string;
  readonly changes: readonly PlannedChange[];
}

/** The refused changes of a plan by reason, in the order of the plan, so that one cause is reported once. */
export function refusalsIn(changes: readonly PlannedChange[]): Refusals[] {
  const groups = new Map<string, PlannedChange[]>();
  for (const change of changes) {
    if (change.action !== 'refused') continue;
    const reason = change.reason ?? '';
    groups.set(reason, [...(groups.get(reason) ?? []), change]);
  }
  return [...groups].map(([reason, grouped]) => ({ reason, changes: grouped }));
}
