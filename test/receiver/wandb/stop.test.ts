import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import { composeReceiver } from '../../../receiver/compose.ts';
import { configWarnings, credentialProblems } from '../../../receiver/config-checks.ts';
import { readEnvironment } from '../../../receiver/environment.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import type { DeliveryRecord } from '../../../receiver/store/delivery.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../../src/config/config.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { theValue } from '../../src/event/samples.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import { relayBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';

const SECRET = 'the-signing-secret-of-the-relay';
const config = (relay: string) =>
  theValue(
    readConfig(
      `version: 1
entity: acme
automations:
  - name: runaway
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 8 } }
    action: { relay: { to: [{ wandb_stop: {} }]${relay} } }
`,
      'wandb-relay.yaml',
    ),
  );

/** The whole receiver, composed from its environment, with a W&B whose project has one run. */
async function receiver({ relay = '', sandbox = false, key = true } = {}) {
  const world = acmeWorld();
  const wandb = await wandbServer({ world });
  const run = liveRun(world, world.project('train'), 'abc', { displayName: 'nightly-1' });
  const { routes, settings, organization } = config(relay);
  const environment = theValue(
    readEnvironment({ WANDB_WEBHOOK_SECRET: SECRET, WANDB_BASE_URL: wandb.url, ...(key ? { WANDB_API_KEY: wandb.apiKey } : {}) }),
  );
  const store = sqliteStore(openMigrated());
  const redactor = redactorOf(environment.secrets);
  const lines: string[] = [];
  const log = createLogger({ level: 'info', format: undefined, redact: redactor.text, write: (line) => lines.push(line) });
  const runtime = { now: Date.now, random: Math.random, randomBytes: () => randomBytes(16), fetch, log, redactor };
  const composed = await composeReceiver({
    runtime,
    environment,
    routes: routes.map(compileRoute),
    settings,
    organization,
    store,
    sandbox,
  });
  onTestFinished(async () => {
    await composed.stop(1_000);
    await store.close();
  });
  composed.start();
  const post = async (values: JsonObject = {}): Promise<{ detail: string; delivery: () => Promise<DeliveryRecord> }> => {
    const body = JSON.stringify({ ...relayBody('run_metric', { run_name: 'nightly-1', project_name: 'train' }, 'runaway'), ...values });
    const answer = await composed.app.request('/webhooks/wandb', { method: 'POST', body, headers: signedHeaders(body, SECRET) });
    const { detail, deliveries } = (await answer.json()) as { detail: string; deliveries: { id: string }[] };
    return { detail, delivery: async () => (await store.delivery(deliveries[0]!.id))! };
  };
  return { run, store, lines, post, wandb };
}

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

it('a run automation stops the run that fired, and says so; a second time it had ended already', async () => {
  const { run, post } = await receiver();

  const first = await post();
  expect(first.detail).toMatch(/Route runaway stops the run \(delivery \S+\)\.$/);
  await until(async () => expect(await first.delivery()).toMatchObject({ delivery: { state: 'delivered', reason: null } }));
  expect(run.stopRequested).toBe(true);
  expect((await first.delivery()).attempts).toMatchObject([
    { outcome: 'delivered', detail: 'asked W&B to stop acme/train/abc (nightly-1)' },
  ]);

  const second = await post({ metric_values: '9.9' });
  await until(async () => expect((await second.delivery()).delivery.state).toBe('delivered'));
  expect((await second.delivery()).delivery).toMatchObject({ target: 'wandb_stop', reason: 'had ended already (killed)' });
}, 40_000);

it('under an approval the run goes on until somebody agrees', async () => {
  const { run, store, post } = await receiver({ relay: ', approval: { slack: "#ml" }' });

  const { detail, delivery } = await post();
  expect(detail).toMatch(/Route runaway stops the run \(delivery \S+\) after approval in #ml\.$/);
  const { id, state } = (await delivery()).delivery;
  expect([state, run.stopRequested]).toEqual(['held', false]);
  expect(await store.approve([id], Date.now(), { by: 'ada' })).toMatchObject([{ done: true }]);

  await until(async () => expect((await delivery()).delivery.state).toBe('delivered'));
  expect(run.stopRequested).toBe(true);
}, 40_000);

it('the sandbox writes down which run it would stop, and stops none', async () => {
  const { run, lines, post, wandb } = await receiver({ sandbox: true });

  const { delivery } = await post();
  await until(async () => expect((await delivery()).delivery.state).toBe('delivered'));

  expect((await delivery()).attempts).toMatchObject([{ detail: 'recorded, not sent (sandbox): stop acme/train/nightly-1' }]);
  expect(lines.some((line) => line.includes('stop of a run recorded') && line.includes('nightly-1'))).toBe(true);
  expect([run.stopRequested, wandb.requests.length]).toEqual([false, 0]);
}, 40_000);

it('without a key it fails for good with what to do, and can be replayed', async () => {
  const { run, post } = await receiver({ key: false });

  const { delivery } = await post();
  await until(async () => expect((await delivery()).delivery.state).toBe('dead'));

  expect((await delivery()).delivery.reason).toBe(
    'W&B is not connected: set WANDB_API_KEY, of a user or service account that may write to the project (role Member or Admin), restart and replay this delivery',
  );
  expect(run.stopRequested).toBe(false);
}, 40_000);

it('an event that does not say which run, or that a condition has ended, stops none and says why', async () => {
  const { post, wandb } = await receiver();

  const { detail, delivery } = await post({ run_name: '' });

  expect(detail).toMatch(/cannot stop the run \(delivery \S+\): the event does not say which run to stop: it has no run\.$/);
  expect((await delivery()).delivery).toMatchObject({ state: 'dead', request: null });
  expect(wandb.requests).toEqual([]);
}, 40_000);

it('at the start it is said what is missing: no GitHub credentials, but a key', () => {
  const environment = { github: undefined, slack: undefined, wandbApiKey: undefined, postgresUrl: undefined };

  expect(credentialProblems(environment, config(''), 'wandb-relay sandbox')).toEqual([]);
  expect(configWarnings(config(''), environment, false)).toContain(
    'WANDB_API_KEY is not set: no run is stopped (wandb_stop); what fails can be replayed once it is set',
  );
  expect(configWarnings(config(''), { ...environment, postgresUrl: 'postgres://db/relay' }, false)).toContain(
    'WANDB_API_KEY is not set: runs are stopped (wandb_stop) only by a receiver on this database that has it',
  );
  const isAboutKey = (line: string) => line.includes('WANDB_API_KEY');
  expect(configWarnings(config(''), environment, true).some(isAboutKey)).toBe(false);
  expect(configWarnings(config(''), { ...environment, wandbApiKey: 'a-key' }, false).some(isAboutKey)).toBe(false);
});
