import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleAction } from './bundle.ts';

/** `npm run bundle`: writes the Action's bundle to dist/. */
const folder = join(import.meta.dirname, '..', 'dist');
const { code, licenses } = await bundleAction();
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'index.cjs'), code);
writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licenses);
console.log(`dist/index.cjs: ${(Buffer.byteLength(code) / 1e6).toFixed(2)} MB`);
