import type { PlanPart } from './plan-parts.ts';

/** Automations that are refused for one reason. */
export interface Refusals {
  readonly reason: string;
  readonly parts: readonly PlanPart[];
}

/** The refused parts of a plan by reason, in their order, so that one cause is reported once. */
export function refusalsIn(parts: readonly PlanPart[]): Refusals[] {
  const groups = new Map<string, PlanPart[]>();
  for (const part of parts) {
    if (part.action !== 'refused') continue;
    const reason = part.change?.reason ?? '';
    groups.set(reason, [...(groups.get(reason) ?? []), part]);
  }
  return [...groups].map(([reason, grouped]) => ({ reason, parts: grouped }));
}
