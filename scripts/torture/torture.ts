import { writeFileSync } from 'node:fs';
import { brokenInvariants } from './accounting.ts';
import { ENGINE_USAGE, engineTorture, readEngineOptions } from './engine/engine-torture.ts';
import { readOptions, USAGE } from './options.ts';
import { reportJson, reportText } from './report.ts';
import { Run } from './run.ts';

/**
 * `npm run torture`: kills real receivers again and again while events come in, takes their store away, sets their clocks
 * wrong, and then accounts for everything that was acknowledged. With `--engine`: watchers, and what fired. Exits 1 when an invariant is broken, and 2 when the options are.
 */
const isTerminal = process.stdout.isTTY === true;
const startedAt = Date.now();
/** The exit status after SIGINT, as shells have it. */
const INTERRUPTED = 130;

function say(who: string, line: string): void {
  const seconds = `${Math.round((Date.now() - startedAt) / 1_000)} s`.padStart(6);
  const name = who.padEnd(8);
  console.log(isTerminal ? `\x1b[2m${seconds}\x1b[22m  \x1b[36m${name}\x1b[39m  ${line}` : `${seconds}  ${name}  ${line}`);
}

async function watchersOnly(words: readonly string[]): Promise<number> {
  let options: ReturnType<typeof readEngineOptions>;
  try {
    options = readEngineOptions(words, () => Date.now() % 1_000_000);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${ENGINE_USAGE}`);
    return 2;
  }
  return (await engineTorture(options, say)) ? 0 : 1;
}

async function main(): Promise<number> {
  if (process.argv.includes('--engine')) return await watchersOnly(process.argv.slice(2));
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(process.argv.slice(2), () => Date.now() % 1_000_000);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return 2;
  }
  const { stores, seed, events, kills, json } = options;
  say('torture', `seed ${seed}: ${events} events and ${kills} kills on each of ${stores.join(', ')}`);
  const runs = stores.map((store) => new Run(store, options, (line) => say(store, line)));
  const endAll = () => Promise.all(runs.map((run) => run.end()));
  let isInterrupted = false;
  process.once('SIGINT', () => {
    isInterrupted = true;
    say('torture', 'interrupted: nothing was found out');
    void endAll().finally(() => process.exit(INTERRUPTED));
  });
  try {
    const results = await Promise.all(runs.map((run) => run.toAccount()));
    const passed = results.every(({ account }) => brokenInvariants(account).length === 0);
    console.log(`\n${reportText(results)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(reportJson(options, results, passed), null, 2)}\n`);
    say('torture', passed ? 'every invariant was kept' : `BROKEN; run it again with --seed ${seed}`);
    return passed ? 0 : 1;
  } catch (error) {
    // What was ended under its feet fails.
    if (!isInterrupted) throw error;
    return INTERRUPTED;
  } finally {
    await endAll();
  }
}

// Not `process.exitCode`: the package that runs PostgreSQL ends the process with 0 once nothing is left to do.
process.exit(await main());
