import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable } from '../../receiver/cli/output.ts';
import { type PostgresServer, startPostgres } from '../../test/stand-ins/postgres.ts';
import { bundleCommand } from '../bundle.ts';
import { FIGURE_COLUMNS, type Figure, figureRow, isMet } from './figures.ts';
import type { Bench, Part } from './part.ts';
import { acceptPart } from './part-accept.ts';
import { backtestPart } from './part-backtest.ts';
import { batchPart } from './part-batch.ts';
import { drainPart } from './part-drain.ts';
import { enginePart } from './part-engine.ts';
import { fullPart } from './part-full.ts';
import { leavingPart } from './part-leaving.ts';
import { memoryPart } from './part-memory.ts';
import { migrationPart } from './part-migration.ts';
import { profilePart } from './part-profile.ts';
import { postgresPart, routesPart } from './part-ratios.ts';
import { startPart } from './part-start.ts';
import { syncPart } from './part-sync.ts';
import { watchPart } from './part-watch.ts';
import { COMMAND } from './servers.ts';
import { SUBJECTS } from './setup.ts';
import { startTarget } from './target-server.ts';

/**
 * `npm run bench`: figures with targets. Ratios compare two servers within one run, in turns; see docs/benchmarks.md.
 *
 * - `--only accept,leaving` runs these parts
 * - `--short` only shows that it works: one round, a second a turn, 20,000 events in the full store
 * - `--rounds N`, `--seconds N` (of a turn), `--events N` (in the full store)
 * - `--json FILE` writes the figures
 */
const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['accept', acceptPart],
  ['leaving', leavingPart],
  ['drain', drainPart],
  ['postgres', postgresPart],
  ['routes', routesPart],
  ['start', startPart],
  ['full', fullPart],
  ['memory', memoryPart],
  ['batch', batchPart],
  ['migration', migrationPart],
  ['sync', syncPart],
  ['engine', enginePart],
  ['watch', watchPart],
  ['backtest', backtestPart],
  ['profile', profilePart],
]);

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    events: { type: 'string' },
  },
});

function wholeOf(flag: 'rounds' | 'seconds' | 'events', short: number, long: number): number {
  const value = Number(flags[flag] ?? (flags.short ? short : long));
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} must be a whole number of at least 1`);
  return value;
}

function chosenParts(): string[] {
  if (flags.only === undefined) return [...PARTS.keys()];
  const names = flags.only.split(',');
  const unknown = names.find((name) => !PARTS.has(name));
  if (unknown !== undefined) throw new Error(`--only: there is no part "${unknown}": choose among ${[...PARTS.keys()].join(', ')}`);
  return names;
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

const names = chosenParts();
/** Before the bench adds to it. */
const [load = 0] = loadavg();
const lengths = { rounds: wholeOf('rounds', 1, 5), seconds: wholeOf('seconds', 1, 8) };
const events = Math.max(2, Math.round(wholeOf('events', 20_000, 1_000_000) / SUBJECTS)) * SUBJECTS;
const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const target = await startTarget();
let postgres: Promise<PostgresServer> | undefined;
const bench: Bench = {
  ...lengths,
  folder,
  target,
  short: flags.short,
  events,
  newPostgres: async () => {
    postgres ??= startPostgres({ durable: true });
    return (await postgres).newDatabase();
  },
  progress,
  print: (text) => console.log(`\n${text}`),
};
const figures: Figure[] = [];
try {
  progress('building');
  execFileSync('tsc', ['-p', join(import.meta.dirname, 'tsconfig.json')], { stdio: 'inherit' });
  await bundleCommand(COMMAND);
  for (const name of names) figures.push(...((await PARTS.get(name)?.(bench)) ?? []));
} finally {
  target.close();
  if (postgres !== undefined) await (await postgres).remove();
}
const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`;
console.log(`\n${lengths.rounds} rounds, ${lengths.seconds} s a turn; ${machine}; load average before it began: ${load.toFixed(1)}\n`);
console.log(renderTable(FIGURE_COLUMNS, figures.map(figureRow)).join('\n'));
const aimed = figures.filter((figure) => isMet(figure) !== undefined);
console.log(`\n${aimed.filter((figure) => isMet(figure) === true).length} of ${aimed.length} targets are met`);
if (flags.json !== undefined) {
  const withVerdicts = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  writeFileSync(flags.json, `${JSON.stringify({ ...lengths, events, machine, load, figures: withVerdicts }, null, 2)}\n`);
}
