import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../../src/event/event.ts';
import { compileRoute, type Route, type RouteDefinition, routeMatches } from '../../../src/route/route.ts';
import { indexRoutes } from '../../../src/route/route-index.ts';
import { eventWith } from '../event/samples.ts';

const TO: RouteDefinition['to'] = [{ slack: { channel: '#ml' } }];
const word = fc.constantFrom('a', 'b', 'c');
const condition = fc.oneof(
  word,
  fc.array(word, { minLength: 1, maxLength: 3 }),
  word.map((text) => ({ not: text })),
  word.map((text) => ({ contains: text })),
  fc.array(word, { minLength: 1, maxLength: 2 }).map((list) => ({ in: list })),
  fc.array(word, { minLength: 1, maxLength: 2 }).map((list) => ({ not_in: list })),
  word.map((text) => ({ regex: `^${text}` })),
);
const definition = fc.record(
  {
    source: word,
    on: fc.record(
      { event: fc.constantFrom(...EVENT_TYPES), alias: condition, project: condition, payload: fc.record({ x: condition }) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['on'] },
);
const fields = fc.record(
  { type: fc.constantFrom(...EVENT_TYPES), source: word, alias: word, project: word },
  { requiredKeys: ['type', 'source'] },
);

const routesOf = (definitions: readonly Pick<RouteDefinition, 'on' | 'source'>[]): Route[] =>
  definitions.map((one, i) => compileRoute({ name: `route-${i}`, to: TO, ...one }));

describe('the index of routes', () => {
  it('finds the routes that match, in the order of the file, as asking each of them does', () => {
    fc.assert(
      fc.property(fc.array(definition, { maxLength: 12 }), fields, word, (definitions, given, x) => {
        const routes = routesOf(definitions);
        const event = eventWith(given);
        const found = indexRoutes(routes)(event, { x });
        expect(found.map(({ name }) => name)).toEqual(routes.filter((route) => routeMatches(route, event, { x })).map(({ name }) => name));
      }),
      { numRuns: 500 },
    );
  });

  it('does not ask the routes that want another value', () => {
    let asked = 0;
    const counting = (route: Route): Route => ({
      ...route,
      conditions: route.conditions.map((each) => ({
        ...each,
        read: (event, payload) => {
          asked++;
          return each.read(event, payload);
        },
      })),
    });
    const routes = routesOf(Array.from({ length: 1_000 }, (_, i) => ({ on: { event: 'add_artifact_alias', alias: `alias-${i}` } }))).map(
      counting,
    );
    const found = indexRoutes(routes)(eventWith({ type: 'add_artifact_alias', alias: 'alias-500' }), {});
    expect(found.map(({ name }) => name)).toEqual(['route-500']);
    expect(asked).toBe(2);
  });
});
