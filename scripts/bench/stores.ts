import { execFileSync } from 'node:child_process';
import { fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable } from '../../receiver/cli/output.ts';
import { startPostgres } from '../../test/stand-ins/postgres.ts';
import { type Databases, postgresDatabases, sqliteDatabases } from './databases.ts';
import { type DispatchClock, startDispatchClock, timesToLeave } from './leaving.ts';
import { type LoadResult, quantile, runLoad, signedRequests } from './load.ts';
import { type Receivers, startReceivers } from './receivers.ts';
import { SUBJECTS } from './setup.ts';

/**
 * The third part of `npm run bench`: the stores beside each other, empty and with a million delivered events. Everything
 * runs on this machine: the load, the receivers, PostgreSQL. An empty store and a full one are up at the same time and are
 * measured in turns of a second or two, because a machine's speed changes from one moment to the next; a ratio is the
 * median of those of neighbouring turns.
 *
 * A turn's slowest dispatch is one event of 80: on two busy cores the ratio of two empty stores beside each other came out
 * anywhere between 0.7 and 1.7, so one run does not decide about the P99 of leaving.
 *
 * `--events 100000` fills less, for trying.
 */
const { values: flags } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '4' } },
});
const EVENTS = Math.max(2, Math.round(Number(flags.events) / SUBJECTS)) * SUBJECTS;
const ROUNDS = Number(flags.rounds);
/** Turns of each store in a round. */
const TURNS = 2;
const CONNECTIONS = 32;
const ACCEPT_SECONDS = 1;
/** Events a second while the time to leave is measured: the pace (100 a second with a credential) is not what they wait for. */
const RATE = 40;
const WRITES_PER_SECOND = 100;
const LEAVE_SECONDS = 2;
/** At least this much of the empty store. */
const AIM = 0.85;

/** What was measured in one turn of the empty store, and in the full one's beside it. */
interface Pair<Measured> {
  readonly empty: Measured;
  readonly full: Measured;
}

interface Figures {
  readonly accepted: Pair<LoadResult>[];
  /** Milliseconds from 202 to the arrival of the dispatch. */
  readonly leaving: Pair<readonly number[]>[];
}

interface Setup {
  readonly name: string;
  readonly databases: Databases;
  readonly receivers: number;
  readonly fullUrl: string;
}

const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-bench-'));
const next = signedRequests();

/** Measures an empty store and the full one in turns, and adds that to the figures. */
async function measureRound(setup: Setup, clock: DispatchClock, figures: Figures): Promise<void> {
  const { databases, receivers: count, fullUrl } = setup;
  const on = (databaseUrl: string) => ({ databaseUrl, count, githubUrl: clock.url, folder });
  const [empty, full] = [on(await databases.empty()), on(fullUrl)];
  const paced = { writesPerSecond: WRITES_PER_SECOND };
  await withBoth({ ...empty, ...paced }, { ...full, ...paced }, async (both) => {
    const leave = (seconds: number) => (urls: readonly string[]) => timesToLeave({ urls, next, clock, rate: RATE, seconds });
    await inTurns(both, 1, leave(1));
    figures.leaving.push(...(await inTurns(both, TURNS, leave(LEAVE_SECONDS))));
  });
  await withBoth(empty, full, async (both) => {
    const load = (urls: readonly string[]) => runLoad(urls, next, CONNECTIONS, ACCEPT_SECONDS);
    await inTurns(both, 1, load);
    figures.accepted.push(...(await inTurns(both, TURNS, load)));
  });
  await databases.settle(fullUrl);
}

/** First the one and then the other, the next time the other way round. */
async function inTurns<T>(both: Pair<Receivers>, turns: number, measure: (urls: readonly string[]) => Promise<T>): Promise<Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const one = turn % 2 === 0 ? await measure(both.empty.urls) : undefined;
    const full = await measure(both.full.urls);
    pairs.push({ empty: one ?? (await measure(both.empty.urls)), full });
  }
  return pairs;
}

type Options = Parameters<typeof startReceivers>[0];

