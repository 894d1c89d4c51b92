import { execFileSync } from 'node:child_process';
import { fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable } from '../../receiver/cli/output.ts';
import { startPostgres } from '../stand-ins/postgres.ts';
import { type Databases, postgresDatabases, sqliteDatabases } from './databases.ts';
import { type DispatchClock, startDispatchClock, timesToLeave } from './leaving.ts';
import { type LoadResult, quantile, runLoad, signedRequests } from './load.ts';
import { type Receivers, startReceivers } from './receivers.ts';
import { SUBJECTS } from './setup.ts';

/**
 * The third part of `npm run bench`: the stores beside each other, empty and with a million delivered events. Everything
 * runs on this machine: the load, the receivers, PostgreSQL. In every round the empty store and the full one are measured
 * one right after the other, and which comes first alternates; ratios are the medians of the rounds' ratios.
 *
 * `--events 100000` fills less, for trying.
 */
const { values: flags } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } },
});
const EVENTS = Math.max(2, Math.round(Number(flags.events) / SUBJECTS)) * SUBJECTS;
const ROUNDS = Number(flags.rounds);
const CONNECTIONS = 32;
const ACCEPT_SECONDS = 4;
/** Events a second while the time to leave is measured: the pace (100 a second with a credential) is not what they wait for. */
const RATE = 40;
const WRITES_PER_SECOND = 100;
const LEAVE_SECONDS = 5;
/** At least this much of the empty store. */
const AIM = 0.85;

interface Sample extends LoadResult {
  /** Milliseconds from 202 to the arrival of the dispatch. */
  readonly leaving: readonly number[];
}

interface Round {
  readonly empty: Sample;
  readonly full: Sample;
}

interface Setup {
  readonly name: string;
  readonly databases: Databases;
  readonly receivers: number;
  readonly fullUrl: string;
}

const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-bench-'));
const next = signedRequests();

async function measure(databaseUrl: string, count: number, clock: DispatchClock): Promise<Sample> {
  const common = { databaseUrl, count, githubUrl: clock.url, folder };
  const leaving = await withReceivers({ ...common, writesPerSecond: WRITES_PER_SECOND }, async ({ urls }) => {
    await timesToLeave({ urls, next, clock, rate: RATE, seconds: 1 });
    return timesToLeave({ urls, next, clock, rate: RATE, seconds: LEAVE_SECONDS });
  });
  const accepted = await withReceivers(common, async ({ urls }) => {
    await runLoad(urls, next, CONNECTIONS, 1);
    return runLoad(urls, next, CONNECTIONS, ACCEPT_SECONDS);
  });
  return { ...accepted, leaving };
}

async function withReceivers<T>(options: Parameters<typeof startReceivers>[0], work: (receivers: Receivers) => Promise<T>): Promise<T> {
  const receivers = await startReceivers(options);
  try {
    return await work(receivers);
  } finally {
    await receivers.stop();
  }
}

