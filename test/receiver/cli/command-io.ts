import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandIo } from '../../../receiver/cli/output.ts';
import { printerOf } from '../../../receiver/cli/printer.ts';
import { runProgram } from '../../../receiver/cli/program.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

/** The command line in this process, in a folder of its own. */
export function commandLine(
  files: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, string>> = {},
  changes: Partial<Pick<CommandIo, 'now' | 'stopped' | 'printStyled' | 'ask'>> = {},
) {
  const cwd = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const run = async (...words: string[]) => {
    let out = '';
    let complaints = '';
    const io: CommandIo = {
      ...printerOf(
        (text) => {
          out += text;
        },
        (text) => {
          complaints += text;
        },
      ),
      variables,
      cwd,
      writeLog: (text) => {
        out += `${text}\n`;
      },
      user: process.geteuid?.(),
      terminal: false,
      now: Date.now,
      random: Math.random,
      randomBytes: (length) => randomBytes(length),
      fetch,
      stopped: () => Promise.resolve('test'),
      ...changes,
    };
    const code = await runProgram(io, '0.0.0-test', words);
    return { code, out, complaints };
  };
  return { cwd, run };
}
