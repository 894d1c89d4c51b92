import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACTIONS } from '../../receiver/slack/actions.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { type FastClock, fastNow, nodeOptionsFor } from './fast-clock.ts';
import { type GitHubStandIn, type StandInRun, startGitHub } from './github.ts';
import { type ReceiverProcess, startReceiver } from './receiver-process.ts';
import { type SlackStandIn, startSlack } from './slack.ts';
import type { StandInMessage } from './slack-call.ts';
import { type SlackInteractions, type SlackPerson, slackInteractions } from './slack-interactions.ts';
import { buttonValue } from './slack-words.ts';
import { type Answer, post } from './wandb-sender.ts';

export const SIGNING_SECRET = 'the-signing-secret-of-the-slack-app';
const WANDB_SECRET = 'the-signing-secret-of-the-relay';
const GITHUB_TOKEN = 'ghp_a_token_for_tests_only';
const GITHUB_SECRET = 'the-secret-of-the-github-webhook';

export interface People {
  readonly ada: SlackPerson;
  readonly bob: SlackPerson;
}

/** A receiver in a process of its own between a Slack and a GitHub, for one test. */
export interface RelayWithSlack {
  readonly slack: SlackStandIn;
  readonly github: GitHubStandIn;
  readonly people: People;
  /** What people do in Slack. */
  readonly from: SlackInteractions;
  readonly folder: string;
  /** With which GitHub signs its webhooks. */
  readonly githubSecret: string;
  readonly receiver: () => ReceiverProcess;
  /** Ends the receiver without a warning. */
  kill(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
  /** W&B's webhook, accepted. */
  event(body: JsonObject): Promise<Answer['body']>;
  /** Sets GitHub's clock to so long after the start of the last run, in milliseconds. */
  afterStart(milliseconds: number): void;
  /** The messages of a channel that are no replies. */
  heads(channel: string): StandInMessage[];
  /** The replies in a channel's threads. */
  replies(channel: string): StandInMessage[];
  /** How often something was posted, with an effect. */
  posts(): number;
  /** Presses the button that the message has. */
  press(message: StandInMessage | undefined, button: 'approve' | 'reject' | 'dispatchAgain', by: SlackPerson): Promise<void>;
  /** What only those who pressed saw, oldest first. */
  answers(): string[];
  lastRun(): StandInRun;
}

export interface RelayOptions {
  readonly config: (people: People) => string;
  readonly channels: readonly string[];
  /** GitHub sends webhooks about runs; default true. */
  readonly webhooks?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** The receiver and GitHub run by this clock; default: by the machine's. */
  readonly clock?: FastClock;
  /** Takes what is to be done when the test has ended, last first. */
  readonly atEnd: (end: () => unknown) => void;
}

export async function relayWithSlack(options: RelayOptions): Promise<RelayWithSlack> {
  let stoppedAt: number | undefined;
  const { clock = { factor: 1, since: Date.now() } } = options;
  const nodeOptions = options.clock === undefined ? [] : nodeOptionsFor(options.clock);
  const slack = await startSlack({ channels: options.channels, users: ['ada', 'bob'] });
  options.atEnd(() => slack.close());
  const github = await startGitHub({
    repositories: ['acme/deploy', 'acme/models'],
    workflows: [
      { repository: 'acme/deploy', file: 'deploy.yml', types: ['model-production'], namesRuns: true },
      { repository: 'acme/deploy', file: 'staging.yml', inputs: ['model', 'delivery_id'], namesRuns: true },
    ],
    tokens: { [GITHUB_TOKEN]: 'acme' },
    now: () => stoppedAt ?? fastNow(clock),
  });
  options.atEnd(() => github.close());
  const people = { ada: { id: slack.userId('ada'), name: 'ada' }, bob: { id: slack.userId('bob'), name: 'bob' } };
  const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-test-'));
  options.atEnd(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'wandb-relay.yaml'), options.config(people));
  const withWebhooks = options.webhooks !== false;
  const environment = {
    WANDB_WEBHOOK_SECRET: WANDB_SECRET,
    GITHUB_TOKEN,
    GITHUB_API_URL: github.url,
    ...(withWebhooks ? { GITHUB_WEBHOOK_SECRET: GITHUB_SECRET } : {}),
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_SIGNING_SECRET: SIGNING_SECRET,
    SLACK_API_URL: slack.apiUrl,
    ...options.environment,
  };
  let receiver = await startReceiver({ cwd: folder, environment, nodeOptions });
  options.atEnd(async () => void (await receiver.end('SIGKILL')));
  const { url } = receiver;
  if (withWebhooks) github.sendWebhooksTo({ url: `${url}/webhooks/github`, secret: GITHUB_SECRET });
  const from = slackInteractions({
    request: (path, init) => fetch(`${url}${path}`, init),
    signingSecret: SIGNING_SECRET,
    now: () => fastNow(clock),
    responseUrl: slack.responseUrl,
    triggerId: slack.triggerId,
  });
  const lastRun = () => {
    const run = github.runs.at(-1);
    if (run === undefined) throw new Error('GitHub has no run');
    return run;
  };
  return {
    slack,
    github,
    people,
    from,
    folder,
    githubSecret: GITHUB_SECRET,
    receiver: () => receiver,
    kill: async () => void (await receiver.end('SIGKILL')),
    start: async () => {
      receiver = await startReceiver({ cwd: folder, nodeOptions, environment: { ...environment, PORT: new URL(url).port } });
    },
    event: async (body) => {
      const answer = await post(`${url}/webhooks/wandb`, body, WANDB_SECRET);
      if (answer.status !== 202) throw new Error(`the event was not accepted: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    afterStart: (milliseconds) => {
      stoppedAt = Date.parse(lastRun().run_started_at) + milliseconds;
    },
    heads: (channel) => slack.messages(channel).filter(({ threadTs }) => threadTs === null),
    replies: (channel) => slack.messages(channel).filter(({ threadTs }) => threadTs !== null),
    posts: () =>
      slack.calls.filter(({ method, status, error }) => method === 'chat.postMessage' && status === 200 && error === null).length,
    press: async (message, button, by) => {
      if (message === undefined) throw new Error('there is no message to press a button of');
      const answer = await from.press(by, ACTIONS[button], buttonValue(message, ACTIONS[button]));
      if (answer.status !== 200) throw new Error(`the press was answered ${answer.status}: ${answer.text}`);
    },
    answers: () => slack.calls.filter(({ method }) => method === 'response_url').map(({ args }) => String(args.text)),
    lastRun,
  };
}
