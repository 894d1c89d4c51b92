import { expect, it } from 'vitest';
import { checkStore } from '../../../receiver/doctor/store.ts';
import type { GaugeSources } from '../../../receiver/metrics/gauges.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const GB = 1024 ** 3;

function storeWith(states: Readonly<Record<string, number>>, oldestAt = NOW, pauses = 0): GaugeSources['store'] {
  const found = Object.entries(states).map(([state, count]) => ({ target: 'slack', state, count, oldestAt }));
  return {
    undelivered: async () => found as unknown as Awaited<ReturnType<GaugeSources['store']['undelivered']>>,
    throttles: async () => [],
    backlog: async () => ({ events: 0, skipped: 0 }),
    pauses: async () => Array.from({ length: pauses }, () => ({}) as Awaited<ReturnType<GaugeSources['store']['pauses']>>[number]),
  };
}

async function said(store: GaugeSources['store'], free: number | undefined = 10 * GB): Promise<string[]> {
  return (await checkStore({ store, name: 'relay.db', free, now: NOW })).map(({ state, detail }) => `${state} ${detail}`);
}

it('a store with nothing that waits for a person', async () => {
  expect(await said(storeWith({ pending: 2, in_flight: 1, held: 4 }))).toEqual(['ok answers; 3 to be sent, 4 awaiting approval']);
  expect(await said(storeWith({}), undefined)).toHaveLength(1);
});

it('events that could not be routed', async () => {
  const store = { ...storeWith({}), backlog: async () => ({ events: 0, skipped: 2, reason: 'its stored body is not JSON' }) };
  expect(await said(store)).toEqual([
    'ok answers; 0 to be sent, 0 awaiting approval',
    'warning holds what was not sent: 2 stored events could not be routed (its stored body is not JSON): restart the receiver, or update it',
  ]);
});

it('what waits for a person', async () => {
  expect(await said(storeWith({ pending: 1, dead: 3 }, NOW - 20 * MINUTE, 1), 100 * 1024 ** 2)).toEqual([
    'ok answers; 1 to be sent, 0 awaiting approval',
    'warning 3 failed: look at them with wandb-relay deliveries --state dead, then replay or cancel',
    'warning something waits for 20 min to be sent: wandb-relay deliveries --state pending says why',
    'warning sending is paused: wandb-relay resume goes on',
    'problem only 100 MB are free on its disk: make room',
  ]);
});
