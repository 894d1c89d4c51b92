import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../receiver/cli/output.ts';
import { PROJECT } from '../../test/stand-ins/receiver-process.ts';
import { type LoadResult, runLoad, type SignedRequest, signedRequests } from './load.ts';
import type { BenchMode } from './setup.ts';
import { acceptedPerSecond } from './store-alone.ts';

/**
 * `npm run bench`: how much durable acceptance costs. Three receivers, one after the other in every round, so that each
 * ratio compares neighbours in time; the medians of the rounds are shown beside what was aimed at.
 */
const CONNECTIONS = 32;
const SECONDS = 5;
const ROUNDS = 3;
const MODES: readonly BenchMode[] = ['no-store', 'durable', 'commit-each'];

interface Sample extends LoadResult {
  /** Peak memory of the receiver's process, in MB. */
  readonly peakMb: number;
}

async function measure(mode: BenchMode, next: () => SignedRequest, folder: string): Promise<Sample> {
  const server = fork(join(PROJECT, 'build-bench', 'test', 'bench', 'server.js'), [mode, join(folder, `${mode}-${Date.now()}.db`)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // As the installed command does.
    execArgv: ['--max-semi-space-size=2', '--heap-growing-percent=50'],
  });
  try {
    const [url] = (await once(server, 'message')) as [string];
    await runLoad(url, next, CONNECTIONS, 1);
    const result = await runLoad(url, next, CONNECTIONS, SECONDS);
    return { ...result, peakMb: peakMemoryMb(server) };
  } finally {
    server.disconnect();
    await once(server, 'exit');
  }
}

/** The kernel's own account of the largest resident size; only Linux has it. */
function peakMemoryMb(server: ChildProcess): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-bench-'));
try {
  // JavaScript, as it is published: running TypeScript takes some 20 MB more.
  execFileSync('tsc', ['-p', join(import.meta.dirname, 'tsconfig.json')], { stdio: 'inherit' });
  const rounds: Record<BenchMode, Sample>[] = [];
  const alone: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const samples: Partial<Record<BenchMode, Sample>> = {};
    for (const mode of MODES) {
      process.stdout.write(`\rround ${round} of ${ROUNDS}: ${mode.padEnd(12)}`);
      samples[mode] = await measure(mode, signedRequests(), folder);
    }
    rounds.push(samples as Record<BenchMode, Sample>);
    alone.push((await acceptedPerSecond(folder, CONNECTIONS)) / (await acceptedPerSecond(folder, 1)));
  }
  const of = (mode: BenchMode, value: (sample: Sample) => number) => median(rounds.map((samples) => value(samples[mode])));
  const rows = MODES.map((mode) => [
    { 'no-store': 'the app without a store', durable: 'stored durably (as shipped)', 'commit-each': 'one commit per request' }[mode],
    of(mode, (sample) => sample.perSecond).toFixed(0),
    of(mode, (sample) => sample.p50).toFixed(1),
    of(mode, (sample) => sample.p99).toFixed(1),
    of(mode, (sample) => sample.peakMb).toFixed(0),
  ]);
  console.log(`\r${CONNECTIONS} connections, ${SECONDS} s a run, medians of ${ROUNDS} rounds\n`);
  console.log(renderTable(['', 'EVENTS/S', 'P50 ms', 'P99 ms', 'PEAK MB'], rows));

  const ratio = (a: BenchMode, b: BenchMode) => median(rounds.map((samples) => samples[a].perSecond / samples[b].perSecond));
  const goals: [string, number, string, boolean][] = [
    ['durable / without a store', ratio('durable', 'no-store'), 'at least 0.35', ratio('durable', 'no-store') >= 0.35],
    ['durable / one commit per request', ratio('durable', 'commit-each'), 'several times', ratio('durable', 'commit-each') >= 2],
    [`the store alone, ${CONNECTIONS} to a commit / one`, median(alone), 'several times', median(alone) >= 2],
    ['p99 of durable, ms', of('durable', (s) => s.p99), 'under 15', of('durable', (s) => s.p99) < 15],
    ['peak memory of durable, MB', of('durable', (s) => s.peakMb), 'under 160', of('durable', (s) => s.peakMb) < 160],
  ];
  console.log('');
  console.log(
    renderTable(
      ['FIGURE', 'MEASURED', 'AIM', ''],
      goals.map(([name, value, aim, met]) => [name, value.toFixed(2), aim, met ? 'met' : 'not met']),
    ),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
