import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleAction } from './bundle.ts';

/** `npm run bundle`: writes the Action's bundle to dist/. */
const folder = join(import.meta.dirname, '..', 'dist');
const text = await bundleAction();
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'index.cjs'), text);
console.log(`dist/index.cjs: ${(Buffer.byteLength(text) / 1e6).toFixed(2)} MB`);
