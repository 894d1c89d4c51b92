import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createAccess } from '../../receiver/admin/access.ts';
import { type AccessSettings, readAccess } from '../../receiver/admin/access-settings.ts';
import { configInUse } from '../../receiver/config-in-use.ts';
import { createLogger, type Logger } from '../../receiver/log/log.ts';
import { createReceiver, type Extension, type Receiver } from '../../receiver/receiver.ts';
import type { Runtime } from '../../receiver/runtime.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../receiver/store/store.ts';
import { createWake } from '../../receiver/wake.ts';
import type { SourceSecrets } from '../../receiver/webhook/authenticate.ts';
import { readConfig } from '../../src/config/config.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { openMigrated } from './sqlite-in-test.ts';
import { signedHeaders } from './wandb-sender.ts';

export const SECRET = 'a-secret-for-tests-only';

export interface TestReceiver {
  readonly receiver: Receiver;
  readonly store: Store;
  /** Every line of the log. */
  readonly log: Record<string, unknown>[];
  /** Writes to it. */
  readonly logger: Logger;
  /** The clock; set it to move time. */
  readonly clock: { now: number };
  /** Posts to `/webhooks/wandb`, signed unless `headers` say otherwise. */
  post(
    body: unknown,
    options?: { path?: string; headers?: Record<string, string> },
  ): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }>;
}

export interface TestReceiverOptions {
  readonly config?: string;
  readonly sources?: Readonly<Record<string, Partial<SourceSecrets>>>;
  readonly secrets?: readonly string[];
  readonly adminToken?: string;
  readonly access?: AccessSettings;
  readonly basePath?: string;
  /** Parts besides the webhook of W&B. */
  readonly extensions?: (parts: Pick<Runtime, 'log' | 'now' | 'redactor'> & { readonly store: Store }) => readonly Extension[];
  /** Wraps the store, to observe or disturb it. */
  readonly wrap?: (store: Store) => Store;
}

export const TEST_CONFIG = `
version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
`;

/** RELAY_ADMIN_TOKEN alone. */
function accessOf(adminToken: string | undefined): AccessSettings {
  return readAccess((name) => (name === 'RELAY_ADMIN_TOKEN' ? adminToken : undefined), []);
}

/** A receiver over a real SQLite file, without a socket and not sending: its HTTP through \`app.request\`. */
export function testReceiver(options: TestReceiverOptions = {}): TestReceiver {
  const config = readConfig(options.config ?? TEST_CONFIG, 'wandb-relay.yaml');
  if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join('\n'));
  const sources = options.sources ?? { '': { secrets: [SECRET] } };
  const authentication = {
    sources: new Map(Object.entries(sources).map(([name, { secrets = [], tokens = [] }]) => [name, { secrets, tokens }])),
  };
  const real = sqliteStore(openMigrated());
  onTestFinished(() => real.close());
  const store = options.wrap?.(real) ?? real;
  const log: Record<string, unknown>[] = [];
  const clock = { now: 1_800_000_000_000 };
  const redactor = redactorOf([
    ...[...authentication.sources.values()].flatMap(({ secrets, tokens }) => [...secrets, ...tokens]),
    ...(options.secrets ?? []),
  ]);
  const logger = createLogger({
    level: 'debug',
    format: undefined,
    redact: redactor.text,
    write: (line) => log.push(JSON.parse(line) as Record<string, unknown>),
  });
  const now = () => clock.now;
  const { extensions } = options;
  const runtime = { now, random: () => 0.5, randomBytes: () => randomBytes(16), fetch, log: logger, redactor };
  const receiver = createReceiver({
    runtime,
    wake: createWake(),
    store,
    config: configInUse({ routes: config.value.routes.map(compileRoute), settings: config.value.settings }),
    authentication,
    access: createAccess({
      settings: options.access ?? accessOf(options.adminToken),
      now,
      newId: () => randomBytes(16).toString('hex'),
      basePath: options.basePath ?? '',
    }),
    targets: {},
    credentialFor: () => 'github',
    ...(options.basePath === undefined ? {} : { basePath: options.basePath }),
    ...(extensions === undefined ? {} : { extensions: extensions({ ...runtime, store }) }),
  });
  return {
    receiver,
    store,
    log,
    logger,
    clock,
    post: async (body, { path = '/webhooks/wandb', headers } = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await receiver.app.request(path, { method: 'POST', body: text, headers: headers ?? signedHeaders(text, SECRET) });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
    },
  };
}
