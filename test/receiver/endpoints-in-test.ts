import { createHmac, randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { workflowRunWebhook } from '../../receiver/github/workflow-run-webhook.ts';
import { type ListenOptions, listen } from '../../receiver/node.ts';
import { createSlackApp } from '../../receiver/slack/app.ts';
import { createInstallation } from '../../receiver/slack/installation.ts';
import { signSlackRequest } from '../../receiver/slack/signature.ts';
import { idsFrom } from '../../src/lib/id.ts';
import { err } from '../../src/lib/result.ts';
import { SECRET, type TestReceiver, type TestReceiverOptions, testReceiver } from '../stand-ins/receiver-in-process.ts';
import { aliasBody, signedHeaders } from '../stand-ins/wandb-sender.ts';

const GITHUB_SECRET = 'a-webhook-secret-for-tests';
const SLACK_SECRET = 'a-signing-secret-for-tests';

/** One endpoint that takes bodies, and what its sender sends. */
export interface Endpoint {
  readonly path: string;
  /** A body that is accepted, another one each time, padded to so many bytes. */
  body(size?: number): string;
  /** Everything that the sender sends with it. */
  headers(body: string): Record<string, string>;
  /** The names of the headers without which nothing is read. */
  readonly proof: readonly string[];
  readonly accepted: number;
  readonly maxBytes: number;
}

let count = 0;
/** White space is no part of JSON's meaning. */
function padded(json: object, size: number): string {
  return JSON.stringify(json).padEnd(size, ' ');
}

/** The time of `testReceiver`'s clock, in seconds. */
const SLACK_TIME = '1800000000';

export const ENDPOINTS: readonly Endpoint[] = [
  ...['/webhooks/wandb', '/webhooks/wandb/prod-eu'].map((path) => ({
    path,
    body: (size = 0) => padded(aliasBody(`v${++count}`), size),
    headers: (body: string) => signedHeaders(body, SECRET),
    proof: ['x-wandb-signature'],
    accepted: 202,
    maxBytes: 262_144,
  })),
  {
    path: '/webhooks/github',
    body: (size = 0) => padded({ zen: `Practicality beats purity. ${++count}` }, size),
    headers: (body) => ({
      'content-type': 'application/json',
      'x-github-event': 'ping',
      'x-hub-signature-256': `sha256=${createHmac('sha256', GITHUB_SECRET).update(body).digest('hex')}`,
    }),
    proof: ['x-hub-signature-256'],
    accepted: 200,
    maxBytes: 1_048_576,
  },
  {
    path: '/slack/events',
    body: (size = 0) => padded({ type: 'url_verification', challenge: `c${++count}` }, size),
    headers: (body) => ({
      'content-type': 'application/json',
      'x-slack-request-timestamp': SLACK_TIME,
      'x-slack-signature': signSlackRequest(body, SLACK_TIME, SLACK_SECRET),
    }),
    proof: ['x-slack-signature', 'x-slack-request-timestamp'],
    accepted: 200,
    maxBytes: 1_048_576,
  },
];

export interface ListeningReceiver extends TestReceiver {
  readonly url: string;
  /** The lines of the log about requests. */
  requests(): Record<string, unknown>[];
}

/** A receiver with all of its endpoints on a port of its own, until the test ends. */
export async function listeningReceiver(options: TestReceiverOptions & ListenOptions = {}): Promise<ListeningReceiver> {
  const tested = testReceiver({
    sources: { '': { secrets: [SECRET] }, PROD_EU: { secrets: [SECRET] } },
    extensions: ({ store, log, now, redactor }) => [
      {
        path: '/webhooks/github',
        routes: workflowRunWebhook({ secrets: [GITHUB_SECRET], record: async () => [], store, redactor, now }),
      },
      createSlackApp({
        botToken: 'xoxb-of-nobody-at-all',
        connection: { signingSecret: SLACK_SECRET },
        apiUrl: 'http://127.0.0.1:1/api',
        store,
        installation: createInstallation({ log }),
        people: () => ({ slackUsers: {}, operators: null }),
        routes: () => [],
        githubUrl: 'https://github.com',
        home: () => ({ type: 'home', blocks: [] }),
        rollBack: async () => err('nothing is deployed here'),
        wake: () => undefined,
        fetch,
        now,
        newId: idsFrom(now, () => randomBytes(16)),
        log,
        redactor,
      }),
    ],
    ...options,
  });
  const { url, stop } = await listen(tested.receiver, '127.0.0.1', 0, { log: tested.logger, ...options });
  onTestFinished(stop);
  return { ...tested, url, requests: () => tested.log.filter(({ status }) => status !== undefined) };
}
