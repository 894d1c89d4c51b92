import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './receiver-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

const PARTS = ['package.json', 'wrangler.jsonc', 'tsconfig.json', 'scripts', 'receiver', 'src', 'examples'];

/** A checkout of this project in a folder of its own, whose path has a space: nobody's config and variables are in it. */
export function projectCopy(): string {
  const folder = join(temporaryFolder(), 'a relay');
  mkdirSync(folder);
  for (const part of PARTS) cpSync(join(PROJECT, part), join(folder, part), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}
