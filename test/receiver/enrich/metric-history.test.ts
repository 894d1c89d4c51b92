import { describe, expect, it } from 'vitest';
import { createMetricHistory } from '../../../receiver/enrich/metric-history.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { addRun } from '../../stand-ins/wandb-artifacts.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';
import { accept, eventOf } from '../store/samples.ts';
import { recordingLog } from './enricher-setup.ts';

const METRIC: RelayEvent = { type: 'run_metric', source: 'default', entity: 'acme', project: 'train', run: 'r1', metric: 'loss' };
const KNOWN = { run: { name: 'r1', summary: { _step: 2 } } };

async function histories(events: Readonly<Record<string, RelayEvent>>, secrets: string[] = []) {
  const world = acmeWorld();
  const history = [0, 1, 2].map((i) => ({ _step: i, loss: i }));
  addRun(world, world.project('train'), 'r1', { history });
  const server = await wandbServer({ world });
  const { client, clock } = testClient(server);
  const store = sqliteStore(openMigrated());
  await accept(store, ...Object.entries(events).map(([id, event]) => eventOf(id, { subject: id, event })));
  for (const id of Object.keys(events)) await store.keepEnrichment(id, KNOWN);
  const { lines, logger } = recordingLog();
  let wakes = 0;
  const metricHistory = createMetricHistory({
    client,
    store,
    now: () => clock.now,
    log: logger,
    redactor: redactorOf(secrets),
    wake: () => {
      wakes++;
    },
  });
  const kept = async (id: string) => (await store.event(id))?.wandb?.history;
  return { metricHistory, store, server, client, lines, kept, wakes: () => wakes };
}

describe("a metric's history", () => {
  it('is asked for once per event, kept beside what is known, and wakes the outbox', async () => {
    const { metricHistory, store, client, kept, wakes } = await histories({ e1: METRIC });
    for (let i = 0; i < 3; i++) metricHistory.request('e1');
    await metricHistory.runOnce();
    metricHistory.request('e1');
    await metricHistory.runOnce();
    expect([client.requests, wakes()]).toEqual([1, 1]);
    expect((await store.event('e1'))?.wandb).toEqual({
      ...KNOWN,
      history: {
        metric: 'loss',
        axis: 'step',
        points: [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
      },
    });
    expect(await kept('e1')).toBeDefined();
  });

  it('is not asked for events of other types, without a metric, or unknown', async () => {
    const { metric: _none, ...unnamed } = METRIC;
    const { metricHistory, client } = await histories({ e1: { ...METRIC, type: 'run_state' }, e2: unnamed });
    for (const id of ['e1', 'e2', 'nobody']) metricHistory.request(id);
    await metricHistory.runOnce();
    expect(client.requests).toBe(0);
  });

  it('is left out when W&B does not answer, which stops no other event', async () => {
    const { metricHistory, server, lines, kept, wakes } = await histories({ e1: METRIC, e2: METRIC });
    server.fail({ status: 503 });
    metricHistory.request('e1');
    await metricHistory.runOnce();
    metricHistory.request('e2');
    await metricHistory.runOnce();
    expect([await kept('e1'), wakes(), lines.map(({ message }) => message)]).toEqual([
      undefined,
      1,
      ['no chart: W&B answered 503: something went wrong'],
    ]);
    expect(await kept('e2')).toBeDefined();
  });

  it('holds no configured secret', async () => {
    const { metricHistory, kept } = await histories({ e1: METRIC }, ['loss']);
    metricHistory.request('e1');
    await metricHistory.runOnce();
    expect(await kept('e1')).toMatchObject({ metric: '[redacted]' });
  });

  it('ends what is under way when the receiver stops', async () => {
    const { metricHistory, server, kept } = await histories({ e1: METRIC });
    server.fail({ delayMs: 5_000 });
    metricHistory.request('e1');
    const since = performance.now();
    await metricHistory.stop();
    metricHistory.request('e1');
    expect(performance.now() - since).toBeLessThan(3_000);
    expect(await kept('e1')).toBeUndefined();
  });
});
