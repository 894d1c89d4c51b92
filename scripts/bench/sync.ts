import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../receiver/cli/output.ts';
import { readConfigFiles } from '../../src/config/config-files.ts';
import { applySync, planSync } from '../../src/sync/commands.ts';
import { createWandbClient } from '../../src/wandb/client.ts';
import { MAIN, PROJECT } from '../../test/stand-ins/receiver-process.ts';
import { startWandb } from '../../test/stand-ins/wandb-server.ts';
import { acmeWorld } from '../../test/stand-ins/wandb-world.ts';

/** The second half of `npm run bench`: the sync with W&B, with few and with many automations. */
const SIZES = [10, 100, 500];
const ROUNDS = 5;
const OPTIONS = { repository: 'acme/models', prune: false, maxDeletes: 3 };

function configOf(size: number): string {
  const automations = Array.from(
    { length: size },
    (_, i) =>
      `  - { name: automation-${i}, scope: { registry: model, collection: model-${i} }, event: { add_artifact_alias: { alias: { regex: "^prod-${i}" } } }, action: { relay: { to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }] } } }`,
  );
  return `version: 1\nentity: acme\nautomations:\n${automations.join('\n')}\n`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-bench-'));
const rows: string[][] = [];
let planSeconds = 0;
let validateSeconds = 0;
try {
  for (const size of SIZES) {
    process.stderr.write(`${size} automations …\n`);
    const world = acmeWorld();
    for (let i = 0; i < size; i++) world.addCollection(world.project('wandb-registry-model'), `model-${i}`);
    const server = await startWandb({ world });
    const config = readConfigFiles([{ name: 'wandb-relay.yaml', text: configOf(size) }]);
    if (!config.ok) throw new Error(JSON.stringify(config.error));
    const client = () =>
      createWandbClient({
        baseUrl: server.url,
        apiKey: server.apiKey,
        fetch,
        now: Date.now,
        random: Math.random,
        sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
      });
    const applied = await applySync(config.value, client(), OPTIONS, undefined, () => {});
    if (!applied.ok || !applied.value.report.complete) throw new Error('the automations could not be applied');
    server.forbidMutations();
    const times: number[] = [];
    let requests = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const one = client();
      const start = performance.now();
      const planned = await planSync(config.value, one, OPTIONS);
      times.push((performance.now() - start) / 1000);
      if (!planned.ok || planned.value.plan.summary.unchanged !== size) throw new Error('the plan is not what was applied');
      requests = one.requests;
    }
    const file = join(folder, `${size}.yaml`);
    writeFileSync(file, configOf(size));
    const validations = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      const run = spawnSync(process.execPath, [MAIN, 'validate', '--config', file], { cwd: folder });
      if (run.status !== 0) throw new Error(String(run.stderr));
      return (performance.now() - start) / 1000;
    });
    planSeconds = median(times);
    validateSeconds = median(validations);
    rows.push([String(size), planSeconds.toFixed(2), String(requests), validateSeconds.toFixed(2)]);
    await server.close();
  }
  const megabytes = statSync(join(PROJECT, 'dist', 'index.cjs')).size / 1e6;
  console.log(`\nmedians of ${ROUNDS}\n`);
  console.log(renderTable(['AUTOMATIONS', 'PLAN s', 'ITS REQUESTS', 'VALIDATE s, from process start'], rows));
  const goals: [string, string, string, boolean][] = [
    ['plan of 500, s', planSeconds.toFixed(2), 'under 2', planSeconds < 2],
    ['validate of 500, s', validateSeconds.toFixed(2), 'under 1', validateSeconds < 1],
    ["the Action's bundle, MB", megabytes.toFixed(2), 'under 2', megabytes < 2],
  ];
  console.log('');
  console.log(
    renderTable(
      ['FIGURE', 'MEASURED', 'AIM', ''],
      goals.map(([name, value, aim, met]) => [name, value, aim, met ? 'met' : 'not met']),
    ),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
