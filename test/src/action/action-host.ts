/**
 * A process that runs the Action's bundle as often as it is asked. Each time is like a runner's step: the bundle is evaluated again, with
 * the environment and the folder of that step alone. A step is over when nothing keeps the process alive any more.
 */
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';

export interface Step {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What was printed, as it comes, and then the exit code. */
export type Heard = { readonly text: string } | { readonly code: number };

const [bundle = ''] = process.argv.slice(2);
const script = new Script(Module.wrap(readFileSync(bundle, 'utf8')), {
  filename: bundle,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
let isRunning = false;

function say(heard: Heard): void {
  process.send?.(heard);
}

for (const stream of [process.stdout, process.stderr]) {
  stream.write = ((text: string | Uint8Array, ...rest: unknown[]) => {
    say({ text: typeof text === 'string' ? text : Buffer.from(text).toString() });
    const written = rest.find((one) => typeof one === 'function');
    if (written !== undefined) process.nextTick(written as () => void);
    return true;
  }) as typeof stream.write;
}

process.on('message', ({ cwd, environment }: Step) => {
  isRunning = true;
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.exitCode = undefined;
  // From here on only what the step does keeps the process alive.
  process.channel?.unref();
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
});

process.on('beforeExit', () => {
  if (!isRunning) return;
  isRunning = false;
  process.channel?.ref();
  say({ code: Number(process.exitCode ?? 0) });
});
process.on('disconnect', () => process.exit());
