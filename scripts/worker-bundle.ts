import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT, WRANGLER, wranglerConfig } from './wrangler.ts';

/** `npm run build:worker`: bundles the Worker like a deployment, without deploying it. Fails if the compressed bundle is too large. */
const LIMIT = 1_000_000;

const folder = join(ROOT, '.wrangler', 'build');
// Otherwise files of an earlier build are counted.
rmSync(folder, { recursive: true, force: true });
try {
  execFileSync(WRANGLER, ['deploy', '--dry-run', '--config', wranglerConfig(), '--outdir', folder], {
    cwd: ROOT,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
    stdio: 'pipe',
  });
} catch (error) {
  const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
  console.error(`${stdout}${stderr}`);
  throw error;
}
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
