import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { COMPILED_ONCE, type CommandResult } from './receiver-process.ts';

/** Runs a program to its end, with this very Node first on its path and nothing of ours in its environment. */
export async function run(
  program: string,
  words: readonly string[],
  options: { readonly cwd: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
  const child = spawn(program, [...words], {
    cwd: options.cwd,
    env: { PATH, HOME: process.env.HOME ?? '', ...COMPILED_ONCE, ...options.environment },
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
