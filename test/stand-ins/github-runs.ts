import { createHash, createHmac, randomUUID } from 'node:crypto';

/** A workflow of the stand-in. Only these start runs. */
export interface StandInWorkflow {
  readonly repository: string;
  readonly file: string;
  /** The types under `on: repository_dispatch`. */
  readonly types?: readonly string[];
  /** The inputs under `on: workflow_dispatch`; leave out for a workflow that cannot be started by hand. */
  readonly inputs?: readonly string[];
  /** It sets `run-name` to the delivery's id, as the README asks. */
  readonly namesRuns?: boolean;
}

/** A run as the stand-in keeps it; the names are those of GitHub's REST API. */
export interface StandInRun {
  readonly id: number;
  readonly repository: string;
  readonly event: 'repository_dispatch' | 'workflow_dispatch';
  readonly path: string;
  readonly display_title: string;
  readonly created_at: string;
  readonly html_url: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  run_attempt: number;
  run_started_at: string;
  updated_at: string;
}

/** The next step of a run: it starts, ends, or is rerun. */
export type RunProgress = 'in_progress' | 'rerun' | { readonly conclusion: string };

/** A request about runs, and what was answered; a 304 costs nothing of the allowance. */
export interface StandInRead {
  readonly path: string;
  readonly status: number;
}

export interface StandInStatus {
  readonly repository: string;
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly target_url?: string;
}

/** Where webhooks go. */
export interface WebhookReceiver {
  readonly url: string;
  readonly secret: string;
  /** Default: over the network. */
  readonly send?: (request: Request) => Promise<Response> | Response;
}

export interface StandInWebhookAnswer {
  readonly action: WebhookAction;
  readonly guid: string;
  /** `undefined`: nobody answered. */
  readonly status: number | undefined;
}

export type WebhookAction = 'requested' | 'in_progress' | 'completed';

/** All runs of the stand-in, and the receiver of their webhooks. */
export interface RunBook {
  readonly runs: StandInRun[];
  readonly reads: StandInRead[];
  /** The requests for the jobs of runs. */
  readonly jobReads: StandInRead[];
  readonly webhookAnswers: StandInWebhookAnswer[];
  readonly underWay: Set<Promise<void>>;
  readonly now: () => number;
  receiver: WebhookReceiver | undefined;
}

export function newRunBook(now: () => number): RunBook {
  return { runs: [], reads: [], jobReads: [], webhookAnswers: [], underWay: new Set(), now, receiver: undefined };
}

/** GitHub's times have whole seconds. */
function momentOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

export function startRun(
  book: RunBook,
  baseUrl: string,
  workflow: StandInWorkflow,
  event: StandInRun['event'],
  deliveryId: string,
): StandInRun {
  const id = 9_000_000_001 + book.runs.length;
  const at = momentOf(book.now());
  const run: StandInRun = {
    id,
    repository: workflow.repository,
    event,
    path: `.github/workflows/${workflow.file}`,
    display_title: workflow.namesRuns === true && deliveryId !== '' ? `Deploy ${deliveryId}` : workflow.file,
    created_at: at,
    html_url: `${baseUrl}/${workflow.repository}/actions/runs/${id}`,
    status: 'queued',
    conclusion: null,
    run_attempt: 1,
    run_started_at: at,
    updated_at: at,
  };
  book.runs.push(run);
  return run;
}

/** Advances a run and sends its webhook. */
export async function advanceRun(book: RunBook, id: number, progress: RunProgress): Promise<StandInRun> {
  const run = book.runs.find((known) => known.id === id);
  if (run === undefined) throw new Error(`the stand-in has no run ${id}`);
  run.updated_at = momentOf(book.now());
  if (progress === 'rerun') {
    Object.assign(run, { status: 'queued', conclusion: null, run_attempt: run.run_attempt + 1, run_started_at: run.updated_at });
    await tellWebhook(book, run, 'requested');
  } else if (progress === 'in_progress') {
    run.status = 'in_progress';
    await tellWebhook(book, run, 'in_progress');
  } else {
    Object.assign(run, { status: 'completed', conclusion: progress.conclusion });
    await tellWebhook(book, run, 'completed');
  }
  return run;
}

/** Posts what happened, once: GitHub never sends again by itself. */
export function tellWebhook(book: RunBook, run: StandInRun, action: WebhookAction): Promise<void> {
  const { receiver } = book;
  if (receiver === undefined) return Promise.resolve();
  const request = webhookOf(run, action, receiver);
  const sent = sendWebhook(receiver, request).then((status) => {
    book.webhookAnswers.push({ action, guid: request.headers.get('x-github-delivery') ?? '', status });
    book.underWay.delete(sent);
  });
  book.underWay.add(sent);
  return sent;
}

async function sendWebhook({ send = fetch }: WebhookReceiver, request: Request): Promise<number | undefined> {
  try {
    return (await send(request)).status;
  } catch {
    return undefined;
  }
}

