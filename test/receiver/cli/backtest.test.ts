import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { characterChart } from '../../../receiver/cli/backtest-chart.ts';
import { colouredText, plainLines, span } from '../../../receiver/cli/styled.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { madeRows } from '../../stand-ins/wandb-rows.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';
import { commandLine } from './command-io.ts';

const CONFIG = `version: 1
entity: acme
automations:
  - { name: loss-high, scope: { project: train }, event: { run_metric: { metric: loss, above: 8 } }, action: { notification: { slack: "#ml" } } }
  - { name: failed, engine: relay, scope: { project: train }, event: { run_state: { states: [failed] } }, runs: { name: { regex: "^night" } }, action: { relay: { to: [{ slack: { channel: "#ml" } }] } } }
  - { name: promoted, scope: { registry: model }, event: { add_artifact_alias: { alias: production } }, action: { no_op: {} } }
`;

/** A day of acme's runs: one explodes and fails, one learns, one is nightly and crashes. */
function addRuns({ world }: WandbStandIn): void {
  const began = Date.now() - 20 * 3_600_000;
  const rows = (loss: (step: number) => number) =>
    madeRows(1_500, (step) => ({ _step: step, _timestamp: (began + step * 1_000) / 1_000, _runtime: step, loss: loss(step) }));
  const ended = { createdAt: began, heartbeatAt: began + 1_500_000 };
  const train = world.project('train');
  liveRun(world, train, 'aaa', { ...ended, displayName: 'brisk-1', state: 'failed', rows: rows((step) => (step > 1_200 ? 9.5 : 1)) });
  liveRun(world, train, 'bbb', { ...ended, displayName: 'quiet-2', state: 'finished', rows: rows((step) => 7 - step / 1_000) });
  liveRun(world, train, 'ccc', { ...ended, displayName: 'nightly-3', state: 'crashed', rows: rows(() => 2) });
}

async function setUp(files: Readonly<Record<string, string>> = { 'wandb-relay.yaml': CONFIG }) {
  const server = await wandbServer({});
  addRuns(server);
  const cache = temporaryFolder();
  const variables = { WANDB_API_KEY: server.apiKey, WANDB_BASE_URL: server.url, RELAY_CACHE: cache };
  return { server, cache, ...commandLine(files, variables) };
}

describe('wandb-relay backtest', () => {
  it('prints JSON of what would have fired on the runs at W&B, and sends nothing', async () => {
    const { run, server } = await setUp();
    server.forbidMutations();
    const { code, out } = await run('backtest', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      automations: [
        {
          name: 'loss-high',
          engine: 'wandb',
          runs: 3,
          runs_with_metric: 3,
          runs_fired: 1,
          firings: [{ run: 'aaa', step: 1201, value: 9.5 }],
        },
        { name: 'failed', engine: 'relay', runs: 1, runs_fired: 1, firings: [{ run: 'ccc', step: null, value: null, status: 'crashed' }] },
      ],
      left_out: [],
    });
  });

  it('shows the same in characters, and writes the report', async () => {
    const { run, cwd } = await setUp();
    const { code, out, complaints } = await run('backtest', '--report', 'report.html');
    expect(code).toBe(0);
    for (const words of [
      'Would have fired once, on 1 of 3 runs in 30 days.',
      'brisk-1',
      '┼╌╌',
      '▲',
      '▸   8  █',
      'Closest without firing',
    ]) {
      expect(out).toContain(words);
    }
    expect(complaints).toContain('The report is in report.html');
    expect(readFileSync(join(cwd, 'report.html'), 'utf8')).toContain('Would have fired once, on 1 of 3 runs in 30 days.');
  });

  it('reads no history twice, unless it is asked to', async () => {
    const { run, server } = await setUp();
    const reads = () => server.requests.filter(({ document }) => document.includes('sampledHistory(')).length;
    await run('backtest', '--json');
    const first = reads();
    const again = JSON.parse((await run('backtest', '--json')).out) as { read: object };
    expect([first > 0, reads()]).toEqual([true, first]);
    expect(again.read).toMatchObject({ runs: 3, runs_from_cache: 3 });
    await run('backtest', '--json', '--no-cache');
    expect(reads()).toBe(2 * first);
  });

  it('tries only what is named, by its name or key', async () => {
    const { run } = await setUp();
    const { out } = await run('backtest', '--json', '--automation', 'failed');
    expect((JSON.parse(out) as { automations: { name: string }[] }).automations.map(({ name }) => name)).toEqual(['failed']);
  });

  it.each([
    [['--automation', 'los-high'], 'there is no run automation "los-high" (did you mean "loss-high"?)'],
    [['--automation', 'promoted'], '"promoted" is not about runs'],
    [['--since', 'yesterday'], 'It must be a duration such as 30m, 12h or 30d.'],
    [['--max-runs', '0'], 'It must be a whole number from 1.'],
    [['--report', 'no/such/folder/report.html'], 'no/such/folder/report.html: cannot be written'],
    [['--config', 'other.yaml'], 'other.yaml'],
  ])('refuses %j', async (words, message) => {
    const { run } = await setUp();
    const { code, complaints } = await run('backtest', ...words);
    expect([code, complaints]).toEqual([1, expect.stringContaining(message)]);
  });

  it('says that there is nothing to try, that the key is missing, that W&B cannot be read', async () => {
    const none = await setUp({ 'wandb-relay.yaml': 'version: 1\nentity: acme\nroutes: []\n' });
    expect((await none.run('backtest')).complaints).toContain('The config has no run automations');
    const { run } = commandLine({ 'wandb-relay.yaml': CONFIG });
    expect(await run('backtest')).toMatchObject({ code: 1, complaints: expect.stringContaining('WANDB_API_KEY: is not set') });
    const missing = await setUp({ 'wandb-relay.yaml': CONFIG.replaceAll('project: train', 'project: trian') });
    expect(await missing.run('backtest')).toMatchObject({ code: 1, complaints: expect.stringContaining('acme/trian') });
  });

  it('says what it left out', async () => {
    const { run } = await setUp();
    const { out, code } = await run('backtest', '--max-runs', '2');
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('! acme/train has more than 2 runs in this time: the older ones were left out'),
    ]);
  });
});

