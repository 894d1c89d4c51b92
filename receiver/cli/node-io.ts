import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandIo } from './output.ts';
import { packageRoot } from './package-root.ts';
import { runProgram } from './program.ts';

/** A second signal after this is meant. Milliseconds. */
const IMPATIENT_MS = 500;

/** Resolves with the first signal; a second one ends the process at once. */
function whenStopped(): Promise<string> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        // One Ctrl-C may arrive twice: from the terminal, and from npm.
        if (first !== undefined && Date.now() - first > IMPATIENT_MS) process.exit(1);
        first ??= Date.now();
        resolve(signal);
      });
    }
  });
}

/** What still keeps the process alive so long after a command has ended is cut off. Milliseconds. */
const LINGER_MS = 1_000;

/** The command line on Node: the one place that touches the process. */
export async function runOnNode(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  // Whoever reads the output may have seen enough: `… | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  const io: CommandIo = {
    variables: process.env,
    cwd: process.cwd(),
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    ...(process.stderr.isTTY === true ? { progress: (text: string) => process.stderr.write(`\r\x1b[K${text}`) } : {}),
    terminal: process.stdout.isTTY === true,
    now: Date.now,
    random: Math.random,
    randomBytes: (length) => randomBytes(length),
    fetch,
    stopped: whenStopped,
  };
  process.exitCode = await runProgram(io, version, process.argv.slice(2));
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
