import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable } from '../../receiver/cli/output.ts';
import { bundleCommand } from '../bundle.ts';
import { type LoadSample, measureLoad } from './measure.ts';
import { allPeers, installPeers, type Peer, webhookVersion } from './peers/peers.ts';
import { type Survival, survival, survivalText } from './peers/survival.ts';
import { COMMAND } from './servers.ts';
import { median } from './statistics.ts';
import { startTarget, type TargetMode } from './target-server.ts';

/**
 * `npm run bench:peers`: receivers that others use beside ours, in one run and with one client: what survives a `kill -9`
 * right after the answer, then speed and memory. `--short` only shows that it works. `--json FILE` writes what was found.
 */
const { values: flags } = parseArgs({
  options: { short: { type: 'boolean', default: false }, json: { type: 'string' }, only: { type: 'string' } },
});
const [ROUNDS, SECONDS, TRIALS, WAIT_MS] = flags.short ? [1, 1, 1, 10_000] : [3, 8, 3, 20_000];
const CONNECTIONS = 32;
const MODES: readonly TargetMode[] = ['up', 'down', 'hanging'];

interface Sample extends LoadSample {
  readonly peakMb: number;
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

let folders = 0;

async function measure(peer: Peer, folder: string, targetUrl: string): Promise<Sample> {
  const own = join(folder, `load-${++folders}`);
  mkdirSync(own);
  const server = await peer.start(own, peer.work === 'target' ? targetUrl : undefined);
  try {
    const sample = await measureLoad(server, { connections: CONNECTIONS, seconds: SECONDS, form: peer.form, status: peer.status });
    return { ...sample, peakMb: server.usage().peakMb };
  } finally {
    await server.stop();
  }
}

function row(peer: Peer, survived: readonly Survival[], samples: readonly Sample[], baseline: readonly Sample[]): string[] {
  const middle = (value: (sample: Sample) => number) => median(samples.map(value));
  return [
    peer.hasJob ? survivalText(survived) : 'it has no job',
    peer.name,
    middle((sample) => sample.perSecond).toFixed(0),
    median(samples.map((sample, round) => sample.perSecond / (baseline[round]?.perSecond ?? Number.NaN))).toFixed(2),
    middle((sample) => sample.p50).toFixed(1),
    middle((sample) => sample.p99).toFixed(1),
    middle((sample) => sample.serverCpuUs).toFixed(0),
    middle((sample) => sample.peakMb).toFixed(0),
  ];
}

const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-peers-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const target = await startTarget();
try {
  progress('building and installing');
  execFileSync('tsc', ['-p', join(import.meta.dirname, 'tsconfig.json')], { stdio: 'inherit' });
  await bundleCommand(COMMAND);
  installPeers();
  const version = webhookVersion();
  if (version === undefined) console.log('adnanh/webhook is not on this machine, so it is left out: apt-get install webhook');
  const only = flags.only ?? '';
  const peers = allPeers(version, target.url).filter(({ name }) => name.includes(only));
  const samples = new Map<Peer, Sample[]>(peers.map((peer) => [peer, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [peer, found] of samples) {
      progress(`load, round ${round} of ${ROUNDS}: ${peer.name}`);
      found.push(await measure(peer, folder, target.url));
    }
  }
  const survived = new Map<Peer, Survival[]>();
  for (const peer of peers) {
    const found: Survival[] = [];
    for (const mode of peer.hasJob ? MODES : []) {
      progress(`kill -9, target ${mode}: ${peer.name}`);
      found.push(await survival({ peer, target, folder, trials: TRIALS, waitMs: WAIT_MS }, mode));
    }
    survived.set(peer, found);
  }
  const [baseline = []] = samples.values();
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`;
  console.log(`\n${ROUNDS} rounds, ${CONNECTIONS} connections, ${SECONDS} s each; ${machine}`);
  console.log('Survives: events that were acknowledged, and have reached the target after a kill -9 and a restart.\n');
  const head = ['SURVIVES kill -9, TARGET', 'RECEIVER', 'EVENTS/S', '÷ FIRST', 'P50 ms', 'P99 ms', 'CPU µs', 'PEAK MB'];
  console.log(
    renderTable(
      head,
      peers.map((peer) => row(peer, survived.get(peer) ?? [], samples.get(peer) ?? [], baseline)),
    ).join('\n'),
  );
  if (flags.json !== undefined) {
    const found = peers.map((peer) => ({ name: peer.name, survival: survived.get(peer), samples: samples.get(peer) }));
    writeFileSync(flags.json, `${JSON.stringify({ machine, rounds: ROUNDS, seconds: SECONDS, peers: found }, null, 2)}\n`);
  }
} finally {
  target.close();
}
