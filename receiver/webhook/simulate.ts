import type { RelayEvent } from '../../src/event.ts';
import type { NewId } from '../../src/id.ts';
import type { JsonValue } from '../../src/json.ts';
import { type Route, routeMatches, whyNot } from '../../src/route.ts';
import type { TargetRequest } from '../../src/target.ts';

export interface SimulatedRoute {
  readonly route: string;
  readonly matches: boolean;
  /** Why it does not match. */
  readonly why: readonly string[];
  /** Dispatches wait for an approval first. */
  readonly held: boolean;
  readonly requests: readonly SimulatedRequest[];
}

export type SimulatedRequest = { readonly target: string } & ({ readonly request: TargetRequest } | { readonly problem: string });

/** What an event would start, and why not. Sends nothing, stores nothing. */
export function simulateRoutes(routes: readonly Route[], event: RelayEvent, payload: JsonValue, newId: NewId): SimulatedRoute[] {
  return routes.map((route) => {
    if (!routeMatches(route, event)) return { route: route.name, matches: false, why: whyNot(route, event), held: false, requests: [] };
    const requests = route.targets.map((target): SimulatedRequest => {
      const built = target.build({ delivery_id: newId(), route: route.name, event: { ...event, payload } });
      return { target: target.name, ...(built.ok ? { request: built.value } : { problem: built.error }) };
    });
    return { route: route.name, matches: true, why: [], held: route.approval !== undefined, requests };
  });
}

/** Whether the target of a route that matches waits for an approval: messages do not. */
export function waits(route: SimulatedRoute, { target }: SimulatedRequest): boolean {
  return route.held && !target.startsWith('slack:');
}
