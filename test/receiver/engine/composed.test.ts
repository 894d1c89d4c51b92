import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { composeParts } from '../../../receiver/compose.ts';
import { configWarnings } from '../../../receiver/config-checks.ts';
import { readEnvironment } from '../../../receiver/environment.ts';
import { silentLogger } from '../../../receiver/log/log.ts';
import { keptMetrics } from '../../../receiver/metrics/kept-metrics.ts';
import { createReceiver } from '../../../receiver/receiver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { clientPayloadSchema } from '../../../src/event/client-payload.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import { automation, configOf, MINUTE } from './watched.ts';

const AUTOMATIONS = [
  automation('loss-high', 'run_metric: { metric: loss, above: 5 }', 'resolve: true'),
  automation('mine', 'run_state: { states: [failed] }', 'runs: { user: ada, tags: prod }'),
];

/** A receiver as `serve` makes it, over a W&B that answers, with a clock of the test's own. */
async function composed(variables: Readonly<Record<string, string>> = {}, sandbox = false) {
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const wandb = await wandbServer();
  const environment = readEnvironment({
    WANDB_API_KEY: wandb.apiKey,
    WANDB_BASE_URL: wandb.url,
    GITHUB_TOKEN: 'ghp_of_a_test',
    ...variables,
  });
  if (!environment.ok) throw new Error(environment.error.join());
  const config = configOf(...AUTOMATIONS);
  const store = sqliteStore(openMigrated());
  const metrics = keptMetrics(undefined, () => undefined);
  const parts = await composeParts({
    metrics,
    runtime: { now, random: Math.random, randomBytes: () => randomBytes(16), fetch, log: silentLogger, redactor: redactorOf([]) },
    environment: environment.value,
    routes: config.routes.map(compileRoute),
    settings: config.settings,
    organization: undefined,
    watch: { automations: config.automations, entity: config.entity },
    store,
    sandbox,
    startsSteady: true,
  });
  const receiver = createReceiver(parts);
  onTestFinished(async () => {
    await receiver.stop(0);
    await store.close();
  });
  const look = async () => {
    clock.now += MINUTE;
    await parts.watcher?.runOnce();
  };
  const runOf = (name: string, tags: readonly string[] = []) => liveRun(wandb.world, wandb.world.project('train'), name, { now, tags });
  const ready = async () => (await (await receiver.app.request('/readyz')).json()) as { details?: { problems?: string[] } };
  const warnings = configWarnings(config, environment.value, sandbox);
  return { wandb, store, parts, look, runOf, ready, warnings, metrics };
}

describe('a receiver whose config has automations with engine: relay', () => {
  it('watches the runs through W&B itself, filters included, and its workflows see how a condition ends', async () => {
    const { look, runOf, store, ready, parts, metrics } = await composed();
    await look();
    const run = runOf('r1', ['prod']).log({ loss: 7 });
    const other = runOf('r2').log({ loss: 1 });
    await look();
    run.log({ loss: 1 }).setState('failed');
    other.setState('failed');
    await look();
    const payloads = (await store.deliveries({ limit: 10 }))
      .toReversed()
      .map(({ request }) =>
        request?.kind === 'repository_dispatch' ? clientPayloadSchema.parse(request.client_payload).event : undefined,
      );
    expect(payloads).toMatchObject([
      { type: 'run_metric', automation: 'loss-high', run: 'r1', engine: 'relay', value: 7 },
      { type: 'run_metric', automation: 'loss-high', run: 'r1', engine: 'relay', resolved: true },
      { type: 'run_state', automation: 'mine', run: 'r1', engine: 'relay', status: 'failed' },
    ]);
    expect(payloads[0]).not.toHaveProperty('resolved');
    expect(await ready()).toEqual({ status: 'ok' });
    expect(parts.watcher?.nextAt()).toBeGreaterThan(0);
    const { counters, histograms } = metrics.counts();
    expect(counters).toMatchObject({ engineFirings: { '[]': 3 }, engineRounds: { '["read"]': 3 } });
    expect(counters.enginePoints?.['[]']).toBe(3);
    expect(counters.engineRequests?.['["answered"]']).toBeGreaterThanOrEqual(5);
    expect(histograms.roundTime?.['[]']?.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it('says when it is behind, without names', async () => {
    const { wandb, look, ready } = await composed();
    await look();
    wandb.fail(...Array.from({ length: 40 }, () => ({ status: 403, body: { errors: [{ message: 'permission denied for acme/train' }] } })));
    for (let i = 0; i < 4; i++) await look();
    const { details } = await ready();
    expect(details?.problems?.join()).toMatch(/1 of 1 projects is up to .* behind: W&B refuses the key/);
    expect(JSON.stringify(details)).not.toContain('train');
  });

  it('says that nothing is evaluated without a key, and in the sandbox', async () => {
    const keyless = await composed({ WANDB_API_KEY: '' });
    expect(keyless.parts.watcher).toBeUndefined();
    const why =
      'WANDB_API_KEY is not set, so 2 automations with engine: relay are not evaluated: set it to the key of a W&B user who can see the runs; View-Only is enough';
    expect(keyless.warnings).toContain(why);
    expect(await keyless.ready()).toEqual({ status: 'ok', details: { problems: [why] } });
    const sandbox = await composed({}, true);
    expect(sandbox.parts.watcher).toBeUndefined();
    expect(sandbox.warnings.join()).toContain('the sandbox makes no API calls, so 2 automations with engine: relay are not evaluated');
  });
});
