import { randomBytes } from 'node:crypto';
import { composeParts } from '../../../receiver/compose.ts';
import { readEnvironment } from '../../../receiver/environment.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import { openFileStore } from '../../../receiver/store/sqlite/file-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { config } from './truth.ts';

/** A process that watches, as `wandb-relay watch` does, at a pace at which there is something to kill. */

const EVERY_MS = 60;
const LEASE_MS = 700;

const environment = readEnvironment(process.env);
if (!environment.ok) throw new Error(environment.error.join('\n'));
const log = createLogger({ level: 'warn', format: undefined, redact: (text) => text, write: (text) => process.stderr.write(text) });
const { postgresUrl, databasePath } = environment.value;

async function open(): Promise<Store> {
  if (postgresUrl !== undefined) return await openPostgres(postgresUrl, { purpose: 'live', warn: () => undefined });
  if (databasePath === undefined) throw new Error('DATABASE_URL is not set');
  return await openFileStore({ path: databasePath, purpose: 'live', log, now: Date.now });
}

const store = await open();
const { automations, entity, routes, settings } = config();
const { watcher } = await composeParts({
  runtime: { now: Date.now, random: Math.random, randomBytes: () => randomBytes(16), fetch, log, redactor: redactorOf([]) },
  environment: environment.value,
  routes: routes.map(compileRoute),
  settings,
  organization: undefined,
  watch: { automations, entity, everyMs: EVERY_MS, leaseMs: LEASE_MS },
  store,
  sandbox: false,
});
if (watcher === undefined) throw new Error('there is nothing to watch');
watcher.start();
process.once('SIGTERM', () => void watcher.stop().then(() => process.exit(0)));
process.stdout.write('watching\n');
