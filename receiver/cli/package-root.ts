import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package, in a checkout as in an installation. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
