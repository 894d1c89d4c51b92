import { randomBytes } from 'node:crypto';
import { composeParts } from '../../receiver/compose.ts';
import { readEnvironment } from '../../receiver/environment.ts';
import { silentLogger } from '../../receiver/log/log.ts';
import { openSqlite } from '../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../src/config/config.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { liveRun } from '../../test/stand-ins/wandb-runs.ts';
import { startWandb } from '../../test/stand-ins/wandb-server.ts';
import type { Figure } from './figures.ts';
import type { Bench } from './part.ts';

const RUNS = 100;
const METRICS = ['loss', 'val/loss', 'accuracy', 'grad_norm'];
const MINUTES = 3;
const SECOND = 1_000;
/** Runs send what they log every 15 seconds. */
const STEPS_PER_SEND = 15;

/** Requests a minute to W&B for 100 runs that go on and 10 automations: counted, by a clock that is put forward. */
export async function watchPart({ progress }: Bench): Promise<Figure[]> {
  const part = 'watch';
  let now = Date.now();
  const wandb = await startWandb({ now: () => new Date(now) });
  const store = sqliteStore(openSqlite(':memory:'));
  try {
    const train = wandb.world.project('train');
    const runs = Array.from({ length: RUNS }, (_none, i) => liveRun(wandb.world, train, `run-${i}`, { now: () => now }));
    const watcher = await watcherOf({ url: wandb.url, apiKey: wandb.apiKey }, store, () => now);
    const send = (): void => {
      for (const run of runs)
        for (let step = 0; step < STEPS_PER_SEND; step++) run.log(Object.fromEntries(METRICS.map((metric) => [metric, Math.random()])));
    };
    send();
    await watcher.runOnce();
    const before = wandb.requests.length;
    for (let second = 0; second < MINUTES * 60; second++) {
      now += SECOND;
      if (second % STEPS_PER_SEND === 0) send();
      await watcher.runOnce();
      progress(`watch: second ${second}`);
    }
    const measured = (wandb.requests.length - before) / MINUTES;
    return [{ part, name: `requests to W&B a minute, ${RUNS} live runs, 10 automations on ${METRICS.length} metrics`, unit: '', measured }];
  } finally {
    await store.close();
    await wandb.close();
  }
}

async function watcherOf(
  wandb: { readonly url: string; readonly apiKey: string },
  store: ReturnType<typeof sqliteStore>,
  now: () => number,
) {
  const environment = readEnvironment({ WANDB_API_KEY: wandb.apiKey, WANDB_BASE_URL: wandb.url, GITHUB_TOKEN: 'a-token-that-nobody-uses' });
  const config = readConfig(`version: 1\nentity: acme\nautomations:\n${automations()}\n`, 'wandb-relay.yaml');
  if (!environment.ok || !config.ok) throw new Error(JSON.stringify([environment, config]));
  const { automations: watched, entity, routes, settings } = config.value;
  const { watcher } = await composeParts({
    runtime: { now, random: Math.random, randomBytes: () => randomBytes(16), fetch, log: silentLogger, redactor: redactorOf([]) },
    environment: environment.value,
    routes: routes.map(compileRoute),
    settings,
    organization: undefined,
    watch: { automations: watched, entity },
    store,
    sandbox: false,
    startsSteady: true,
  });
  if (watcher === undefined) throw new Error('there is nothing to watch');
  return watcher;
}

function automations(): string {
  const events = [
    ...METRICS.map((metric) => `run_metric: { metric: ${metric}, aggregate: average, window: 50, above: 5 }`),
    ...METRICS.map((metric) => `run_metric_change: { metric: ${metric}, aggregate: average, increases_by: "25%" }`),
    'run_state: { states: [failed] }',
    'run_silent: { for: 30m }',
  ];
  return events
    .map(
      (event, i) =>
        `  - { name: automation-${i}, engine: relay, scope: { project: train }, event: { ${event} }, action: { relay: { to: [{ repository_dispatch: { repository: acme/train, event_type: go } }] } } }`,
    )
    .join('\n');
}
