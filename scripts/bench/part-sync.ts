import { spawnSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfigFiles } from '../../src/config/config-files.ts';
import { applySync, planSync } from '../../src/sync/commands.ts';
import { createWandbClient } from '../../src/wandb/client.ts';
import { PROJECT } from '../../test/stand-ins/receiver-process.ts';
import { startWandb } from '../../test/stand-ins/wandb-server.ts';
import { acmeWorld } from '../../test/stand-ins/wandb-world.ts';
import { type Figure, figureOf } from './figures.ts';
import type { Bench } from './part.ts';
import { COMMAND } from './servers.ts';

const SIZE = 500;
const ROUNDS = 5;
const OPTIONS = { namespace: 'wandb-relay.yaml', repository: 'acme/models', prune: false, maxDeletes: 3 };

/** The sync with W&B: a plan of 500 automations, `validate` of as many, and the size of the Action. */
export async function syncPart(bench: Bench): Promise<Figure[]> {
  const rounds = bench.short ? 2 : ROUNDS;
  const part = 'sync';
  bench.progress(`sync: a plan of ${SIZE}`);
  const { times, requests } = await planTimes(rounds);
  bench.progress(`sync: validate of ${SIZE}`);
  const file = join(bench.folder, 'many-automations.yaml');
  writeFileSync(file, automations(SIZE));
  const validations = Array.from({ length: rounds }, () => {
    const start = performance.now();
    const run = spawnSync(process.execPath, [join(COMMAND, 'receiver', 'cli', 'main.js'), 'validate', '--config', file], {
      cwd: bench.folder,
    });
    if (run.status !== 0) throw new Error(String(run.stderr));
    return (performance.now() - start) / 1000;
  });
  const bundle = statSync(join(PROJECT, 'dist', 'index.cjs')).size / 1e6;
  return [
    figureOf({ part, name: `plan of ${SIZE} automations, ${requests} requests to W&B`, unit: 's', target: { below: 2 } }, times),
    figureOf({ part, name: `validate of ${SIZE} automations, from process start`, unit: 's', target: { below: 1 } }, validations),
    { part, name: "the Action's bundle", unit: 'MB', measured: bundle, target: { below: 2 } },
  ];
}

function automations(size: number): string {
  const lines = Array.from(
    { length: size },
    (_, i) =>
      `  - { name: automation-${i}, scope: { registry: model, collection: model-${i} }, event: { add_artifact_alias: { alias: { regex: "^prod-${i}" } } }, action: { relay: { to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }] } } }`,
  );
  return `version: 1\nentity: acme\nautomations:\n${lines.join('\n')}\n`;
}

/** Seconds that a plan takes against a W&B on this machine that already has everything. */
async function planTimes(rounds: number): Promise<{ readonly times: readonly number[]; readonly requests: number }> {
  const world = acmeWorld();
  for (let i = 0; i < SIZE; i++) world.addCollection(world.project('wandb-registry-model'), `model-${i}`);
  const server = await startWandb({ world });
  try {
    const config = readConfigFiles([{ name: 'wandb-relay.yaml', text: automations(SIZE) }]);
    if (!config.ok) throw new Error(JSON.stringify(config.error));
    const newClient = () =>
      createWandbClient({
        baseUrl: server.url,
        apiKey: server.apiKey,
        fetch,
        now: Date.now,
        random: Math.random,
        sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
      });
    const applied = await applySync(config.value, newClient(), OPTIONS, undefined, () => {});
    if (!applied.ok || !applied.value.report.complete) throw new Error('the automations could not be applied');
    server.forbidMutations();
    const times: number[] = [];
    let requests = 0;
    for (let round = 0; round < rounds; round++) {
      const client = newClient();
      const start = performance.now();
      const planned = await planSync(config.value, client, OPTIONS);
      times.push((performance.now() - start) / 1000);
      if (!planned.ok || planned.value.plan.summary.unchanged !== SIZE) throw new Error('the plan is not what was applied');
      requests = client.requests;
    }
    return { times, requests };
  } finally {
    await server.close();
  }
}
