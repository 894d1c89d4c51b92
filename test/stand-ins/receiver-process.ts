import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const PROJECT = join(import.meta.dirname, '..', '..');
export const MAIN = join(PROJECT, 'receiver', 'cli', 'main.ts');

/** The environment of a newcomer: what a program needs to run at all, and nothing of ours. */
export const BARE_ENVIRONMENT = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };

/** Where Node keeps what it compiled: a program that tests start again and again is compiled once. Makes a start quicker, and nothing else. */
export const COMPILED_ONCE = { NODE_COMPILE_CACHE: join(PROJECT, 'node_modules', '.cache', 'node-compile-cache') };

/** The environment variable with the address that answers with the path of a built program. Set while Vitest runs. */
export const BUILT_PROGRAMS = 'WANDB_RELAY_BUILT_PROGRAMS';

/**
 * What to start for the program whose source has this path in the project: in a run of Vitest its build, elsewhere the source.
 * Packages that are `external` are loaded from node_modules/ as they are.
 */
export async function builtProgram(source: string, external: readonly string[] = []): Promise<string> {
  const address = process.env[BUILT_PROGRAMS];
  if (address === undefined) return join(PROJECT, source);
  const query = new URLSearchParams({ source });
  for (const name of external) query.append('external', name);
  const response = await fetch(`${address}?${query}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${source} could not be built: ${text}`);
  return text;
}

/** The source of the command line. */
export const COMMAND = 'receiver/cli/main.ts';

/** What tests start as `wandb-relay`: as npm's users have it. */
export const commandMain = (): Promise<string> => builtProgram(COMMAND);

export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGKILL';

export interface ReceiverProcess {
  readonly url: string;
  /** Its log, a record a line, and whatever else it printed under `text`. */
  readonly log: readonly Record<string, unknown>[];
  /** What it printed on standard error, a line each. */
  readonly complaints: readonly string[];
  readonly pid: number;
  /** Ends it and resolves with its exit code (`null` when the signal killed it). */
  end(signal: StopSignal): Promise<number | null>;
}

/** Starts `wandb-relay serve` as its users do and waits until it listens. Rejects with what it printed when it ends first. */
export async function startReceiver(options: {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** A command that runs what follows it under some restriction. */
  readonly wrapper?: readonly string[];
  /** Another program than this one. */
  readonly main?: string;
  /** Is called with the process before it listens. */
  readonly startedAs?: (child: ChildProcess) => void;
}): Promise<ReceiverProcess> {
  const command = [
    ...(options.wrapper ?? []),
    process.execPath,
    ...(options.nodeOptions ?? []),
    options.main ?? (await commandMain()),
    'serve',
    ...(options.words ?? []),
  ];
  const child = spawn(command[0] ?? '', command.slice(1), {
    cwd: options.cwd,
    env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE, PORT: '0', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.startedAs?.(child);
  const log: Record<string, unknown>[] = [];
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = line.startsWith('{"level"') ? (JSON.parse(line) as Record<string, unknown>) : { text: line };
      log.push(entry);
      if (entry.msg === 'listening') resolve(String(entry.url));
    });
    child.once('exit', (code) => reject(new Error(`the receiver ended with ${code}: ${complaints.join('\n')}`)));
  });
  return { url, log, complaints, pid: child.pid ?? 0, end: (signal) => endProcess(child, signal) };
}

async function endProcess(child: ChildProcess, signal: StopSignal): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one CLI command to its end. */
export async function runCommand(
  words: readonly string[],
  options: { readonly cwd: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const child = spawn(process.execPath, [await commandMain(), ...words], {
    cwd: options.cwd,
    env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Resolves when `condition` holds; rejects, saying what was awaited, when it does not within `limitMs`. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
