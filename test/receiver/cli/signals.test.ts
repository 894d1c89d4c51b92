import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { handleSignals } from '../../../receiver/cli/signals.ts';
import { BARE_ENVIRONMENT, COMPILED_ONCE, eventually, MAIN } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

/** A database that takes connections and never answers, so that whoever starts with it is in the middle of its start. */
async function silentDatabase(): Promise<{ url: string; asked: () => boolean }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `postgres://relay@127.0.0.1:${(server.address() as AddressInfo).port}/relay`, asked: () => connections > 0 };
}

function start(program: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(program, [...words], {
    cwd: temporaryFolder(),
    env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.resume();
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, stderr: () => stderr };
}

/** How it ended after a signal: its exit code, or the signal's name where no handler took it. */
async function ended(child: ChildProcess): Promise<number | string | null> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return code ?? signal;
}

/** Options for Node with which the modules of the command line never get loaded: it stays in the middle of its start. */
function neverLoads(): string[] {
  const hook = join(temporaryFolder(), 'never-loads.mjs');
  writeFileSync(
    hook,
    `import { register } from 'node:module';
const load = \`import { writeSync } from 'node:fs';
export async function load(url, context, next) {
  if (!url.endsWith('/node-io.ts')) return next(url, context);
  writeSync(2, 'loading');
  return new Promise(() => {});
}\`;
register('data:text/javascript,' + encodeURIComponent(load));
setInterval(() => {}, 1000);`,
  );
  return ['--import', hook];
}

const CASES = [
  ['serve', 'SIGTERM', 0],
  ['serve', 'SIGINT', 0],
  ['plan', 'SIGTERM', 143],
  ['validate', 'SIGINT', 130],
] as const;

describe('a signal', () => {
  it.each(CASES)('ends %s by %s with %i while its modules are still being loaded', async (command, signal, code) => {
    const { child, stderr } = start(process.execPath, [...neverLoads(), MAIN, command]);
    await eventually('it loads', () => stderr().includes('loading'));
    child.kill(signal);
    expect(await ended(child)).toBe(code);
  });

  it.each([
    ['deliveries', 'SIGTERM', 143],
    ['events', 'SIGINT', 130],
  ] as const)('ends %s by %s with %i while the database does not answer', async (command, signal, code) => {
    const { url, asked } = await silentDatabase();
    const { child } = start(process.execPath, [MAIN, command], { DATABASE_URL: url });
    await eventually('the database is asked', asked);
    child.kill(signal);
    expect(await ended(child)).toBe(code);
  });
});

// The first process of a container: without a handler of its own the kernel does not deliver a signal to it at all.
describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('as process 1, a signal', () => {
  it.each(CASES)('ends %s by %s with %i', async (command, signal, code) => {
    const words = ['--pid', '--fork', '--kill-child', process.execPath, ...neverLoads(), MAIN, command];
    const { child, stderr } = start('unshare', words);
    await eventually('it loads', () => stderr().includes('loading'));
    const inner = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    process.kill(Number(inner), signal);
    expect(await ended(child)).toBe(code);
  });
});

describe('signals', () => {
  function fakeProcess(command: string) {
    const handlers = new Map<string, () => void>();
    const exits: number[] = [];
    let now = 0;
    const process = {
      argv: ['node', 'main.ts', command],
      on: (signal: string, handler: () => void) => handlers.set(signal, handler),
      exit: (code: number) => void exits.push(code),
    };
    const signals = handleSignals(process, () => now);
    return {
      signals,
      exits,
      send: (signal: string, at: number) => {
        now = at;
        handlers.get(signal)?.();
      },
    };
  }

  it('stop in order once that was asked for; a second one that is meant ends the process', async () => {
    const { signals, exits, send } = fakeProcess('serve');
    const stopped = signals.stopped();
    send('SIGTERM', 1_000);
    expect(await stopped).toBe('SIGTERM');
    send('SIGINT', 1_400);
    expect(exits).toEqual([]);
    send('SIGINT', 1_600);
    expect(exits).toEqual([130]);
  });
});
