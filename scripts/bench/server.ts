import { randomBytes } from 'node:crypto';
import { createAccess } from '../../receiver/admin/access.ts';
import { NOBODY } from '../../receiver/admin/access-settings.ts';
import { configInUse } from '../../receiver/config-in-use.ts';
import { recordingTarget } from '../../receiver/github/recording-target.ts';
import { createLogger, silentLogger } from '../../receiver/log/log.ts';
import { listen } from '../../receiver/node.ts';
import { createReceiver } from '../../receiver/receiver.ts';
import { openSqlite } from '../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../receiver/store/store.ts';
import { createWake } from '../../receiver/wake.ts';
import { readConfig } from '../../src/config/config.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { BENCH_CONFIG, BENCH_SECRET, type BenchMode } from './setup.ts';

/** A receiver for the part `batch` of `npm run bench`, over the store that its first argument names. */
const [mode = 'durable', path = 'bench.db'] = process.argv.slice(2) as [BenchMode, string];

function openStore(): Store {
  if (mode === 'no-store') return storeOfNothing();
  const store = sqliteStore(openSqlite(path));
  if (mode === 'durable') return store;
  return {
    ...store,
    accept: async (events, options) => {
      const accepted = [];
      for (const event of events) accepted.push(...(await store.accept([event], options)));
      return accepted;
    },
  };
}

/** Accepts everything and keeps nothing: what the HTTP side costs alone. */
function storeOfNothing(): Store {
  return {
    ...sqliteStore(openSqlite(':memory:')),
    accept: async (events) =>
      events.map((event) => ({
        status: 'accepted',
        id: event.id,
        deliveries: event.firings.flatMap((firing) => firing.deliveries).map(({ id, route, target }) => ({ id, route, target })),
      })),
    claim: async () => [],
    nextDueAt: async () => undefined,
  };
}

const config = readConfig(BENCH_CONFIG, 'bench.yaml');
if (!config.ok) throw new Error(JSON.stringify(config.error));
const redactor = redactorOf([BENCH_SECRET]);
const target = recordingTarget(silentLogger, 'https://api.github.com');
const receiver = createReceiver({
  runtime: {
    now: Date.now,
    random: Math.random,
    randomBytes: () => randomBytes(16),
    fetch,
    log: createLogger({ level: 'info', format: undefined, redact: redactor.text, write: (line) => process.stdout.write(line) }),
    redactor,
  },
  wake: createWake(),
  store: openStore(),
  config: configInUse({ routes: config.value.routes.map(compileRoute), settings: config.value.settings }),
  authentication: { sources: new Map([['', { secrets: [BENCH_SECRET], tokens: [] }]]) },
  access: createAccess({ settings: NOBODY, now: Date.now, newId: String, basePath: '' }),
  targets: { repository_dispatch: target, workflow_dispatch: target },
  credentialFor: () => 'github',
});
await listen(receiver, '127.0.0.1', Number(process.env.PORT));
