import { join } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { findChromium } from './scripts/find-chromium.ts';
import { bundledBolt } from './test/receiver/worker/bundled-bolt.ts';
import { COMPILED_ONCE } from './test/stand-ins/receiver-process.ts';
import WaitingFirst from './test/waiting-first.ts';

const ON_WORKERD = 'test/receiver/worker/**/*.test.ts';
// It tells GitHub how the next dispatch goes wrong, so it has a GitHub of its own.
const WITH_FAULTS = 'test/receiver/worker/object.test.ts';
// Without Chromium they are left out, and the closing lines say so.
const IN_A_BROWSER = 'test/**/browser-*.test.ts';
// Real processes, sockets and disks take their time on a busy machine. No limit here is a promise; those are in the tests.
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 20_000 } } };

// Most of the time tests wait: for a process that starts, a pause, an answer. More of them than cores share the machine.
const MAX_WORKERS = 5;

// What tests start, and the tests themselves, compile each module once.
process.env.NODE_COMPILE_CACHE ??= COMPILED_ONCE.NODE_COMPILE_CACHE;

/** The tests of some files, in a few processes of workerd, with a GitHub and a Slack that these files share. */
const workerd = (name: string, include: string, exclude: string[] = []): TestProjectInlineConfiguration => ({
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
    name,
    include: [include],
    exclude,
    isolate: false,
    globalSetup: ['test/receiver/worker/outside.ts'],
    ...timeouts,
  },
});

export default defineConfig({
  test: {
    maxWorkers: MAX_WORKERS,
    sequence: { sequencer: WaitingFirst },
    reporters: ['default', './test/closing-line.ts'],
    // What the Worker logs goes to the console.
    onConsoleLog: (text) => !text.startsWith('{"level"'),
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [ON_WORKERD, ...(findChromium() === undefined ? [IN_A_BROWSER] : [])],
          isolate: false,
          globalSetup: ['test/stand-ins/postgres-for-all.ts', 'test/stand-ins/browser-for-all.ts', 'test/stand-ins/programs-for-all.ts'],
          ...timeouts,
        },
      },
      workerd('workerd', ON_WORKERD, [WITH_FAULTS]),
      workerd('workerd with faults', WITH_FAULTS),
    ],
  },
});
