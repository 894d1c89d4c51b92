import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { sleep } from './client.ts';
import { type ProcessUsage, usageOf } from './process-usage.ts';

export interface ServerCommand {
  readonly file: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Where its output goes: a file, as a service manager would do, not a pipe that somebody has to read. */
  readonly logFile: string;
}

export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** From its start until it answered a request, in milliseconds. */
  readonly readyMs: number;
  usage(): ProcessUsage;
  /** Ends it in order, and waits for that. */
  stop(): Promise<void>;
  /** `kill -9`. Resolves when it is gone. */
  kill(): Promise<void>;
}

const START_LIMIT_MS = 30_000;
/** What has not answered after so long is asked again. */
const ANSWER_LIMIT_MS = 2_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// A signal alone would end this process without that.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Starts a server and waits until it answers. `commandFor` is told which port to listen on. */
export async function startServer(commandFor: (port: number) => ServerCommand): Promise<ServerProcess> {
  const port = await freePort();
  const { file, words, environment, folder, logFile } = commandFor(port);
  const log = openSync(logFile, 'a');
  const start = performance.now();
  const child = spawn(file, words, { cwd: folder, env: environment, stdio: ['ignore', log, log] });
  closeSync(log);
  running.add(child);
  const exited = once(child, 'exit');
  child.once('exit', () => running.delete(child));
  exited.catch(() => undefined);
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null || performance.now() - start > START_LIMIT_MS) {
        throw new Error(`${file} ${words.join(' ')} does not answer: ${readFileSync(logFile, 'utf8').slice(-2_000)}`);
      }
      await sleep(2);
    }
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  const pid = child.pid ?? 0;
  return {
    port,
    pid,
    readyMs: performance.now() - start,
    usage: () => usageOf(pid),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/** Whether something at the port answers a request, with whatever status. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(ANSWER_LIMIT_MS, () => settle(false));
    socket.once('connect', () => socket.write('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n'));
    socket.once('data', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
