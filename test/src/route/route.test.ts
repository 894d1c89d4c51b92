import { describe, expect, it } from 'vitest';
import { EVENT_FIELDS, type EventField } from '../../../src/event/event.ts';
import { compileRoute, type Route, type RouteDefinition, routeMatches, routeSchema, whyNot } from '../../../src/route/route.ts';
import { eventWith } from '../event/samples.ts';

const TO: RouteDefinition['to'] = [{ slack: { channel: '#ml' } }];

function routeOn(on: RouteDefinition['on'], more: Partial<RouteDefinition> = {}): Route {
  return compileRoute({ name: 'deploy', on, to: TO, ...more });
}

const EVENT = eventWith({ source: 'prod', alias: 'production', collection: 'resnet50' });

describe('a route', () => {
  it('matches everything when it has no condition', () => {
    expect(routeMatches(routeOn({}), eventWith({ type: 'unknown' }), {})).toBe(true);
  });

  it.each<[RouteDefinition['on'], boolean]>([
    [{ alias: 'production' }, true],
    [{ alias: 'staging' }, false],
    [{ alias: ['staging', 'production'] }, true],
    [{ alias: ['staging', 'test'] }, false],
    [{ collection: { regex: '^resnet' } }, true],
    [{ event: 'add_artifact_alias' }, true],
    [{ event: ['link_artifact', 'add_artifact_alias'] }, true],
    [{ event: { not: 'add_artifact_alias' } }, false],
    [{ event: { regex: 'alias$' } }, true],
    [{ source: 'prod' }, true],
    [{ source: 'test' }, false],
  ])('on %j matches: %j', (on, expected) => {
    expect(routeMatches(routeOn(on), EVENT, {})).toBe(expected);
  });

  it('matches only when every condition holds', () => {
    expect(routeMatches(routeOn({ event: 'add_artifact_alias', alias: 'production', collection: 'resnet50' }), EVENT, {})).toBe(true);
    expect(routeMatches(routeOn({ event: 'add_artifact_alias', alias: 'production', collection: 'vgg' }), EVENT, {})).toBe(false);
  });

  it('of one source matches only what arrived there', () => {
    const route = routeOn({ alias: 'production' }, { source: 'prod' });
    expect(routeMatches(route, EVENT, {})).toBe(true);
    expect(routeMatches(route, { ...EVENT, source: 'default' }, {})).toBe(false);
  });

  const fields = EVENT_FIELDS.filter((field): field is Exclude<EventField, 'source'> => field !== 'source');
  describe.each(fields)('on %s', (field) => {
    it.each([['x'], [{ not: 'x' }], [{ not_in: ['x'] }], [{ regex: '' }], [{ contains: '' }]])(
      'never matches an event without one: %j',
      (match) => {
        expect(routeMatches(routeOn({ [field]: match }), eventWith(), {})).toBe(false);
        expect(whyNot(routeOn({ [field]: match }), eventWith(), {})).toHaveLength(1);
      },
    );

    it('reads that field of the event', () => {
      expect(routeMatches(routeOn({ [field]: 'x' }), eventWith({ [field]: 'x' }), {})).toBe(true);
    });
  });

  it('defaults to fifo, without a cooldown and without approval', () => {
    expect(routeOn({})).toMatchObject({ name: 'deploy', order: 'fifo', cooldownMs: 0, approval: undefined });
    const definition = routeSchema.parse({ name: 'r', on: {}, to: TO, order: 'latest', cooldown: '10m', approval: { slack: '#ml' } });
    expect(compileRoute(definition)).toMatchObject({
      order: 'latest',
      cooldownMs: 600_000,
      approval: { channel: '#ml', by: null, allowSelf: true },
    });
  });

  it('has its targets in the order in which they are written', () => {
    const to: RouteDefinition['to'] = [{ slack: { channel: '#b' } }, { slack: { channel: '#a' } }];
    expect(routeOn({}, { to }).targets.map(({ name }) => name)).toEqual(['slack:#b', 'slack:#a']);
  });
});

describe('whyNot', () => {
  it('is empty for a route that matches', () => {
    expect(whyNot(routeOn({ alias: 'production' }), EVENT, {})).toEqual([]);
  });

  it('names every condition that does not hold, and only those', () => {
    const route = routeOn({ event: ['link_artifact', 'run_state'], alias: 'production', collection: { regex: '^vgg' }, tag: 'x' });
    expect(whyNot(route, EVENT, {})).toEqual([
      'event is "add_artifact_alias", wanted "link_artifact" or "run_state"',
      'collection is "resnet50", wanted a match of /^vgg/',
      'the event has no tag (wanted "x")',
    ]);
  });
});
