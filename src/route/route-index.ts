import type { RelayEvent } from '../event/event.ts';
import type { JsonValue } from '../lib/json.ts';
import { type Route, routeMatches } from './route.ts';

/** The routes that match an event, in the order of the config file. */
export type MatchRoutes = (event: RelayEvent, payload: JsonValue) => Route[];

interface Numbered {
  readonly route: Route;
  readonly place: number;
}

/**
 * Finds the routes that match without asking each of them. A route that wants one of a few exact values of a field is only
 * asked about events that have one of them there; of several such fields, the one that the most routes want by different
 * values is used. The other routes are asked about every event.
 */
export function indexRoutes(routes: readonly Route[]): MatchRoutes {
  const numbered = routes.map((route, place): Numbered => ({ route, place }));
  const fields = [...new Set(routes.flatMap(({ literals }) => literals.map(({ name }) => name)))];
  const spread = new Map(fields.map((field) => [field, spreadOf(routes, field)]));
  const byField = new Map<string, Map<string, Numbered[]>>();
  const others: Numbered[] = [];
  for (const entry of numbered) {
    const best = entry.route.literals.toSorted((a, b) => (spread.get(b.name) ?? 0) - (spread.get(a.name) ?? 0))[0];
    if (best === undefined) {
      others.push(entry);
      continue;
    }
    const byValue = byField.get(best.name) ?? new Map<string, Numbered[]>();
    byField.set(best.name, byValue);
    for (const value of new Set(best.values)) byValue.set(value, [...(byValue.get(value) ?? []), entry]);
  }
  const indexed = [...byField].map(([name, byValue]) => ({ read: readerOf(routes, name), byValue }));

  return (event, payload) => {
    const candidates = [...others];
    for (const { read, byValue } of indexed) {
      const value = read(event);
      const found = value === undefined ? undefined : byValue.get(value);
      if (found !== undefined) candidates.push(...found);
    }
    return candidates
      .filter(({ route }) => routeMatches(route, event, payload))
      .sort((a, b) => a.place - b.place)
      .map(({ route }) => route);
  };
}

/** How many different values routes want of a field. */
function spreadOf(routes: readonly Route[], field: string): number {
  return new Set(routes.flatMap(({ literals }) => literals.filter(({ name }) => name === field).flatMap(({ values }) => values))).size;
}

function readerOf(routes: readonly Route[], field: string): (event: RelayEvent) => string | undefined {
  const literal = routes.flatMap(({ literals }) => literals).find(({ name }) => name === field);
  return literal?.read ?? (() => undefined);
}
