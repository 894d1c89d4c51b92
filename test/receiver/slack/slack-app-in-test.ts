import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createAccess } from '../../../receiver/admin/access.ts';
import { NOBODY } from '../../../receiver/admin/access-settings.ts';
import { configInUse } from '../../../receiver/config-in-use.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import { createReceiver, type Receiver } from '../../../receiver/receiver.ts';
import { createSlackApp, type SlackApp, type SlackAppOptions } from '../../../receiver/slack/app.ts';
import type { RenderHome } from '../../../receiver/slack/home.ts';
import { createInstallation, type Installation } from '../../../receiver/slack/installation.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { createWake } from '../../../receiver/wake.ts';
import { acceptInBatches } from '../../../receiver/webhook/accept-batch.ts';
import { rollBackWith } from '../../../receiver/webhook/roll-back.ts';
import { readConfig } from '../../../src/config/config.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { idsFrom } from '../../../src/lib/id.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { indexRoutes } from '../../../src/route/route-index.ts';
import { type SlackStandIn, startSlack } from '../../stand-ins/slack.ts';
import { type SlackInteractions, type SlackPerson, slackInteractions } from '../../stand-ins/slack-interactions.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';

export const SIGNING_SECRET = 'a-signing-secret-for-tests';
export const ADA: SlackPerson = { id: 'U0ADA', name: 'ada' };
export const BOB: SlackPerson = { id: 'U0BOB', name: 'bob' };
export const EVE: SlackPerson = { id: 'U0EVE', name: 'eve' };

export interface SlackAppInTest {
  readonly receiver: Receiver;
  readonly app: SlackApp;
  readonly store: Store;
  readonly installation: Installation;
  readonly slack: SlackStandIn;
  /** What Slack sends to this receiver. */
  readonly from: SlackInteractions;
  readonly log: Record<string, unknown>[];
  readonly clock: { now: number };
  /** How often something may have had to be sent. */
  readonly changes: () => number;
  /** Waits for what goes on after the answers. */
  settled(): Promise<void>;
  /** The texts that only the actor saw, oldest first. */
  answers(): string[];
  /** Lets W&B say that a version got the alias `production`; the event's id and its deliveries'. */
  event(version: string, author?: string): Promise<{ id: string; deliveries: string[] }>;
}

export interface SlackAppInTestOptions {
  /** Of the one route, `deploy`. */
  readonly approval?: string;
  readonly settings?: string;
  readonly path?: string;
  readonly slack: SlackStandIn;
  readonly wrap?: (store: Store) => Store;
  readonly home?: RenderHome;
  readonly fetch?: typeof fetch;
  readonly app?: Partial<Pick<SlackAppOptions, 'ackTimeoutMs' | 'firstWaitMs' | 'connection' | 'unfurl'>>;
}

/** A stand-in for Slack that ends with the test. */
export async function slackInTest(options: Omit<Parameters<typeof startSlack>[0], 'channels'> = {}): Promise<SlackStandIn> {
  const slack = await startSlack({ channels: ['ml-deploys'], ...options });
  onTestFinished(() => slack.close());
  return slack;
}

const EMPTY_HOME: RenderHome = () => ({ type: 'home', blocks: [] });

/** A whole receiver with the Slack app over a real SQLite file; its HTTP through `app.request`. */
export function slackAppInTest(options: SlackAppInTestOptions): SlackAppInTest {
  const config = readConfig(configOf(options), 'wandb-relay.yaml');
  if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join('\n'));
  const { routes: definitions, settings } = config.value;
  const routes = definitions.map(compileRoute);
  const real = sqliteStore(openMigrated(options.path));
  onTestFinished(() => real.close());
  const store = options.wrap?.(real) ?? real;
  const log: Record<string, unknown>[] = [];
  const clock = { now: 1_800_000_000_000 };
  const redactor = redactorOf([SIGNING_SECRET, options.slack.botToken]);
  const logger = createLogger({
    level: 'debug',
    format: undefined,
    redact: redactor.text,
    write: (line) => log.push(JSON.parse(line) as Record<string, unknown>),
  });
  let changes = 0;
  const runtime = {
    now: () => clock.now,
    random: () => 0.5,
    randomBytes: () => randomBytes(16),
    fetch: options.fetch ?? fetch,
    log: logger,
    redactor,
  };
  const wake = createWake();
  wake.register(() => {
    changes += 1;
  });
  const installation = createInstallation(runtime);
  const rollBack = rollBackWith({
    store,
    now: runtime.now,
    accept: acceptInBatches(store, settings.dedupeWindowMs, runtime.now),
    matchRoutes: indexRoutes(routes),
    credentialFor: () => 'github',
    newId: idsFrom(runtime.now, runtime.randomBytes),
    connected: { slack: false, wandb: false },
    app: () => ({ url: 'https://wandb.example' }),
  });
  const app = createSlackApp({
    ...runtime,
    installation,
    botToken: options.slack.botToken,
    connection: { signingSecret: SIGNING_SECRET },
    apiUrl: options.slack.apiUrl,
    store,
    people: () => ({ slackUsers: settings.slackUsers, operators: settings.slackOperators }),
    routes: () => routes,
    githubUrl: 'https://github.com',
    home: options.home ?? EMPTY_HOME,
    rollBack,
    wake: wake.wake,
    newId: idsFrom(runtime.now, runtime.randomBytes),
    ...options.app,
  });
  const receiver = createReceiver({
    runtime,
    wake,
    store,
    config: configInUse({ routes, settings }),
    authentication: { sources: new Map() },
    access: createAccess({ settings: NOBODY, now: Date.now, newId: String, basePath: '' }),
    targets: {},
    credentialFor: () => 'github',
    extensions: [app],
  });
  const from = slackInteractions({
    request: (path, init) => receiver.app.request(path, init),
    signingSecret: SIGNING_SECRET,
    now: () => clock.now,
    responseUrl: () => options.slack.responseUrl(),
    triggerId: (user) => options.slack.triggerId(user),
  });
  return {
    receiver,
    app,
    store,
    installation,
    slack: options.slack,
    from,
    log,
    clock,
    changes: () => changes,
    settled: () => app.stop(),
    answers: () => options.slack.calls.filter(({ method }) => method === 'response_url').map(({ args }) => String(args.text)),
    event: async (version, author = 'ada') => {
      const body = JSON.stringify({ ...aliasBody(version), event_author: author });
      const headers = { 'content-type': 'application/json' };
      const response = await receiver.app.request('/webhooks/wandb', { method: 'POST', body, headers });
      const answer = (await response.json()) as { id: string; deliveries: { id: string }[] };
      return { id: answer.id, deliveries: answer.deliveries.map(({ id }) => id) };
    },
  };
}

function configOf({ approval, settings }: SlackAppInTestOptions): string {
  return `
version: 1
${settings === undefined ? '' : `settings: ${settings}`}
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    ${approval === undefined ? '' : `approval: ${approval}`}
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
  - name: other
    on: { event: run_state }
    to:
      - repository_dispatch: { repository: acme/other, event_type: run }
`;
}
