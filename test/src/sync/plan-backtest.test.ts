import { describe, expect, it } from 'vitest';
import { readApprovedPlan } from '../../../src/plan/approved-plan.ts';
import { tooManyFires } from '../../../src/plan/plan-estimates.ts';
import { planJson } from '../../../src/plan/plan-json.ts';
import { planLines } from '../../../src/plan/plan-report.ts';
import { applySync, planSync, type SyncOptions } from '../../../src/sync/commands.ts';
import { withEstimates } from '../../../src/sync/plan-backtest.ts';
import { createRunReader } from '../../../src/wandb/run-reader.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { madeRows } from '../../stand-ins/wandb-rows.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';
import { configOf } from '../plan/plan-samples.ts';

const OPTIONS: SyncOptions = { namespace: 'wandb-relay.yaml', repository: 'acme/models', prune: false, maxDeletes: 3 };
const DAY_MS = 86_400_000;

const lossAbove = (limit: number, more = '') => `automations:
  - name: loss-high
    scope: { project: train }
    event: { run_metric: { metric: loss, above: ${limit} } }
    action: { notification: { slack: "#ml-alerts" } }
${more}`;

const relayAbove = (limit: number) => `automations:
  - name: loss-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: ${limit} } }
    action: { relay: { to: [{ slack: { channel: "#ml" } }] } }
`;

/** Ten runs of the last days; run `i` reaches a loss of `i`. */
async function serverWithRuns(): Promise<WandbStandIn> {
  const server = await wandbServer({});
  for (let i = 0; i < 10; i++) {
    const createdAt = Date.now() - (i + 1) * DAY_MS;
    const rows = madeRows(100, (step) => ({ _step: step, _timestamp: createdAt / 1000 + step, _runtime: step, loss: step === 50 ? i : 0 }));
    liveRun(server.world, server.world.project('train'), `run${i}`, {
      state: 'finished',
      createdAt,
      heartbeatAt: createdAt + 100_000,
      rows,
    });
  }
  return server;
}

async function planWith(server: WandbStandIn, text: string, base?: string, most?: number) {
  const { client } = testClient(server);
  const config = configOf(text);
  const baseConfig = base === undefined ? undefined : { config: configOf(base), commit: 'b'.repeat(40) };
  const planned = await planSync(config, client, { ...OPTIONS, ...(baseConfig === undefined ? {} : { base: baseConfig }) });
  if (!planned.ok) throw new Error(JSON.stringify(planned.error));
  const estimated = await withEstimates(planned.value, config, createRunReader({ client, now: Date.now }), {
    sinceMs: 30 * DAY_MS,
    most,
    now: Date.now,
    sleep: async () => undefined,
    signal: new AbortController().signal,
    base: baseConfig,
  });
  return { before: planned.value.plan, plan: estimated.plan };
}

async function apply(server: WandbStandIn, text: string): Promise<void> {
  const applied = await applySync(configOf(text), testClient(server).client, OPTIONS, undefined, () => undefined);
  if (!applied.ok || !applied.value.report.complete) throw new Error('not applied');
}

describe('a plan with a back-test', () => {
  it('says on how many runs a new automation would have fired', async () => {
    const { plan, before } = await planWith(await serverWithRuns(), lossAbove(6.5));
    expect(planLines(plan)).toContainEqual('    Would have fired on 3 of 10 runs in 30 days.');
    expect(plan.fingerprint).toBe(before.fingerprint);
  });

  it('says it before and after a change, from what W&B has', async () => {
    const server = await serverWithRuns();
    await apply(server, lossAbove(3.5));
    const { plan } = await planWith(server, lossAbove(7.5));
    expect(planLines(plan)).toContainEqual('    Would have fired on 2 of 10 runs in 30 days (now: 6).');
  });

  it('says it of what the receiver evaluates, from the config at the base', async () => {
    const { plan } = await planWith(await serverWithRuns(), relayAbove(7.5), relayAbove(3.5));
    expect(planLines(plan)).toContainEqual('    Would have fired on 2 of 10 runs in 30 days (now: 6).');
  });

  it('says it of an automation that moves from W&B to the receiver', async () => {
    const { plan } = await planWith(await serverWithRuns(), relayAbove(7.5), lossAbove(3.5));
    expect(planLines(plan)).toContainEqual('    Would have fired on 2 of 10 runs in 30 days (now: 6).');
  });

  it('reads runs once when only the action changes', async () => {
    const server = await serverWithRuns();
    await apply(server, lossAbove(6.5));
    const { plan } = await planWith(server, lossAbove(6.5, '    description: new\n'));
    expect(planLines(plan)).toContainEqual('    Would have fired on 3 of 10 runs in 30 days (now: 3).');
  });

  it('asks for no runs without run automations that change', async () => {
    const server = await serverWithRuns();
    await apply(server, lossAbove(6.5));
    const { plan, before } = await planWith(server, lossAbove(6.5));
    expect(plan).toBe(before);
  });

  it('names a metric that was probably meant', async () => {
    const { plan } = await planWith(await serverWithRuns(), lossAbove(6.5).replace('metric: loss', 'metric: los'));
    expect(planLines(plan).join('\n')).toContain('los was logged by none of these runs; did you mean loss?');
  });

  it('is whole without the back-test when the runs cannot be read, and says so in one line', async () => {
    const server = await serverWithRuns();
    const { client } = testClient(server);
    const config = configOf(lossAbove(6.5));
    const planned = await planSync(config, client, OPTIONS);
    if (!planned.ok) throw new Error('no plan');
    const reader = {
      ...createRunReader({ client, now: Date.now }),
      runsSince: async () => ({ ok: false, error: { kind: 'unavailable', message: 'W&B: 502' } }) as const,
    };
    const { plan } = await withEstimates(planned.value, config, reader, {
      sinceMs: DAY_MS,
      most: undefined,
      now: Date.now,
      sleep: async () => undefined,
      signal: new AbortController().signal,
      base: undefined,
    });
    expect(planLines(plan).filter((line) => line.includes('back-test'))).toEqual([
      "* the back-test is left out: W&B's runs could not be read: W&B: 502",
    ]);
    expect([plan.fingerprint, plan.estimates]).toEqual([planned.value.plan.fingerprint, undefined]);
  });

  it('is in the plan as JSON, which approves as before', async () => {
    const { plan } = await planWith(await serverWithRuns(), lossAbove(6.5));
    const json = planJson(plan, { namespace: 'wandb-relay.yaml', baseUrl: 'https://api.wandb.ai', unreadable: [], warnings: [] });
    expect(json.backtest).toEqual({
      period: '30 days',
      automations: [{ name: 'loss-high', after: { runs: 10, runs_fired: 3, firings: 3 }, before: null }],
      left_out: [],
    });
    expect(readApprovedPlan(JSON.stringify(json))).toMatchObject({ ok: true });
  });

  it('knows which automations would fire more often than they may', async () => {
    const server = await serverWithRuns();
    const many = async (most: number) => {
      const { plan } = await planWith(server, lossAbove(6.5), undefined, most);
      return { found: plan.estimates === undefined ? undefined : tooManyFires(plan.estimates), lines: planLines(plan) };
    };
    expect((await many(3)).found).toEqual([]);
    const { found, lines } = await many(2);
    const message = 'loss-high would have fired 3 times in 30 days, on 3 of 10 runs: more often than max-estimated-fires (2) allows';
    expect(found).toMatchObject([{ message, location: { line: 4 } }]);
    expect(lines).toContainEqual('    That is more often than max-estimated-fires: 2 allows.');
  });
});
