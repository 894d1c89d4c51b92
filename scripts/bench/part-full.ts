import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Databases, postgresDatabases, sqliteDatabases } from './databases.ts';
import { type Figure, figureOf } from './figures.ts';
import { inRounds } from './measure.ts';
import type { Bench } from './part.ts';
import { startUnpaced, timesToLeave } from './part-leaving.ts';
import { ratioFigures, relayBesideRelay } from './part-ratios.ts';
import { median, quantile, type Round } from './statistics.ts';

/** A store with a million delivered events beside an empty one: accepting, and the time until the dispatch leaves. */
export async function fullPart(bench: Bench): Promise<Figure[]> {
  const folder = join(bench.folder, 'full');
  mkdirSync(folder);
  return [
    ...(await fullBesideEmpty(bench, 'SQLite', sqliteDatabases(folder))),
    ...(await fullBesideEmpty(bench, 'PostgreSQL', postgresDatabases(bench.newPostgres))),
  ];
}

async function fullBesideEmpty(bench: Bench, store: string, databases: Databases): Promise<Figure[]> {
  const { events, rounds, seconds, target, folder } = bench;
  const url = await databases.full(events, (done) => bench.progress(`full: ${store} holds ${done} of ${events} events`));
  bench.print(`${store}: ${events} delivered events take ${((await databases.megabytes(url)) / 1000).toFixed(2)} GB`);
  const full = async () => {
    await databases.settle(url);
    return { databaseUrl: url };
  };
  const empty = async () => ({ databaseUrl: await databases.empty() });
  const accepting = await relayBesideRelay(bench, 'full', full, empty);
  const start = async (options: Promise<{ databaseUrl: string }>) =>
    startUnpaced({ folder, name: 'full-leaving', githubUrl: target.url, ...(await options) });
  const leaving = await inRounds(rounds, { a: () => start(full()), b: () => start(empty()) }, (server) => {
    bench.progress(`full: ${store}, the time until dispatches leave`);
    return timesToLeave(server, target, seconds);
  });
  const times = (rounds: readonly Round<readonly number[]>[], value: (times: readonly number[]) => number) =>
    rounds.map(({ a, b }) => value(b.flat()) / value(a.flat()));
  const name = `202 → dispatch leaves, ${store}, empty ÷ ${events} events`;
  return [
    ...ratioFigures('full', `${store} with ${events} events ÷ empty`, accepting, 0.95),
    figureOf({ part: 'full', name: `${name}, p50`, unit: '' }, times(leaving, median)),
    figureOf(
      { part: 'full', name: `${name}, p99`, unit: '' },
      times(leaving, (all) => quantile(all, 0.99)),
    ),
  ];
}
