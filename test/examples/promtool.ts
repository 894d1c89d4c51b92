import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Prometheus' own checks (Debian's package `prometheus`); `undefined` where they are not installed. */
export const PROMTOOL = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'promtool'))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** What to do without it. */
export const NO_PROMTOOL = 'promtool is not installed. Debian: apt-get install prometheus';

/** Runs promtool; what it printed, if it has found something. */
export function promtool(words: readonly string[], { cwd, input = '' }: { readonly cwd: string; readonly input?: string }): string {
  const { status, stdout, stderr } = spawnSync(PROMTOOL ?? '', words, { cwd, input, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}
