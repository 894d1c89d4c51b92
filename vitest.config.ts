import { join } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { bundledBolt } from './test/receiver/worker/bundled-bolt.ts';

const ON_WORKERD = 'test/receiver/worker/**/*.test.ts';
// Real processes, sockets and disks take their time on a busy machine. No limit here is a promise; those are in the tests.
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

// Most of the time tests wait: for a process that starts, a pause, an answer. More of them than cores share the machine.
const MAX_WORKERS = 4;

export default defineConfig({
  test: {
    maxWorkers: MAX_WORKERS,
    reporters: ['default', './test/closing-line.ts'],
    // What the Worker logs goes to the console.
    onConsoleLog: (text) => !text.startsWith('{"level"'),
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [ON_WORKERD],
          isolate: false,
          globalSetup: ['test/stand-ins/postgres-for-all.ts'],
          ...timeouts,
        },
      },
      {
        plugins: [
          bundledBolt(import.meta.dirname),
          cloudflareTest(({ inject }) => ({
            main: './test/receiver/worker/main.ts',
            wrangler: { configPath: './wrangler.jsonc' },
            miniflare: {
              durableObjects: { BARE: { className: 'BareObject', useSQLite: true } },
              bindings: inject<Record<string, string>>('workerBindings'),
            },
          })),
        ],
        resolve: {
          alias: [{ find: './deployed-config.ts', replacement: join(import.meta.dirname, 'test/receiver/worker/tested-config.ts') }],
        },
        test: {
          name: 'workerd',
          include: [ON_WORKERD],
          // One file after another, behind those of Node: they tell one GitHub how the next dispatch goes wrong.
          maxWorkers: 1,
          globalSetup: ['test/receiver/worker/outside.ts'],
          ...timeouts,
        },
      },
    ],
  },
});
