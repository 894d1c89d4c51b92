import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { composeReceiver } from '../../receiver/compose.ts';
import { readEnvironment } from '../../receiver/environment.ts';
import { silentLogger } from '../../receiver/log/log.ts';
import type { Receiver } from '../../receiver/receiver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../src/config/config.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { type GitHubStandIn, startGitHub } from '../stand-ins/github.ts';
import { type SlackStandIn, startSlack } from '../stand-ins/slack.ts';
import { openMigrated } from '../stand-ins/sqlite-in-test.ts';
import { type LiveRun, type LiveRunOptions, liveRun } from '../stand-ins/wandb-runs.ts';
import { signedHeaders } from '../stand-ins/wandb-sender.ts';
import { startWandb, type WandbStandIn } from '../stand-ins/wandb-server.ts';

const GITHUB_TOKEN = 'ghp_a_token_for_tests_only';
const WANDB_SECRET = 'the-signing-secret-of-the-relay';
/** As often as W&B has new rows. */
const ROUND_MS = 15_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A receiver with a config between a W&B, a GitHub and a Slack, by a clock that stands still until `pass`. */
export class UseCaseWorld {
  static async start(config: string, now: string): Promise<UseCaseWorld> {
    const world = new UseCaseWorld(Date.parse(now));
    await world.#open(config);
    return world;
  }

  now: number;
  readonly store = sqliteStore(openMigrated());
  #wandb: WandbStandIn | undefined;
  #github: GitHubStandIn | undefined;
  #slack: SlackStandIn | undefined;
  #receiver: Receiver | undefined;

  private constructor(now: number) {
    this.now = now;
    onTestFinished(() => this.store.close());
  }

  async #open(text: string): Promise<void> {
    const config = readConfig(text, 'wandb-relay.yaml');
    if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join('\n'));
    const { automations, digests, entity, organization, settings, routes } = config.value;
    const now = (): number => this.now;
    this.#wandb = await startWandb({ now: () => new Date(this.now) });
    this.#github = await startGitHub({
      repositories: ['acme/training', 'acme/platform'],
      workflows: [
        { repository: 'acme/training', file: 'retrain.yml', types: ['retrain'], namesRuns: true },
        { repository: 'acme/training', file: 'triage.yml', inputs: ['run', 'state', 'delivery_id'], namesRuns: true },
        { repository: 'acme/platform', file: 'deploy.yml', inputs: ['model', 'environment', 'delivery_id'], namesRuns: true },
      ],
      tokens: { [GITHUB_TOKEN]: 'acme' },
      now,
    });
    this.#slack = await startSlack({ channels: ['ml', 'ml-alerts', 'ml-deploys'], users: ['ada'] });
    const stops = [this.#wandb, this.#github, this.#slack];
    onTestFinished(async () => void (await Promise.all(stops.map((server) => server.close()))));
    const environment = readEnvironment({
      WANDB_API_KEY: this.#wandb.apiKey,
      WANDB_BASE_URL: this.#wandb.url,
      WANDB_WEBHOOK_SECRET: WANDB_SECRET,
      GITHUB_TOKEN,
      GITHUB_API_URL: this.#github.url,
      SLACK_BOT_TOKEN: this.#slack.botToken,
      SLACK_API_URL: this.#slack.apiUrl,
    });
    if (!environment.ok) throw new Error(environment.error.join('\n'));
    const redactor = redactorOf([]);
    this.#receiver = await composeReceiver({
      runtime: { now, random: () => 0.5, randomBytes: () => randomBytes(16), fetch, log: silentLogger, redactor },
      environment: environment.value,
      routes: routes.map(compileRoute),
      settings,
      organization,
      watch: { automations, entity, everyMs: ROUND_MS },
      digests: { definitions: digests, entity },
      store: this.store,
      sandbox: false,
      startsSteady: true,
      // As on Workers: everything is done by `runOnce`.
      wakeLater: () => undefined,
    });
    const { receiver } = this;
    receiver.start();
    onTestFinished(() => receiver.stop(0));
    await receiver.runOnce();
  }

  get receiver(): Receiver {
    if (this.#receiver === undefined) throw new Error('the receiver is not there yet');
    return this.#receiver;
  }

  /** A run of acme/train that somebody has begun. */
  run(name: string, options: LiveRunOptions = {}): LiveRun {
    if (this.#wandb === undefined) throw new Error('W&B is not there yet');
    const { world } = this.#wandb;
    return liveRun(world, world.project('train'), name, { now: () => this.now, ...options });
  }

  /** Lets time pass, with a round of everything after each step; `each` comes before it. */
  async pass(milliseconds: number, each: () => void = () => undefined, step = MINUTE): Promise<void> {
    const until = this.now + milliseconds;
    while (this.now < until) {
      this.now = Math.min(until, this.now + step);
      each();
      await this.receiver.runOnce();
    }
  }

  /** W&B's webhook. */
  async webhook(body: object): Promise<number> {
    const text = JSON.stringify(body);
    const response = await this.receiver.app.request('/webhooks/wandb', {
      method: 'POST',
      body: text,
      headers: signedHeaders(text, WANDB_SECRET),
    });
    return response.status;
  }

  /** Somebody agrees to all that is held. */
  async approve(): Promise<void> {
    const held = await this.store.deliveries({ states: ['held'], limit: 10 });
    await this.store.approve(
      held.map(({ id }) => id),
      this.now,
      { by: 'ada' },
    );
  }

  /** What GitHub was asked to start. */
  dispatches(): { repository: string; body: Readonly<Record<string, unknown>> }[] {
    return (this.#github?.dispatches ?? []).map(({ repository, body }) => ({ repository, body }));
  }

  /** What a channel shows, replies included. */
  messages(channel: string): string[] {
    return (this.#slack?.messages(channel) ?? []).map(({ text }) => text);
  }
}