async function measureRound(setup: Setup, round: number, clock: DispatchClock): Promise<Round> {
  const samples: { empty?: Sample; full?: Sample } = {};
  for (const which of round % 2 === 1 ? (['empty', 'full'] as const) : (['full', 'empty'] as const)) {
    progress(`round ${round} of ${ROUNDS}: ${setup.name}, ${which}`);
    const url = which === 'full' ? setup.fullUrl : await setup.databases.empty();
    samples[which] = await measure(url, setup.receivers, clock);
    if (which === 'full') await setup.databases.settle(url);
  }
  return samples as Round;
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

/** Fills a store of each kind, at the same time. */
async function fillBoth(sqlite: Databases, postgres: Databases): Promise<[string, string]> {
  const done = { SQLite: 0, PostgreSQL: 0 };
  const tell = (kind: keyof typeof done) => (count: number) => {
    done[kind] = count;
    const percent = (value: number) => `${Math.floor((value / EVENTS) * 100)}%`;
    if (process.stderr.isTTY || count % (EVENTS / 5) === 0)
      progress(`filling stores with ${EVENTS} delivered events: SQLite ${percent(done.SQLite)}, PostgreSQL ${percent(done.PostgreSQL)}`);
  };
  return Promise.all([sqlite.full(EVENTS, tell('SQLite')), postgres.full(EVENTS, tell('PostgreSQL'))]);
}

/** Milliseconds until a page that was written has reached the disk, as far as this machine says; the median. */
function diskMs(): number {
  const file = openSync(join(folder, 'disk'), 'w');
  const times = Array.from({ length: 100 }, () => {
    writeSync(file, 'x'.repeat(4_096));
    const start = performance.now();
    fdatasyncSync(file);
    return performance.now() - start;
  });
  return quantile(times, 0.5);
}

function report(setups: readonly Setup[], rounds: ReadonlyMap<string, readonly Round[]>): void {
  const of = (setup: Setup, value: (round: Round) => number) => quantile((rounds.get(setup.name) ?? []).map(value), 0.5);
  const row = (setup: Setup, which: keyof Round) => [
    setup.name,
    which === 'empty' ? '0' : String(EVENTS),
    of(setup, (round) => round[which].perSecond).toFixed(0),
    of(setup, (round) => round[which].p50).toFixed(1),
    of(setup, (round) => round[which].p99).toFixed(1),
    of(setup, (round) => quantile(round[which].leaving, 0.5)).toFixed(1),
    of(setup, (round) => quantile(round[which].leaving, 0.99)).toFixed(1),
  ];
  console.log(
    renderTable(
      ['', 'DELIVERED BEFORE', 'EVENTS/S', '202 P50 ms', 'P99 ms', '202 TO DISPATCH P50 ms', 'P99 ms'],
      setups.flatMap((setup) => [row(setup, 'empty'), row(setup, 'full')]),
    ),
  );
  const figures: readonly [string, (round: Round) => number][] = [
    ['events/s', ({ empty, full }) => full.perSecond / empty.perSecond],
    ['speed of leaving, p50', ({ empty, full }) => quantile(empty.leaving, 0.5) / quantile(full.leaving, 0.5)],
    ['speed of leaving, p99', ({ empty, full }) => quantile(empty.leaving, 0.99) / quantile(full.leaving, 0.99)],
  ];
  const ratios = setups.flatMap((setup) =>
    figures.map(([figure, value]) => {
      const all = (rounds.get(setup.name) ?? []).map(value);
      const ratio = quantile(all, 0.5);
      const range = `${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)}`;
      return [`${setup.name}: ${figure}, full / empty`, ratio.toFixed(2), range, `at least ${AIM}`, ratio >= AIM ? 'met' : 'not met'];
    }),
  );
  console.log('');
  console.log(renderTable(['FIGURE', 'MEASURED', 'ROUNDS', 'AIM', ''], ratios));
}

const clock = await startDispatchClock();
const server = await startPostgres({ durable: true });
try {
  execFileSync('tsc', ['-p', join(import.meta.dirname, 'tsconfig.json')], { stdio: 'inherit' });
  const [sqlite, postgres] = [sqliteDatabases(folder), postgresDatabases(server)];
  const [sqliteUrl, postgresUrl] = await fillBoth(sqlite, postgres);
  const setups: readonly Setup[] = [
    { name: 'SQLite', databases: sqlite, receivers: 1, fullUrl: sqliteUrl },
    { name: 'PostgreSQL, 1 receiver', databases: postgres, receivers: 1, fullUrl: postgresUrl },
    { name: 'PostgreSQL, 2 receivers', databases: postgres, receivers: 2, fullUrl: postgresUrl },
  ];
  const rounds = new Map<string, Round[]>();
  for (let round = 1; round <= ROUNDS; round++) {
    for (const setup of setups) rounds.set(setup.name, [...(rounds.get(setup.name) ?? []), await measureRound(setup, round, clock)]);
  }
  const sizes = [await sqlite.megabytes(sqliteUrl), await postgres.megabytes(postgresUrl)].map((size) => `${(size / 1000).toFixed(1)} GB`);
  progress('');
  console.log(
    `\nStores, medians of ${ROUNDS} rounds. Both are durable: SQLite with synchronous=FULL, PostgreSQL with fsync=on; reaching the disk takes
${diskMs().toFixed(2)} ms here. Accepting: ${CONNECTIONS} connections, ${ACCEPT_SECONDS} s, shared out when there are two receivers; load, receivers and
PostgreSQL share this machine. Leaving: ${RATE} events a second for ${LEAVE_SECONDS} s, at most ${WRITES_PER_SECOND} dispatches a second with the one credential.
Full: ${EVENTS} delivered events about ${SUBJECTS} subjects (${sizes[0]} in SQLite, ${sizes[1]} in PostgreSQL).\n`,
  );
  report(setups, rounds);
} finally {
  clock.close();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
