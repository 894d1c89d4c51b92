import { createPrivateKey } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type GitHubStandIn, type StandInDispatch, type StandInFault, type StandInRun, startGitHub } from '../../stand-ins/github.ts';
import { startSlack } from '../../stand-ins/slack.ts';
import type { StandInMessage } from '../../stand-ins/slack-call.ts';

/** What the tests inside workerd may ask of the world outside. */
export interface Outside {
  /** How the next dispatches go wrong, one each. */
  readonly faults?: readonly StandInFault[];
  /** The next dispatch takes effect, and its answer never comes. */
  readonly loseAnswer?: boolean;
}

/** What has arrived in the world outside. */
export interface Seen {
  readonly dispatches: readonly StandInDispatch[];
  readonly runs: readonly StandInRun[];
  readonly messages: readonly StandInMessage[];
  /** Of a person in Slack. */
  readonly ada: string;
  readonly responseUrl: string;
  /** Of ada, for a modal. */
  readonly triggerId: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    workerBindings: Record<string, string>;
    /** The App's key as GitHub gives it out. */
    pkcs1Key: string;
    outsideUrl: string;
  }
}

export const SECRET = 'a-secret-for-tests-only';
export const PROD_EU_SECRET = 'another-secret-for-tests';
export const ADMIN_TOKEN = 'admin-token-for-tests';
export const ADA_TOKEN = 'token-of-ada-for-tests';
export const VIEWER_TOKEN = 'viewer-token-for-tests';
export const GITHUB_WEBHOOK_SECRET = 'github-secret-for-tests';
export const SLACK_SIGNING_SECRET = 'slack-secret-for-tests';

/** GitHub on this machine, and an address at which the tests tell it what to do. */
export default async function outside(project: TestProject): Promise<() => Promise<void>> {
  const github = await startGitHub({
    repositories: ['acme/deploy'],
    workflows: [{ repository: 'acme/deploy', file: 'deploy.yml', types: ['model-production', 'model-release'], namesRuns: true }],
    appId: 4711,
  });
  if (github.appKey === undefined) throw new Error('the stand-in gave no key for the App');
  const slack = await startSlack({ channels: ['releases'], users: ['ada'] });
  let loseAnswer = false;
  const control = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const wanted = JSON.parse((await bodyOf(request)).toString()) as Outside;
      github.fail(...(wanted.faults ?? []));
      loseAnswer = wanted.loseAnswer ?? loseAnswer;
    }
    const { dispatches, runs } = github;
    const answer: Seen = {
      dispatches,
      runs,
      messages: slack.messages('releases'),
      ada: slack.userId('ada'),
      responseUrl: slack.responseUrl(),
      triggerId: slack.triggerId('ada'),
    };
    response.end(JSON.stringify(answer));
  });
  const front = createServer(async (request, response) => {
    const lose = loseAnswer && request.url?.endsWith('/dispatches') === true;
    if (lose) loseAnswer = false;
    await forward(github, request, response, lose);
  });
  project.provide('outsideUrl', await listening(control));
  project.provide('pkcs1Key', String(createPrivateKey(github.appKey).export({ type: 'pkcs1', format: 'pem' })));
  project.provide('workerBindings', {
    WANDB_WEBHOOK_SECRET: SECRET,
    WANDB_WEBHOOK_SECRET_PROD_EU: PROD_EU_SECRET,
    RELAY_ADMIN_TOKEN: ADMIN_TOKEN,
    RELAY_ADMIN_TOKENS: `ada:${ADA_TOKEN}`,
    RELAY_VIEWER_TOKEN: VIEWER_TOKEN,
    GITHUB_API_URL: await listening(front),
    GITHUB_APP_ID: '4711',
    GITHUB_APP_PRIVATE_KEY: String(createPrivateKey(github.appKey).export({ type: 'pkcs8', format: 'pem' })),
    GITHUB_WEBHOOK_SECRET,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_SIGNING_SECRET,
    SLACK_API_URL: slack.apiUrl,
  });
  return async () => {
    for (const server of [control, front]) {
      server.close();
      server.closeAllConnections();
    }
    await github.close();
    await slack.close();
  };
}

async function forward(github: GitHubStandIn, request: IncomingMessage, response: ServerResponse, loseAnswer: boolean): Promise<void> {
  const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
  const body = await bodyOf(request);
  const answer = await fetch(`${github.url}${request.url}`, {
    method: request.method ?? 'GET',
    headers: headers as Record<string, string>,
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
  const text = await answer.text();
  if (loseAnswer) return;
  response.writeHead(answer.status, { 'content-type': 'application/json', ...Object.fromEntries(answer.headers) });
  response.end(text);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function listening(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