/** A `workflow_run` delivery as GitHub sends it: its headers, and the part of the payload that is of interest. */
export function webhookOf(
  run: StandInRun,
  action: WebhookAction,
  { url, secret, guid = randomUUID() }: { readonly url: string; readonly secret: string; readonly guid?: string },
): Request {
  const [owner = '', name = ''] = run.repository.split('/');
  const repository = { id: 1, name, full_name: run.repository, private: true, owner: { login: owner, type: 'Organization' } };
  const body = JSON.stringify({
    action,
    workflow_run: wireRun(run),
    workflow: { id: 1, name: run.path, path: run.path, state: 'active' },
    repository,
    sender: { login: 'wandb-relay[bot]', type: 'Bot' },
  });
  return signedWebhook({ url, secret, guid, event: 'workflow_run', body });
}

/** Any delivery of GitHub's. */
export function signedWebhook(options: {
  readonly url: string;
  readonly secret: string;
  readonly event: string;
  readonly body: string;
  readonly guid?: string;
}): Request {
  return new Request(options.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      accept: '*/*',
      'x-github-event': options.event,
      'x-github-delivery': options.guid ?? randomUUID(),
      'x-github-hook-id': '292430182',
      'x-github-hook-installation-target-type': 'repository',
      'x-hub-signature-256': `sha256=${createHmac('sha256', options.secret).update(options.body).digest('hex')}`,
    },
    body: options.body,
  });
}

/** GitHub lists no more for a search with a filter, and an empty page after (REST API, "List workflow runs for a repository"). */
const MOST_LISTED = 1_000;

/** `>=A`, or `A..B` with both ends (GitHub documentation, "Understanding the search syntax"). */
function isCreatedIn(created: string | undefined, at: number): boolean {
  if (created === undefined) return true;
  if (created.startsWith('>=')) return at >= Date.parse(created.slice(2));
  const [from = '', to = ''] = created.split('..');
  return at >= Date.parse(from) && (to === '*' || at <= Date.parse(to));
}

/** The runs that a request lists, newest first. */
export function wantedRuns(
  book: RunBook,
  repository: string,
  request: { query(name: string): string | undefined },
  file?: string,
): { total_count: number; workflow_runs: object[] } {
  const [event, created] = [request.query('event'), request.query('created')];
  const size = Number(request.query('per_page') ?? 30);
  const from = (Number(request.query('page') ?? 1) - 1) * size;
  const runs = book.runs
    .filter((run) => run.repository === repository && (event === undefined || run.event === event))
    .filter((run) => isCreatedIn(created, Date.parse(run.created_at)) && (file === undefined || run.path.endsWith(`/${file}`)))
    .toReversed();
  const listed = event === undefined && created === undefined ? runs : runs.slice(0, MOST_LISTED);
  return { total_count: runs.length, workflow_runs: listed.slice(from, from + size).map(wireRun) };
}

/** The jobs of a run's latest attempt: one that went well, and `deploy`, which ended as the run did, at its step `push image`. */
export function jobsOf(run: StandInRun): { total_count: number; jobs: object[] } {
  const job = (id: number, name: string, conclusion: string | null, steps: readonly (readonly [string, string | null])[]) => ({
    id,
    run_id: run.id,
    run_attempt: run.run_attempt,
    status: run.status,
    conclusion,
    name,
    html_url: `${run.html_url}/job/${id}`,
    steps: steps.map(([step, end], i) => ({ name: step, status: run.status, conclusion: end, number: i + 1 })),
  });
  const went = run.status === 'completed' ? 'success' : null;
  const jobs = [
    job(1, 'check', went, [['Set up job', went]]),
    job(2, 'deploy', run.conclusion, [
      ['Set up job', went],
      ['push image', run.conclusion],
      ['Complete job', went],
    ]),
  ];
  return { total_count: jobs.length, jobs };
}

function wireRun(run: StandInRun): object {
  return { ...run, name: run.path, head_branch: 'main', repository: { full_name: run.repository } };
}

/** Answers a request about runs with an ETag, or 304 when whoever asks has that already. */
export function answerRead(
  book: RunBook,
  request: { readonly url: string; header(name: string): string | undefined },
  refusal: { readonly status: number; readonly message?: string; readonly headers?: Readonly<Record<string, string>> } | undefined,
  find: () => object | undefined,
): Response {
  const { pathname, search } = new URL(request.url);
  const answer = (status: number, body: object | undefined, headers: Readonly<Record<string, string>> = {}): Response => {
    book.reads.push({ path: `${pathname}${search}`, status });
    const text = body === undefined ? null : JSON.stringify(body);
    return new Response(text, { status, headers: { 'content-type': 'application/json', ...headers } });
  };
  if (refusal !== undefined) return answer(refusal.status, { message: refusal.message ?? 'something went wrong' }, refusal.headers);
  const found = find();
  if (found === undefined) return answer(404, { message: 'Not Found' });
  const body = 'event' in found ? wireRun(found as StandInRun) : found;
  const etag = `W/"${createHash('sha256').update(JSON.stringify(body)).digest('hex')}"`;
  return request.header('if-none-match') === etag ? answer(304, undefined, { etag }) : answer(200, body, { etag });
}
