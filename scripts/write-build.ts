import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommand } from './bundle.ts';

/** `npm run build`: writes what is published to build/. The builders keep a file each, with their types. */
const folder = join(import.meta.dirname, '..', 'build');
rmSync(folder, { recursive: true, force: true });
execFileSync('tsc', ['-p', join(import.meta.dirname, '..', 'tsconfig.build.json')], { stdio: 'inherit' });
await bundleCommand(folder);
