import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const VITEST = join(import.meta.dirname, '..', 'node_modules', 'vitest', 'vitest.mjs');

test('a run in which a test fails ends with exit code 1, whatever the packages around it do at the end of a process', () => {
  const { VITEST: _inside, VITEST_WORKER_ID: _worker, VITEST_POOL_ID: _pool, ...env } = process.env;
  const config = join(import.meta.dirname, 'fixtures', 'failing', 'vitest.config.ts');
  const run = spawnSync(process.execPath, [VITEST, 'run', '--config', config], { env: { ...env, CHROMIUM: '/nowhere' }, encoding: 'utf8' });

  expect(run.stdout).toContain('0 passed, 1 failed, 0 skipped');
  expect(run.status).toBe(1);
  // One line, not one for each test that needs it.
  expect(run.stdout.match(/Chromium/g)).toHaveLength(1);
  expect(run.stdout).toContain('not tested in a browser: Chromium is not installed. Debian: apt-get install chromium');
});
