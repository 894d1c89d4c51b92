import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkedWorkerConfig, EXAMPLE } from './worker-config.ts';
import { ROOT, startWrangler, temporaryWranglerConfig, WRITTEN } from './wrangler.ts';

/** `npm run build:worker`: bundles the Worker like a deployment, without deploying it. Fails if the compressed bundle is too large. */
const LIMIT = 1_000_000;

const config = await checkedWorkerConfig(join(ROOT, EXAMPLE));
if (config !== undefined) {
  const folder = join(WRITTEN, 'build');
  // Otherwise files of an earlier build are counted.
  rmSync(folder, { recursive: true, force: true });
  const child = startWrangler(['deploy', '--dry-run', '--config', temporaryWranglerConfig(config.module), '--outdir', folder]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) measure(folder);
  else {
    console.error(output);
    process.exitCode = 1;
  }
}

function measure(folder: string): void {
  const uploaded = readdirSync(folder).filter((name) => !name.endsWith('.map') && name !== 'README.md');
  const bytes = Buffer.concat(uploaded.map((name) => readFileSync(join(folder, name))));
  const compressed = gzipSync(bytes).length;
  const kilobytes = (size: number): string => `${Math.round(size / 1000)} kB`;
  const line = `the Worker: ${kilobytes(compressed)} compressed (${kilobytes(bytes.length)} uncompressed), limit ${kilobytes(LIMIT)}`;
  if (compressed < LIMIT) console.log(line);
  else {
    console.error(`${line}: it is too large`);
    process.exitCode = 1;
  }
}
