import { receiverConfig } from '../../receiver/cli/usable-config.ts';
import { composeParts } from '../../receiver/compose.ts';
import { readEnvironment } from '../../receiver/environment.ts';
import { silentLogger } from '../../receiver/log/log.ts';
import { type Listening, listen } from '../../receiver/node.ts';
import { createReceiver, type ReceiverParts } from '../../receiver/receiver.ts';
import { openSqlite } from '../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../receiver/store/store.ts';
import { readConfig } from '../../src/config/config.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { type GitHubStandIn, startGitHub } from '../../test/stand-ins/github.ts';
import { type SlackStandIn, startSlack } from '../../test/stand-ins/slack.ts';
import { signedHeaders } from '../../test/stand-ins/wandb-sender.ts';
import { startWandb, type WandbStandIn } from '../../test/stand-ins/wandb-server.ts';
import { configText, HOUR, NOW, TOKENS } from './acme.ts';

const WANDB_SECRET = 'the-secret-of-the-webhooks-of-acme';
const GITHUB_SECRET = 'the-secret-of-githubs-webhooks';
const GITHUB_TOKEN = 'ghp_of_acme_for_pictures_only';

export interface WorldOptions {
  /** When it begins: milliseconds since 1970. */
  readonly since?: number;
  readonly basePath?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Pages ask again by themselves, as on Workers; default: they hear of changes. */
  readonly polls?: boolean;
}

/** A receiver of acme on a port of its own, between a W&B, a GitHub and a Slack. Its clock stands still until somebody moves it. */
export interface World {
  readonly store: Store;
  readonly github: GitHubStandIn;
  readonly slack: SlackStandIn;
  readonly wandb: WandbStandIn;
  now(): number;
  moveTo(at: number): void;
  /** Moves the clock on to this time, and does what is due meanwhile. */
  until(at: number): Promise<void>;
  /** The relay's own engine looks at the runs, once. */
  watch(): Promise<void>;
  /** Listens on a port of its own and sends, while the clock goes on by itself; `isStanding`: neither. Where: with the base path. */
  open(options?: { readonly isStanding?: boolean }): Promise<string>;
  /** Below the base path, without a socket. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** W&B's webhook, accepted; the event's id. */
  event(body: JsonObject): Promise<string>;
  close(): Promise<void>;
}

/** Longer than Slack's pace for a channel. Milliseconds. */
const STEP_MS = 1_300;

export async function startWorld({
  since = NOW - 48 * HOUR,
  basePath = '',
  variables = {},
  polls = false,
}: WorldOptions = {}): Promise<World> {
  let stoodAt = since;
  let goesSince: number | undefined;
  const now = (): number => (goesSince === undefined ? stoodAt : stoodAt + Math.round(performance.now() - goesSince));
  const outside = await startOutside(now);
  const { github, slack, wandb } = outside;
  const store = sqliteStore(openSqlite(':memory:'));
  const composed = {
    now,
    outside,
    store,
    variables: { ...variables, BASE_PATH: basePath },
    ...(polls ? { wakeLater: () => undefined } : {}),
  };
  const parts = await compose(composed);
  const receiver = createReceiver(parts);
  github.sendWebhooksTo({
    url: `http://relay.test${basePath}/webhooks/github`,
    secret: GITHUB_SECRET,
    send: (request) => receiver.app.fetch(request),
  });
  let listening: Listening | undefined;
  return {
    store,
    github,
    slack,
    wandb,
    now,
    moveTo: (at) => {
      stoodAt = Math.max(stoodAt, at);
    },
    until: async (at) => {
      for (const earlier of [STEP_MS, 0]) {
        stoodAt = Math.max(stoodAt, at - earlier);
        // Another one each time, as after a restart: its timers know nothing of a clock that jumps.
        const sending = createReceiver(await compose(composed));
        sending.start();
        await sending.runOnce();
        await sending.stop(0);
      }
    },
    watch: async () => parts.watcher?.runOnce(),
    open: async ({ isStanding = false } = {}) => {
      if (!isStanding) goesSince = performance.now();
      listening = await listen(isStanding ? { ...receiver, start: () => undefined } : receiver, '127.0.0.1', 0);
      return `${listening.url}${basePath}`;
    },
    request: async (path, init) => receiver.app.request(`${basePath}${path}`, init),
    event: async (body) => {
      const text = JSON.stringify(body);
      const answer = await receiver.app.request(`${basePath}/webhooks/wandb`, {
        method: 'POST',
        body: text,
        headers: signedHeaders(text, WANDB_SECRET),
      });
      const { id } = (await answer.json()) as { id?: string };
      if (answer.status !== 202 || id === undefined) throw new Error(`the event was not accepted: ${answer.status}`);
      return id;
    },
    close: async () => {
      await listening?.stop();
      await store.close();
      await Promise.all([github.close(), slack.close(), wandb.close()]);
    },
  };
}

