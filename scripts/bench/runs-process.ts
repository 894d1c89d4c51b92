import { fork } from 'node:child_process';
import { once } from 'node:events';
import { madeRows } from '../../test/stand-ins/wandb-rows.ts';
import { liveRun } from '../../test/stand-ins/wandb-runs.ts';
import { startWandb } from '../../test/stand-ins/wandb-server.ts';
import { acmeWorld, type WandbWorld } from '../../test/stand-ins/wandb-world.ts';

/** The time at the stand-in. */
export const NOW = Date.parse('2026-11-27T09:00:00Z');
const DAY_MS = 86_400_000;
/** One run of so many explodes at its end. */
export const EXPLODES_EVERY = 20;

/** The W&B stand-in with many runs, in a process of its own. */
export interface RunsServer {
  readonly url: string;
  readonly apiKey: string;
  close(): void;
}

export async function startRuns(runs: number, points: number): Promise<RunsServer> {
  const child = fork(import.meta.filename, [String(runs), String(points)], { stdio: 'inherit' });
  const [message] = (await once(child, 'message')) as [{ url: string; apiKey: string }];
  return { ...message, close: () => child.kill() };
}

/** Rows are made when they are asked for. */
function addRun(world: WandbWorld, i: number, runs: number, points: number): void {
  const createdAt = NOW - Math.floor(((i + 1) * 29 * DAY_MS) / runs);
  const explodes = i % EXPLODES_EVERY === 0;
  const rows = madeRows(points, (step) => ({
    _step: step,
    _timestamp: (createdAt + step * 100) / 1_000,
    _runtime: step / 10,
    loss: 2 + ((step * 7_919 + i * 104_729) % 1_000) / 500 + (explodes && step > points - 500 ? 7 : 0),
  }));
  const ended = { state: 'finished', createdAt, heartbeatAt: createdAt + points * 100 };
  liveRun(world, world.project('train'), `run${i}`, { ...ended, rows });
}

if (import.meta.main) {
  const [runs = 0, points = 0] = process.argv.slice(2).map(Number);
  const world = acmeWorld();
  for (let i = 0; i < runs; i++) addRun(world, i, runs, points);
  const { url, apiKey } = await startWandb({ world, now: () => new Date(NOW) });
  process.send?.({ url, apiKey });
}
