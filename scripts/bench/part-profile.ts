import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTable } from '../../receiver/cli/output.ts';
import type { Figure } from './figures.ts';
import { type LoadSample, measureLoad } from './measure.ts';
import type { Bench } from './part.ts';
import { type CpuProfile, type Share, sharesOf } from './profile.ts';
import { type RelayOptions, startRelay } from './servers.ts';

const SAMPLE_EVERY_US = 250;

/** Profiles the receiver as shipped while it accepts at 32 connections, and prints where its main thread's time goes. */
export async function profilePart(bench: Bench): Promise<Figure[]> {
  const onSqlite = await profileOn(bench, 'SQLite', {});
  return [...onSqlite, ...(await profileOn(bench, 'PostgreSQL', { databaseUrl: await bench.newPostgres() }))];
}

async function profileOn(bench: Bench, store: string, options: Pick<RelayOptions, 'databaseUrl'>): Promise<Figure[]> {
  const { folder, target, seconds } = bench;
  const profiles = join(folder, `profiles-${store}`);
  mkdirSync(profiles, { recursive: true });
  bench.progress(`profile, ${store}`);
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-interval=${SAMPLE_EVERY_US}`];
  const server = await startRelay({ folder, name: 'profile', githubUrl: target.url, nodeFlags, inFiles: true, ...options });
  let load: LoadSample;
  try {
    load = await measureLoad(server, { waits: false, connections: 32, seconds });
  } finally {
    // The profile is written when the process ends in order.
    await server.stop();
  }
  const [file] = readdirSync(profiles).sort((a, b) => sizeOf(join(profiles, b)) - sizeOf(join(profiles, a)));
  if (file === undefined) throw new Error('the receiver has written no profile');
  const profile = JSON.parse(readFileSync(join(profiles, file), 'utf8')) as CpuProfile;
  const { layers, functions, busyMs, idleMs } = sharesOf(profile, {
    fromUs: onProfileClock(load.startedAt),
    toUs: onProfileClock(load.endedAt),
  });
  const rows = (shares: readonly Share[]) => shares.map(({ name, share }) => [`${(share * 100).toFixed(1)} %`, name]);
  bench.print(
    `${store}: shares of the ${(busyMs / 1000).toFixed(1)} s in which the receiver's main thread was busy (idle: ${(idleMs / 1000).toFixed(1)} s), ${Math.round(load.perSecond)} events a second\n\n` +
      `${renderTable(['SHARE', 'LAYER'], rows(layers)).join('\n')}\n\n${renderTable(['SHARE', 'FUNCTION, ITS OWN TIME'], rows(functions)).join('\n')}`,
  );
  return layers.map(({ name, share }) => ({ part: 'profile', name: `${store}: ${name}`, unit: '%', measured: share * 100 }));
}

/** A time of `performance.now()` in this process, in microseconds on the clock of profiles. */
function onProfileClock(at: number): number {
  return Number(process.hrtime.bigint() / 1000n) - (performance.now() - at) * 1000;
}

function sizeOf(path: string): number {
  return readFileSync(path).length;
}
