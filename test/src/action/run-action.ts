import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMPILED_ONCE, PROJECT } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import type { Heard, Step } from './action-host.ts';

const BUNDLE = join(PROJECT, 'dist', 'index.cjs');

export interface ActionRun {
  readonly code: number | null;
  /** What the step printed: its log, with the commands that the runner turns into annotations. */
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What the step left in the runner's folder for temporary files. */
  readonly temporary: (name: string) => string;
  readonly annotations: readonly { readonly kind: string; readonly properties: string; readonly message: string }[];
}

/**
 * Runs the committed bundle as GitHub's runner does: inputs and files in the environment, nothing else of ours. The first run of
 * each command is a process of its own, as on a runner; later ones share a process that evaluates the bundle again each time.
 */
export async function runAction(options: {
  readonly inputs: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly event?: object;
  readonly apiUrl?: string;
  readonly cwd?: string;
  /** What the runner does otherwise, such as its proxies; `undefined` leaves a variable out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Always in a process of its own. */
  readonly isAlone?: boolean;
}): Promise<ActionRun & { readonly cwd: string }> {
  const cwd = options.cwd ?? temporaryFolder();
  const runner = temporaryFolder();
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const [output, summary, event] = ['output', 'summary.md', 'event.json'].map((name) => join(runner, name)) as [string, string, string];
  writeFileSync(output, '');
  writeFileSync(summary, '');
  writeFileSync(event, JSON.stringify(options.event ?? {}));
  const inputs = Object.entries(options.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const variables: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    ...COMPILED_ONCE,
    ...Object.fromEntries(inputs),
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_PATH: event,
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
    GITHUB_REPOSITORY: 'acme/models',
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_RUN_ID: '77',
    RUNNER_TEMP: runner,
    GITHUB_API_URL: options.apiUrl ?? 'http://127.0.0.1:9',
    ...options.environment,
  };
  const environment = Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const { command = '' } = options.inputs;
  const isFirst = !seen.has(command);
  seen.add(command);
  const { code, log } = await (isFirst || options.isAlone === true ? runAlone : runInHost)({ cwd, environment });
  return {
    cwd,
    code,
    log,
    outputs: readOutputs(readFileSync(output, 'utf8')),
    summary: readFileSync(summary, 'utf8'),
    temporary: (name) => readFileSync(join(runner, name), 'utf8'),
    annotations: readAnnotations(log),
  };
}

/** Commands that have had a process of their own. */
const seen = new Set<string>();

interface Ended {
  readonly code: number | null;
  readonly log: string;
}

async function runAlone({ cwd, environment }: Step): Promise<Ended> {
  const child = spawn(process.execPath, [BUNDLE], { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, log };
}

let host: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/** In the process that all test files of a worker share, one run after another. */
function runInHost(step: Step): Promise<Ended> {
  const run = last.then(() => runNext(step));
  last = run.catch(() => undefined);
  return run;
}

async function runNext(step: Step): Promise<Ended> {
  if (host === undefined || !host.connected) {
    host = fork(join(import.meta.dirname, 'action-host.ts'), [BUNDLE], {
      env: { ...COMPILED_ONCE },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    // It ends with whoever started it.
    host.unref();
    host.channel?.unref();
  }
  const running = host;
  running.channel?.ref();
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  let log = '';
  const hear = (heard: Heard) => {
    if ('text' in heard) log += heard.text;
    else resolve({ code: heard.code, log });
  };
  const end = (code: number | null) => reject(new Error(`the process of the Action ended with ${code}: ${log}`));
  running.on('message', hear);
  running.once('exit', end);
  running.send(step);
  try {
    return await promise;
  } finally {
    running.off('message', hear);
    running.off('exit', end);
    running.channel?.unref();
  }
}

function readOutputs(text: string): Record<string, string> {
  const found = [...text.matchAll(/^(.+?)<<(ghadelimiter_\S+)\n([\s\S]*?)\n?\2$/gm)];
  return Object.fromEntries(found.map((match) => [match[1] ?? '', match[3] ?? '']));
}

function readAnnotations(log: string): ActionRun['annotations'] {
  return [...log.matchAll(/^::(error|warning|notice) ?([^:\n]*(?:%3A[^:\n]*)*)::(.*)$/gm)].map((match) => ({
    kind: match[1] ?? '',
    properties: match[2] ?? '',
    message: (match[3] ?? '').replaceAll('%0A', '\n'),
  }));
}
