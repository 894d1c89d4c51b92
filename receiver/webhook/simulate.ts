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
  readonly requests: readonly SimulatedRequest[];
}

export type SimulatedRequest = {
  readonly target: string;
  /** It waits for an approval first. */
  readonly held: boolean;
} & ({ readonly request: TargetRequest } | { readonly problem: string });

/** What an event would start, and why not. Sends nothing, stores nothing. */
export function simulateRoutes(routes: readonly Route[], event: RelayEvent, payload: JsonValue, newId: NewId): SimulatedRoute[] {
  return routes.map((route) => {
    if (!routeMatches(route, event)) return { route: route.name, matches: false, why: whyNot(route, event), requests: [] };
    const requests = route.targets.map((target): SimulatedRequest => {
      const built = target.build({ delivery_id: newId(), route: route.name, event: { ...event, payload } });
      const held = route.approval !== undefined && target.kind !== 'slack';
      return { target: target.name, held, ...(built.ok ? { request: built.value } : { problem: built.error }) };
    });
    return { route: route.name, matches: true, why: [], requests };
  });
}