interface Outside {
  readonly github: GitHubStandIn;
  readonly slack: SlackStandIn;
  readonly wandb: WandbStandIn;
}

async function startOutside(now: () => number): Promise<Outside> {
  const [github, slack, wandb] = await Promise.all([
    startGitHub({
      repositories: ['acme/deploy', 'acme/evaluate', 'acme/data'],
      workflows: [
        { repository: 'acme/deploy', file: 'production.yml', types: ['model-production'], namesRuns: true },
        { repository: 'acme/deploy', file: 'staging.yml', inputs: ['model', 'delivery_id'], namesRuns: true },
        { repository: 'acme/evaluate', file: 'evaluate.yml', types: ['model-linked'], namesRuns: true },
        { repository: 'acme/data', file: 'validate.yml', types: ['dataset-created'], namesRuns: true },
      ],
      tokens: { [GITHUB_TOKEN]: 'acme' },
      now,
    }),
    startSlack({ channels: ['ml-deploys', 'ml-ops', 'training'], users: ['ada', 'ben', 'grace', 'lin'] }),
    startWandb({ now: () => new Date(now()) }),
  ]);
  return { github, slack, wandb };
}

interface Composed {
  readonly now: () => number;
  readonly outside: Outside;
  readonly store: Store;
  readonly variables: Readonly<Record<string, string>>;
  readonly wakeLater?: () => void;
}

/** A receiver as `serve` makes it. */
async function compose({ now, outside: { github, slack, wandb }, store, variables, ...rest }: Composed): Promise<ReceiverParts> {
  const environment = readEnvironment({
    WANDB_WEBHOOK_SECRET: WANDB_SECRET,
    WANDB_API_KEY: wandb.apiKey,
    WANDB_BASE_URL: wandb.url,
    GITHUB_TOKEN,
    GITHUB_API_URL: github.url,
    GITHUB_WEBHOOK_SECRET: GITHUB_SECRET,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_API_URL: slack.apiUrl,
    SLACK_SIGNING_SECRET: 'the-signing-secret-of-the-app',
    RELAY_ADMIN_TOKENS: `ada:${TOKENS.ada},ben:${TOKENS.ben}`,
    RELAY_ADMIN_TOKEN: TOKENS.admin,
    RELAY_VIEWER_TOKEN: TOKENS.viewer,
    ...variables,
  });
  if (!environment.ok) throw new Error(environment.error.join('\n'));
  const config = readConfig(configText(slack.userId), 'wandb-relay.yaml');
  if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join('\n'));
  let drawn = 0;
  // The same each time, so that pictures stay as they are.
  const randomBytes = (): Uint8Array => {
    drawn += 1;
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(12, Math.imul(drawn, 0x9e3779b1) >>> 0);
    return bytes;
  };
  return composeParts({
    runtime: { now, random: () => 0.5, randomBytes, fetch, log: silentLogger, redactor: redactorOf(environment.value.secrets) },
    environment: environment.value,
    ...receiverConfig(config.value, environment.value),
    store,
    sandbox: false,
    startsSteady: true,
    ...rest,
    config: () => config.value,
  });
}
