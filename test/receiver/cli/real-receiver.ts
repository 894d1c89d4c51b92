import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type ReceiverProcess, startReceiver } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { type Answer, aliasBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';

export const SECRET = 'a-secret-for-tests-only';

const CONFIG = `version: 1
settings: { github_writes_per_second: 50 }
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }]
`;

export interface Dispatches {
  readonly url: string;
  /** The versions of what was sent, in order of arrival. */
  readonly versions: string[];
  /** From now on requests are taken, and not answered. */
  hang(): void;
}

/** A GitHub that takes every dispatch. */
export async function takingDispatches(): Promise<Dispatches> {
  const versions: string[] = [];
  let hangs = false;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.method === 'GET') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ total_count: 0, workflow_runs: [] }));
      return;
    }
    versions.push((JSON.parse(text) as { client_payload: { event: { version: string } } }).client_payload.event.version);
    if (!hangs) response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    versions,
    hang: () => {
      hangs = true;
    },
  };
}

/** A folder with a config, in which receivers run. */
export function receiverFolder(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'wandb-relay.yaml'), CONFIG);
  return folder;
}

export interface RealReceiverOptions {
  readonly folder: string;
  readonly github: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly wrapper?: readonly string[];
  /** Another program than this one. */
  readonly main?: string;
  readonly startedAs?: (child: ChildProcess) => void;
}

/** `wandb-relay serve` in a process of its own, which ends with the test. */
export async function realReceiver({ folder, github, environment, ...options }: RealReceiverOptions): Promise<ReceiverProcess> {
  const process = await startReceiver({
    cwd: folder,
    environment: { WANDB_WEBHOOK_SECRET: SECRET, GITHUB_TOKEN: 'ghp_of_a_test_only', GITHUB_API_URL: github, ...environment },
    ...options,
  });
  onTestFinished(async () => {
    await process.end('SIGKILL');
  });
  return process;
}

/** Takes the rights of root to write everywhere away from a program; others do not have them. */
export function withoutRoot(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  if (!existsSync('/usr/bin/setpriv')) throw new Error('setpriv (util-linux) is needed to run this test as root');
  return ['setpriv', '--inh-caps=-dac_override,-dac_read_search', '--bounding-set=-dac_override,-dac_read_search'];
}

export interface TimedAnswer extends Answer {
  readonly headers: Headers;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** Sends a version's event. */
export async function send(url: string, version: string, subject = 'resnet50'): Promise<TimedAnswer> {
  const body = JSON.stringify(aliasBody(version, subject));
  const asked = performance.now();
  const response = await fetch(`${url}/webhooks/wandb`, { method: 'POST', headers: signedHeaders(body, SECRET), body });
  const answer = (await response.json()) as Answer['body'];
  return { status: response.status, headers: response.headers, body: answer, ms: performance.now() - asked };
}

/** The status of a GET, and how long it took in milliseconds. */
export async function probe(url: string): Promise<{ status: number; ms: number }> {
  const asked = performance.now();
  const { status } = await fetch(url);
  return { status, ms: performance.now() - asked };
}