it('tries an automation on a system metric, by its name with or without system.', async () => {
  const config = (metric: string) =>
    `{ name: "${metric}", engine: relay, scope: { project: train }, event: { run_metric: { metric: "${metric}", above: 90 } }, action: { relay: { to: [{ slack: { channel: "#ml" } }] } } }`;
  const text = `version: 1\nentity: acme\nautomations:\n  - ${config('gpu.0.temp')}\n  - ${config('system.gpu.0.temp')}\n`;
  const { run, server } = await setUp({ 'wandb-relay.yaml': text });
  const began = Date.now() - 3_600_000;
  const hot = liveRun(server.world, server.world.project('train'), 'hot', {
    state: 'finished',
    createdAt: began,
    heartbeatAt: began + 120_000,
  });
  for (const [i, temp] of [60, 80, 95, 70].entries()) {
    const row = { _timestamp: began / 1_000 + 15 * i, _runtime: 15 * i, 'system.gpu.0.temp': temp };
    hot.events.push(JSON.stringify(row));
  }
  const { out } = await run('backtest', '--json');
  const firings = [{ run: 'hot', step: null, runtime_seconds: 30, value: 95 }];
  expect(JSON.parse(out)).toMatchObject({
    automations: [
      { runs: 4, runs_with_metric: 1, firings },
      { runs: 4, runs_with_metric: 1, firings },
    ],
  });
  expect((await run('backtest')).out).toContain('fired after 30 s with 95');
});

describe('a chart in characters', () => {
  const chart = (values: readonly number[], changes: Partial<Parameters<typeof characterChart>[0]> = {}) =>
    plainLines(
      characterChart({
        line: values.map((value, i): [number, number] => [i, value]),
        from: 0,
        to: values.length,
        limits: [4],
        side: 'above',
        firedAt: [],
        nearestAt: undefined,
        width: values.length,
        height: 4,
        words: String,
        ends: ['a', 'b'],
        ...changes,
      }),
    );

  it('has columns, the limit and the place of the firing', () => {
    expect(chart([1, 2, 3, 4, 5, 6, 7, 8], { firedAt: [3] })).toEqual([
      '   8 │      ▄█',
      '     │    ▃▇██',
      '   4 ┼╌╌▂▆████',
      '   1 │▁▅██████',
      '     └───▲────',
      '      a      b',
    ]);
  });

  it('holds a value until the next one when there are few, and draws a flat line', () => {
    expect(chart([5, 5, 5, 5], { limits: [], line: [[0, 5]] })[3]).toMatch(/│[▁▂▃▄▅▆▇█]{4}$/);
  });
});

describe('colours', () => {
  it('are our own escape sequences only', () => {
    const text = colouredText([[span('\u001b[31mevil\n', 'bold'), span(' ok')]]);
    expect(text).toBe('\u001b[1m\\u001b[31mevil\\u000a\u001b[22m ok\n');
  });
});
