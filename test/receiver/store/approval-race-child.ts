/**
 * One of several receivers on one database, for the approval race: all that `serve` puts together, but without its lock on
 * the file. Its settings come as environment variables; it prints its address and ends with its parent.
 */
import { randomBytes } from 'node:crypto';
import { composeReceiver } from '../../../receiver/compose.ts';
import { readEnvironment } from '../../../receiver/environment.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import { listen } from '../../../receiver/node.ts';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../../src/config/config.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';

const environment = readEnvironment(process.env);
const config = readConfig(process.env.RACE_CONFIG ?? '', 'wandb-relay.yaml');
if (!environment.ok || !config.ok) throw new Error(`not configured: ${JSON.stringify([environment, config])}`);

const { routes: definitions, settings, organization } = config.value;
const runtime = {
  now: Date.now,
  random: Math.random,
  randomBytes: () => randomBytes(16),
  fetch,
  log: createLogger({ level: 'error', format: undefined, redact: (text) => text, write: (line) => process.stderr.write(line) }),
  redactor: redactorOf(environment.value.secrets),
};
const receiver = await composeReceiver({
  runtime,
  environment: environment.value,
  store: sqliteStore(openSqlite(environment.value.databasePath ?? '')),
  routes: definitions.map(compileRoute),
  settings,
  organization,
  sandbox: false,
});
const { url } = await listen(receiver, '127.0.0.1', 0);
process.stdout.write(`${url}\n`);

// The parent ends: so does this.
process.stdin.resume().on('end', () => process.exit(0));
