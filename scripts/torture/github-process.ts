/**
 * GitHub for the torture, in a process of its own: it takes dispatches, starts runs and lists them, in a mood that the seed
 * chooses for each request. The path before `/repos/` names the receiver that asks: `/sqlite-0.17/repos/acme/deploy/dispatches`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newRunBook, type StandInRun, startRun, wantedRuns } from '../../test/stand-ins/github-runs.ts';
import { answerMs, chooseMood, listDelayMs, readFault } from './github-moods.ts';
import type { Arrival, Mood } from './ledger.ts';
import { seeded } from './seeded.ts';

/** What the harness says to this process, and what it answers. */
export type GitHubCommand = { readonly do: 'calm' } | { readonly do: 'report'; readonly withArrivals: boolean };
export type GitHubReport =
  | { readonly url: string }
  | { readonly count: number; readonly runs: number; readonly arrivals: readonly Arrival[] };

const dice = seeded(Number(process.argv[2] ?? 1)).fork('github');
const arrivals: Arrival[] = [];
const book = newRunBook(Date.now);
/** When a run can first be seen in lists. */
const listedAt = new Map<number, number>();
/** From now on everything works. */
let isCalm = false;
let url = '';

const DISPATCH = /^\/([^/]+)\/repos\/([^/]+\/[^/]+)\/(?:dispatches|actions\/workflows\/([^/]+)\/dispatches)$/;
const READ = /^\/[^/]+\/repos\/([^/]+\/[^/]+)\/actions\/(?:workflows\/([^/]+)\/)?runs(?:\/(\d+))?$/;

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://github.test');
  const dispatch = request.method === 'POST' ? DISPATCH.exec(pathname) : null;
  const read = request.method === 'GET' ? READ.exec(pathname) : null;
  if (dispatch !== null) {
    void takeDispatch(request, response, { receiver: dispatch[1] ?? '', repository: dispatch[2] ?? '', workflow: dispatch[3] });
  } else if (read !== null) {
    send(response, replyAboutRuns({ repository: read[1] ?? '', workflow: read[2], run: read[3], searchParams }));
  } else {
    send(response, { status: 404, body: { message: 'Not Found' } });
  }
});

interface Dispatch {
  readonly receiver: string;
  readonly repository: string;
  /** Of a workflow dispatch. */
  readonly workflow: string | undefined;
}

async function takeDispatch(request: IncomingMessage, response: ServerResponse, dispatch: Dispatch): Promise<void> {
  const body = await bodyOf(request);
  if (body === undefined) return;
  const values = (dispatch.workflow === undefined ? body.client_payload : body.inputs) as { delivery_id?: string } | undefined;
  const deliveryId = values?.delivery_id ?? '';
  const mood = isCalm ? 'ok' : chooseMood(dice);
  const tookEffect = mood === 'ok' || mood === 'late' || mood.startsWith('accepted');
  const arrival: Arrival = { deliveryId, receiver: dispatch.receiver, at: Date.now(), mood, tookEffect, answered: false };
  arrivals.push(arrival);
  response.once('finish', () => {
    arrival.answered = true;
  });
  const run = tookEffect ? start(dispatch, deliveryId) : undefined;
  setTimeout(() => send(response, replyIn(mood, run, dispatch)), answerMs(mood, dice));
}

function start({ repository, workflow }: Dispatch, deliveryId: string): StandInRun {
  const file = workflow ?? 'on-dispatch.yml';
  const event = workflow === undefined ? 'repository_dispatch' : 'workflow_dispatch';
  const run = startRun(book, url, { repository, file, namesRuns: true }, event, deliveryId);
  listedAt.set(run.id, Date.now() + (isCalm ? 0 : listDelayMs(dice)));
  return run;
}

/** What goes back to whoever asked. */
type Reply = { readonly status: number; readonly body?: object; readonly headers?: Readonly<Record<string, string>> } | 'reset' | 'nothing';

function replyIn(mood: Mood, run: StandInRun | undefined, { workflow }: Dispatch): Reply {
  switch (mood) {
    case 'ok':
    case 'late':
      if (workflow === undefined || run === undefined) return { status: 204 };
      return { status: 200, body: { workflow_run_id: run.id, run_url: run.html_url, html_url: run.html_url } };
    case 'error':
      return { status: 503, body: { message: 'Service Unavailable' } };
    case 'accepted-502':
      return { status: 502, body: { message: 'Bad Gateway' } };
    case 'reset':
    case 'accepted-reset':
      return 'reset';
    case 'hang':
    case 'accepted-hang':
      // Whoever asked has to give up by itself.
      return 'nothing';
    case 'limited':
      return { status: 429, body: { message: 'You have exceeded a secondary rate limit' }, headers: { 'retry-after': '1' } };
    case 'refused':
      return { status: 422, body: { message: 'Validation Failed' } };
  }
}

interface Read {
  readonly repository: string;
  readonly workflow: string | undefined;
  readonly run: string | undefined;
  readonly searchParams: URLSearchParams;
}

function replyAboutRuns({ repository, workflow, run, searchParams }: Read): Reply {
  const fault = isCalm ? undefined : readFault(dice);
  if (fault === 'reset') return 'reset';
  if (fault !== undefined) return { status: fault, body: { message: 'Service Unavailable' } };
  const now = Date.now();
  const seen = { ...book, runs: book.runs.filter(({ id }) => (listedAt.get(id) ?? 0) <= now) };
  if (run === undefined) {
    const query = (name: string) => searchParams.get(name) ?? undefined;
    return { status: 200, body: wantedRuns(seen, repository, { query }, workflow) };
  }
  const found = seen.runs.find(({ id }) => String(id) === run);
  if (found === undefined) return { status: 404, body: { message: 'Not Found' } };
  // Every run has ended when somebody asks for it: following runs is not what is tested here.
  return { status: 200, body: { ...found, status: 'completed', conclusion: 'success', name: found.path, head_branch: 'main' } };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply === 'reset') response.destroy();
  else if (reply !== 'nothing') {
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.body && JSON.stringify(reply.body));
  }
}

/** `undefined` when the sender was gone before its body had arrived. */
async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(Buffer.concat(await request.toArray()).toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

const say = (report: GitHubReport): void => void process.send?.(report);
process.on('message', (command: GitHubCommand) => {
  if (command.do === 'calm') isCalm = true;
  else say({ count: arrivals.length, runs: book.runs.length, arrivals: command.withArrivals ? arrivals : [] });
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  say({ url });
});
