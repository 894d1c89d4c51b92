import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '../src/config/json-schema.ts';
import { clientPayloadJsonSchema } from '../src/event/client-payload.ts';
import { bundleAction } from './bundle.ts';

const action = await bundleAction();

/** `npm run generated`: fails if a committed file is not up to date with its source. */
const FILES: Readonly<Record<string, { text: string; command: string }>> = {
  'schema/wandb-relay.schema.json': { text: `${JSON.stringify(configJsonSchema(), null, 2)}\n`, command: 'npm run generate' },
  'schema/client-payload.schema.json': { text: `${JSON.stringify(clientPayloadJsonSchema(), null, 2)}\n`, command: 'npm run generate' },
  'dist/index.cjs': { text: action.code, command: 'npm run bundle' },
  'dist/THIRD-PARTY-LICENSES.txt': { text: action.licenses, command: 'npm run bundle' },
};

let stale = 0;
for (const [file, { text, command }] of Object.entries(FILES)) {
  const found = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
  if (found === text) console.log(`${file} is up to date`);
  else {
    stale++;
    console.error(`${file} is out of date: run "${command}" and commit it`);
  }
}
process.exitCode = stale === 0 ? 0 : 1;
