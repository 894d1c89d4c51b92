import { randomBytes } from 'node:crypto';
import type { CommandIo } from '../../receiver/cli/output.ts';
import { printerOf } from '../../receiver/cli/printer.ts';
import { serve } from '../../receiver/cli/serve.ts';

/**
 * `wandb-relay serve` for `npm run bench`: as it is installed, except that it tells its address to its parent and stops
 * when the parent lets go of it.
 */
const stopped = new Promise<string>((resolve) => process.once('disconnect', () => resolve('the bench is done')));

function writeLog(text: string): void {
  process.stdout.write(`${text}\n`);
  if (!text.includes('"msg":"listening"')) return;
  const { url } = JSON.parse(text) as { url: string };
  process.send?.(url);
}

const io: CommandIo = {
  ...printerOf(
    (text) => process.stdout.write(text),
    (text) => process.stderr.write(text),
  ),
  variables: process.env,
  cwd: process.cwd(),
  writeLog,
  user: process.geteuid?.(),
  terminal: false,
  now: Date.now,
  random: Math.random,
  randomBytes: (length) => randomBytes(length),
  fetch,
  stopped: () => stopped,
};
process.exitCode = await serve(io, { sandbox: false });
