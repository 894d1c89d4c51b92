import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { debuglog } from 'node:util';
import { messageOf } from '../../src/lib/error-message.ts';
import { readProxySettings } from '../../src/lib/proxy-settings.ts';
import { visible } from '../../src/lib/visible.ts';
import { networkThrough } from '../../src/network/proxied-network.ts';
import { bufferLines } from '../log/line-buffer.ts';
import { withSecretFiles } from '../secret-files.ts';
import type { CommandIo } from './output.ts';
import { packageRoot } from './package-root.ts';
import { printerOf } from './printer.ts';
import { runProgram } from './program.ts';
import { askOnTerminal } from './prompt.ts';
import type { Signals } from './signals.ts';
import { colouredText, type StyledLine } from './styled.ts';
import { limitHeap } from './young-heap.ts';

/** What still keeps the process alive so long after a command has ended is cut off. Milliseconds. */
const LINGER_MS = 1_000;

/** `NODE_DEBUG=wandb-relay` shows where an unexpected error comes from. */
const debug = debuglog('wandb-relay');

/** The command line on Node: the one place that touches the process. */
export async function runOnNode(signals: Signals): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  const words = process.argv.slice(2);
  const isServe = words[0] === 'serve' || (words[0] === 'watch' && !words.includes('--once'));
  const log = bufferLines((text) => process.stdout.write(text));
  // Lines of the log come before what is printed after them, and standard output and error may be the same file.
  const after = (write: (text: string) => void) => (text: string) => {
    log.flush();
    write(text);
  };
  const printer = printerOf(
    after((text) => process.stdout.write(text)),
    after((text) => process.stderr.write(text)),
  );
  // However the process ends, except by a kill -9 or a crash of Node itself. Files are written at once, and pipes take what has room in them.
  process.once('exit', log.flush);
  watchOutput(isServe, printer.complain);
  // A bug: the message may hold text from outside, which Node would print as it is.
  process.once('uncaughtException', (error) => {
    printer.complain(...(error.stack ?? messageOf(error)).split('\n'));
    process.exit(1);
  });
  // What is wrong with them is said by every command that sends requests.
  const proxies = readProxySettings(process.env);
  const network = networkThrough(proxies.ok ? proxies.value : undefined);
  // https://no-color.org: any value that is not blank.
  const showsColours = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  const io: CommandIo = {
    ...printer,
    variables: withSecretFiles(process.env, (path) => readFileSync(path, 'utf8')),
    cwd: process.cwd(),
    // Who watches at a terminal sees each line at once.
    writeLog: process.stdout.isTTY === true ? (text) => process.stdout.write(`${text}\n`) : log.add,
    ...(process.stderr.isTTY === true ? { progress: (text: string) => process.stderr.write(`\r\x1b[K${visible(text)}`) } : {}),
    ...(process.stdin.isTTY === true && process.stdout.isTTY === true ? { ask: askOnTerminal } : {}),
    user: process.geteuid?.(),
    terminal: process.stdout.isTTY === true,
    ...(process.stdout.isTTY === true ? { columns: process.stdout.columns } : {}),
    ...(showsColours ? { printStyled: (lines: readonly StyledLine[]) => process.stdout.write(colouredText(lines)) } : {}),
    now: Date.now,
    random: Math.random,
    randomBytes: (length) => randomBytes(length),
    ...network,
    directFetch: fetch,
    stopped: signals.stopped,
    onHangUp,
  };
  if (isServe) await limitHeap();
  try {
    process.exitCode = await runProgram(io, version, words);
  } catch (error) {
    if (isServe) throw error;
    io.complain(`${words[0] ?? 'wandb-relay'}: ${messageOf(error)} (NODE_DEBUG=wandb-relay shows where)`);
    debug('%s', visible(error instanceof Error ? (error.stack ?? '') : ''));
    process.exitCode = 1;
  }
  // A receiver ends in time, whoever reads its log. A command waits for a slow reader (`… | less`), until that has all of it or is gone.
  setTimeout(() => (isServe ? process.exit() : process.stdout.write('', () => process.exit())), LINGER_MS).unref();
}

/**
 * SIGHUP asks for the config to be read again. It also comes when the terminal is closed that the command was started in: then
 * the command ends in order, as it would without a handler.
 */
function onHangUp(listener: () => void): void {
  process.on('SIGHUP', () => {
    if (process.stdout.isTTY === true && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else listener();
  });
}

/** Whether the terminal is still there (tty(4): opening /dev/tty fails once it is gone). */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Output that cannot be written ends nothing. Whoever read it may have seen enough (`… | head`): a command then ends quietly
 * with its own exit code. A receiver goes on, complains once, and logs again when it can (a disk that was full). A command
 * whose output was lost for another reason, such as a full disk, has failed.
 */
function watchOutput(isServe: boolean, complain: (line: string) => void): void {
  let hasComplained = false;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    const isReaderGone = error.code === 'EPIPE';
    if (hasComplained || (isReaderGone && !isServe)) return;
    hasComplained = true;
    if (isServe) return complain(`the log cannot be written: ${error.message}; the receiver goes on`);
    complain(`the output cannot be written: ${error.message}`);
    // The command may set its own exit code later.
    process.on('exit', (code) => {
      process.exitCode = code === 0 ? 1 : code;
    });
  });
}