async function withBoth(empty: Options, full: Options, work: (both: Pair<Receivers>) => Promise<void>): Promise<void> {
  const started: Receivers[] = [];
  const start = async (options: Options): Promise<Receivers> => {
    const receivers = await startReceivers(options);
    started.push(receivers);
    return receivers;
  };
  try {
    await work({ empty: await start(empty), full: await start(full) });
  } finally {
    await Promise.all(started.map((receivers) => receivers.stop()));
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
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
  return median(times);
}

function report(measured: ReadonlyMap<Setup, Figures>): void {
  const row = ([setup, { accepted, leaving }]: [Setup, Figures], which: 'empty' | 'full') => {
    return [
      setup.name,
      which === 'empty' ? '0' : String(EVENTS),
      median(accepted.map((pair) => pair[which].perSecond)).toFixed(0),
      median(accepted.map((pair) => pair[which].p50)).toFixed(1),
      median(accepted.map((pair) => pair[which].p99)).toFixed(1),
      median(leaving.map((pair) => median(pair[which]))).toFixed(1),
      median(leaving.map((pair) => quantile(pair[which], 0.99))).toFixed(1),
    ];
  };
  const all = [...measured];
  console.log(
    renderTable(
      ['', 'DELIVERED BEFORE', 'EVENTS/S', '202 P50 ms', 'P99 ms', '202 TO DISPATCH P50 ms', 'P99 ms'],
      all.flatMap((each) => [row(each, 'empty'), row(each, 'full')]),
    ),
  );
  const ratios = all.flatMap(([setup, { accepted, leaving }]) => [
    ratioRow(
      `${setup.name}: events/s, full / empty`,
      accepted.map(({ empty, full }) => full.perSecond / empty.perSecond),
    ),
    ratioRow(
      `${setup.name}: p50 of leaving, empty / full`,
      leaving.map(({ empty, full }) => median(empty) / median(full)),
    ),
    ratioRow(
      `${setup.name}: p99 of leaving, empty / full`,
      leaving.map(({ empty, full }) => quantile(empty, 0.99) / quantile(full, 0.99)),
    ),
  ]);
  console.log('');
  console.log(
    renderTable(
      ['ACCEPTING, EVENTS/S', 'MEASURED', 'MIDDLE HALF'],
      all.slice(1).map((each, i) => besideRow(all[i], each)),
    ),
  );
  console.log('');
  console.log(renderTable(['FIGURE', 'MEASURED', 'MIDDLE HALF', 'AIM', ''], ratios));
}

/** One setup beside the one before it, turn by turn: they were measured within a minute. */
function besideRow(before: [Setup, Figures] | undefined, [setup, { accepted }]: [Setup, Figures]): string[] {
  const ratios = accepted.map(({ empty }, i) => empty.perSecond / (before?.[1].accepted[i]?.empty.perSecond ?? Number.NaN));
  return [`${setup.name} / ${before?.[0].name}, empty`, median(ratios).toFixed(2), middleHalf(ratios)];
}

function middleHalf(values: readonly number[]): string {
  return `${quantile(values, 0.25).toFixed(2)} to ${quantile(values, 0.75).toFixed(2)}`;
}

function ratioRow(figure: string, ratios: readonly number[]): string[] {
  return [figure, median(ratios).toFixed(2), middleHalf(ratios), `at least ${AIM}`, median(ratios) >= AIM ? 'met' : 'not met'];
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
  const measured = new Map<Setup, Figures>(setups.map((setup) => [setup, { accepted: [], leaving: [] }]));
  const disk: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    disk.push(diskMs());
    for (const [setup, figures] of measured) {
      progress(`round ${round} of ${ROUNDS}: ${setup.name}`);
      await measureRound(setup, clock, figures);
    }
  }
  const sizes = [await sqlite.megabytes(sqliteUrl), await postgres.megabytes(postgresUrl)].map((size) => `${(size / 1000).toFixed(1)} GB`);
  if (process.stderr.isTTY) progress('');
  console.log(
    `\nStores, medians of ${ROUNDS} rounds with ${TURNS} turns of each. Load, receivers and PostgreSQL share ${availableParallelism()} cores.
Durable: SQLite with synchronous=FULL, PostgreSQL with fsync on; reaching the disk takes ${median(disk).toFixed(2)} ms here (${Math.min(...disk).toFixed(2)} to ${Math.max(...disk).toFixed(2)}).
Accepting: ${CONNECTIONS} connections for ${ACCEPT_SECONDS} s, shared out when there are two receivers. Dispatches leave as slowly as shipped meanwhile.
Leaving: ${RATE} events a second, evenly, for ${LEAVE_SECONDS} s; at most ${WRITES_PER_SECOND} dispatches a second, with one credential. P99 is the slowest of a turn's ${RATE * LEAVE_SECONDS}.
Full: ${EVENTS} delivered events about ${SUBJECTS} subjects, runs ended (${sizes[0]} in SQLite, ${sizes[1]} in PostgreSQL).\n`,
  );
  report(measured);
} finally {
  clock.close();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
