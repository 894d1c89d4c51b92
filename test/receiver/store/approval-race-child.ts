/**
 * One of several receivers on one database, for the approval race: all that `serve` puts together, but without its lock on
 * the file. Its settings come as environment variables; it prints its address and ends with its parent.
 */
import { randomBytes } from 'node:crypto';
import { composeParts } from '../../../receiver/compose.ts';
import { readEnvironment } from '../../../receiver/environment.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import { listen } from '../../../receiver/node.ts';
import { createReceiver } from '../../../receiver/receiver.ts';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../../src/config/config.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';

const environment = readEnvironment(process.env);
const config = readConfig(process.env.RACE_CONFIG ?? '', 'wandb-relay.yaml');
if (!environment.ok || !config.ok) throw new Error(`not configured: ${JSON.stringify([environment, config])}`);

const { routes: definitions, settings, organization } = config.value;
const common = {
  store: sqliteStore(openSqlite(environment.value.databasePath ?? '')),
  routes: definitions.map(compileRoute),
  settings,
  redactor: redactorOf(environment.value.secrets),
  log: createLogger({ level: 'error', format: undefined, redact: (text) => text, write: (line) => process.stderr.write(line) }),
  now: Date.now,
  random: Math.random,
  randomBytes: () => randomBytes(16),
};
const connected = await composeParts({ ...common, environment: environment.value, organization, sandbox: false, fetch });
const { authentication, adminToken } = environment.value;
const receiver = createReceiver({ ...common, ...connected, authentication, adminToken });
const { url } = await listen(receiver, '127.0.0.1', 0);
process.stdout.write(`${url}\n`);

// The parent ends: so does this.
process.stdin.resume().on('end', () => process.exit(0));
