import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMPILED_ONCE, PROJECT } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

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

/** Runs the committed bundle as GitHub's runner does: inputs and files in the environment, nothing else of ours. */
export async function runAction(options: {
  readonly inputs: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly event?: object;
  readonly apiUrl?: string;
  readonly cwd?: string;
  /** What the runner does otherwise, such as its proxies; `undefined` leaves a variable out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
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
  const child = spawn(process.execPath, [join(PROJECT, 'dist', 'index.cjs')], {
    cwd,
    env: {
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
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
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
