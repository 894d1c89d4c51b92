import { subjectOf } from '../../src/backtest/subjects.ts';
import { readConfigFiles } from '../../src/config/config-files.ts';
import { startEvaluation } from '../../src/engine/start-evaluation.ts';
import { openHistoryCache } from '../../src/history/history-cache.ts';
import { runBacktest } from '../../src/history/run-backtest.ts';
import { createWandbClient } from '../../src/wandb/client.ts';
import { createRunReader } from '../../src/wandb/run-reader.ts';
import type { Figure } from './figures.ts';
import type { Bench } from './part.ts';
import { EXPLODES_EVERY, NOW, type RunsServer, startRuns } from './runs-process.ts';

const DAY_MS = 86_400_000;
const CONFIG = `version: 1
entity: acme
automations:
  - { name: loss, engine: relay, scope: { project: train }, event: { run_metric: { metric: loss, aggregate: average, window: 50, above: 8 } }, action: { relay: { to: [{ slack: { channel: "#ml" } }] } } }
`;

/**
 * A back-test of 1,000 runs with 10,000 points each, from the stand-in in another process: everything, with charts and six variants.
 * The same again from the cache needs no history of W&B: what it takes longer before is the network, the stand-in and JSON.
 */
export async function backtestPart(bench: Bench): Promise<Figure[]> {
  const part = 'backtest';
  const [runs, points] = bench.short ? [40, 2_000] : [1_000, 10_000];
  const server = await startRuns(runs, points);
  try {
    const folder = `${bench.folder}/histories`;
    const first = await timed(bench, server, folder, runs);
    const again = await timed(bench, server, folder, runs);
    const million = (runs * points) / 1e6;
    bench.print(
      `${runs.toLocaleString('en')} runs of ${points.toLocaleString('en')} points: ${first.requests} requests, then ${again.requests}`,
    );
    return [
      { part, name: `${runs} runs × ${points} points, from the stand-in`, unit: 's', measured: first.seconds },
      {
        part,
        name: 'share of that for the network, the stand-in and JSON',
        unit: '%',
        measured: 100 * (1 - again.seconds / first.seconds),
      },
      { part, name: 'the same again, from the cache: seven evaluations of each point', unit: 's', measured: again.seconds },
      { part, name: 'points a second, from the cache', unit: '/s', measured: (million * 1e6) / again.seconds },
    ];
  } finally {
    server.close();
  }
}

async function timed(bench: Bench, server: RunsServer, folder: string, runs: number) {
  const config = readConfigFiles([{ name: 'wandb-relay.yaml', text: CONFIG }]);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const subjects = config.value.automations.flatMap((automation) => subjectOf(automation, 'acme') ?? []);
  const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
  const client = createWandbClient({ baseUrl: server.url, apiKey: server.apiKey, fetch, now: () => NOW, random: Math.random, sleep });
  const began = performance.now();
  const tried = await runBacktest(subjects, createRunReader({ client, now: () => NOW }), {
    startEvaluation,
    since: NOW - 30 * DAY_MS,
    maxRuns: runs,
    timeLimitMs: 600_000,
    signal: AbortSignal.timeout(600_000),
    isBrief: false,
    cache: openHistoryCache(folder, server.url),
    appUrl: 'https://app.example',
    now: () => NOW,
    sleep,
    onProgress: ({ done }) => bench.progress(`backtest: ${done} of ${runs} runs`),
  });
  const seconds = (performance.now() - began) / 1_000;
  if (!tried.ok) throw new Error(tried.error);
  const [result] = tried.value.automations;
  if (result?.runs !== runs || result.runsFired !== Math.ceil(runs / EXPLODES_EVERY))
    throw new Error(`fired on ${result?.runsFired} of ${result?.runs} runs`);
  return { seconds, requests: tried.value.requests };
}
