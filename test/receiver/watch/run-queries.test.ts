import { expect, it } from 'vitest';
import type { OpenRun } from '../../../receiver/store/run.ts';
import { runQueriesFor } from '../../../receiver/watch/run-queries.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

const run = (changes: Partial<OpenRun>): OpenRun => ({
  deliveryId: 'd-1',
  eventId: 'e1',
  repository: 'acme/deploy',
  kind: 'repository_dispatch',
  workflow: null,
  runId: null,
  status: 'expected',
  dispatchedAt: NOW,
  runsSince: NOW - 8 * HOUR,
  polls: 0,
  ...changes,
});

const sinceOf = (...runs: OpenRun[]): number => {
  const [query] = runQueriesFor(runs);
  if (query?.kind !== 'list') throw new Error('no list');
  return query.search.since;
};

it('a run is looked for among those since its dispatch, not since its event was accepted hours before', () => {
  expect(sinceOf(run({}))).toBeGreaterThan(NOW - 15 * 60_000);
  expect(sinceOf(run({}))).toBeLessThan(NOW - 6 * 60_000);
});

it('and never among those that a replay has excluded', () => {
  expect(sinceOf(run({ runsSince: NOW }))).toBe(NOW);
});

it('one search is for all that are looked for in one place', () => {
  expect(sinceOf(run({}), run({ deliveryId: 'd-2', dispatchedAt: NOW - HOUR }))).toBeLessThan(NOW - HOUR - 6 * 60_000);
});
