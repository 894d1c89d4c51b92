import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkThrough } from '../../src/network/proxied-network.ts';
import { readProxySettings } from '../../src/proxy-settings.ts';
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

/** The command line on Node: the one place that touches the process. */
export async function runOnNode(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  // Whoever reads the output may have seen enough: `… | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  // What is wrong with them is said by every command that sends requests.
  const proxies = readProxySettings(process.env);
  const network = networkThrough(proxies.ok ? proxies.value : undefined);
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
    ...network,
    directFetch: fetch,
    stopped: whenStopped,
  };
  process.exitCode = await runProgram(io, version, process.argv.slice(2));
}
