import { createEmulator, defineEmulator } from 'emulate';
import {
  advanceRun,
  answerRead,
  jobsOf,
  newRunBook,
  type RunBook,
  type RunProgress,
  type StandInRead,
  type StandInRun,
  type StandInStatus,
  type StandInWebhookAnswer,
  type StandInWorkflow,
  startRun,
  tellWebhook,
  type WebhookReceiver,
  wantedRuns,
} from './github-runs.ts';

export type { StandInRun, StandInWorkflow };

/** How the next dispatch goes wrong. `applied`: it takes effect all the same, as with a 502 from a proxy in between. */
export interface StandInFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
  readonly applied?: boolean;
}

/** A dispatch that reached the stand-in, whatever it answered. */
export interface StandInDispatch {
  readonly repository: string;
  readonly kind: 'repository_dispatch' | 'workflow_dispatch';
  readonly body: Readonly<Record<string, unknown>>;
  readonly answered: number;
  readonly at: number;
}

/** A token that the App was given, and how narrow it is. */
export interface StandInToken {
  readonly token: string;
  readonly repositories: readonly string[] | undefined;
  readonly permissions: Readonly<Record<string, string>> | undefined;
}

interface State {
  /** `emulate` takes any token for its first user's; the front knows only those that were given out. */
  tokens: StandInToken[];
  dispatches: StandInDispatch[];
  book: RunBook;
  faults: StandInFault[];
  readFaults: StandInFault[];
  /** Repositories whose runs the credentials may not read. */
  unreadable: Set<string>;
  statuses: StandInStatus[];
}

export interface GitHubStandIn {
  readonly url: string;
  readonly dispatches: readonly StandInDispatch[];
  readonly runs: readonly StandInRun[];
  /** The tokens that the App has asked for. */
  readonly appTokens: readonly StandInToken[];
  /** What was read about runs, and with which status. */
  readonly reads: readonly StandInRead[];
  readonly jobReads: readonly StandInRead[];
  /** Statuses that were written to commits. */
  readonly statuses: readonly StandInStatus[];
  /** What the receiver of the webhooks answered, in order. */
  readonly webhookAnswers: readonly StandInWebhookAnswer[];
  /** The next dispatches go wrong like this, one each. */
  fail(...faults: StandInFault[]): void;
  /** The next requests for runs go wrong like this, one each. */
  failReads(...faults: StandInFault[]): void;
  /** From now on the credentials lack "Actions: read" there. */
  forbidReading(repository: string): void;
  /** From now on every change of a run is posted there, signed, as GitHub does it. */
  sendWebhooksTo(receiver: WebhookReceiver): void;
  /** Moves a run on; resolves when the webhook, if there is one, was answered. */
  advance(runId: number | string, progress: RunProgress): Promise<StandInRun>;
  /** Resolves when all webhooks that are under way were answered. */
  webhooksAnswered(): Promise<void>;
  /** For an App seed without a key: the PEM that was generated. */
  readonly appKey: string | undefined;
  close(): Promise<void>;
}

/**
 * GitHub on this machine: the `emulate` package's stateful GitHub (repositories, tokens, Apps), with what it lacks in
 * front of it: repository dispatches, workflow dispatches that return their run, and the list of runs by title.
 * The rules are GitHub's REST documentation's: sizes, 404 and 422, 204 also when nothing listens.
 */
export async function startGitHub(options: {
  readonly repositories: readonly string[];
  readonly workflows: readonly StandInWorkflow[];
  readonly tokens?: Readonly<Record<string, string>>;
  readonly appId?: number;
  /** Milliseconds since 1970; default: the machine's clock. */
  readonly now?: () => number;
}): Promise<GitHubStandIn> {
  const [firstOwner = 'acme'] = options.repositories.map((name) => name.split('/')[0] ?? '');
  const backend = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      tokens: Object.fromEntries(
        Object.entries(options.tokens ?? {}).map(([token, login]) => [token, { login, scopes: ['repo', 'workflow'] }]),
      ),
      github: {
        users: [{ login: firstOwner }],
        repos: options.repositories.map((name) => ({
          owner: name.split('/')[0],
          name: name.split('/')[1],
          auto_init: true,
          private: true,
        })),
        ...(options.appId === undefined
          ? {}
          : {
              apps: [
                {
                  app_id: options.appId,
                  slug: 'wandb-relay',
                  name: 'wandb-relay',
                  permissions: { contents: 'write', actions: 'write', statuses: 'write', metadata: 'read' },
                  installations: [{ installation_id: 77, account: firstOwner }],
                },
              ],
            }),
      },
    },
  });
  const personal = Object.keys(options.tokens ?? {}).map((token) => ({ token, repositories: undefined, permissions: undefined }));
  const book = newRunBook(options.now ?? Date.now);
  const state: State = {
    tokens: [...personal],
    dispatches: [],
    book,
    faults: [],
    readFaults: [],
    unreadable: new Set(),
    statuses: [],
  };
  const front = await createEmulator({ service: frontOf(backend.url, options.workflows, state), port: 0, seed: {} });
  return {
    url: front.url,
    get dispatches() {
      return state.dispatches;
    },
    runs: book.runs,
    reads: book.reads,
    jobReads: book.jobReads,
    webhookAnswers: book.webhookAnswers,
    statuses: state.statuses,
    get appTokens() {
      return state.tokens.slice(personal.length);
    },
    fail: (...faults) => {
      state.faults.push(...faults);
    },
    failReads: (...faults) => {
      state.readFaults.push(...faults);
    },
    forbidReading: (repository) => {
      state.unreadable.add(repository);
    },
    sendWebhooksTo: (receiver) => {
      book.receiver = receiver;
    },
    advance: (runId, progress) => advanceRun(book, Number(runId), progress),
    webhooksAnswered: async () => {
      await Promise.all(book.underWay);
    },
    appKey: backend.generatedSecrets.find((secret) => secret.kind === 'github.app_private_key')?.value,
    close: async () => {
      await front.close();
      await backend.close();
    },
  };
}

function frontOf(backendUrl: string, workflows: readonly StandInWorkflow[], state: State) {
  return defineEmulator<object>({
    name: 'github-dispatches',
    state: () => ({}),
    setup({ app, baseUrl }) {
      app.post('/repos/:owner/:repo/dispatches', async (c) => {
        const repository = `${c.req.param('owner')}/${c.req.param('repo')}`;
        const body: Record<string, unknown> = await c.req.json();
        const denied = await deniedBy(state, backendUrl, repository, c.req.header('authorization'));
        const answer = denied ?? invalidDispatch(body);
        return settle(c, state, { repository, kind: 'repository_dispatch', body }, answer, () => {
          for (const workflow of workflows) {
            if (workflow.repository === repository && workflow.types?.includes(String(body.event_type))) {
              void tellWebhook(
                state.book,
                startRun(state.book, baseUrl, workflow, 'repository_dispatch', deliveryIdIn(body.client_payload)),
                'requested',
              );
            }
          }
          return new Response(null, { status: 204 });
        });
      });
      app.post('/repos/:owner/:repo/actions/workflows/:workflow/dispatches', async (c) => {
        const repository = `${c.req.param('owner')}/${c.req.param('repo')}`;
        const body: Record<string, unknown> = await c.req.json();
        const workflow = workflows.find((known) => known.repository === repository && known.file === c.req.param('workflow'));
        const denied = await deniedBy(state, backendUrl, repository, c.req.header('authorization'));
        const answer = denied ?? (workflow === undefined ? { status: 404, message: 'Not Found' } : invalidStart(workflow, body));
        return settle(c, state, { repository, kind: 'workflow_dispatch', body }, answer, () => {
          if (workflow === undefined) throw new Error('unreachable');
          const run = startRun(state.book, baseUrl, workflow, 'workflow_dispatch', deliveryIdIn(body.inputs));
          void tellWebhook(state.book, run, 'requested');
          if (body.return_run_details !== true) return new Response(null, { status: 204 });
          return c.json({
            workflow_run_id: run.id,
            run_url: `${baseUrl}/repos/${repository}/actions/runs/${run.id}`,
            html_url: run.html_url,
          });
        });
      });
      const read = async (c: ReadContext, find: (repository: string) => object | undefined) => {
        const repository = `${c.req.param('owner')}/${c.req.param('repo')}`;
        const denied = await deniedBy(state, backendUrl, repository, c.req.header('authorization'));
        const fault = denied === undefined ? state.readFaults.shift() : undefined;
        const refusal = denied ?? fault ?? (state.unreadable.has(repository) ? NOT_READABLE : undefined);
        return answerRead(state.book, c.req, refusal, () => find(repository));
      };
      app.get('/repos/:owner/:repo/actions/runs', (c) => read(c, (repository) => wantedRuns(state.book, repository, c.req)));
      app.get('/repos/:owner/:repo/actions/workflows/:workflow/runs', (c) =>
        read(c, (repository) => wantedRuns(state.book, repository, c.req, c.req.param('workflow'))),
      );
      app.get('/repos/:owner/:repo/actions/runs/:run', (c) =>
        read(c, (repository) => state.book.runs.find((run) => run.repository === repository && String(run.id) === c.req.param('run'))),
      );
      app.get('/repos/:owner/:repo/actions/runs/:run/jobs', async (c) => {
        const repository = `${c.req.param('owner')}/${c.req.param('repo')}`;
        const denied = await deniedBy(state, backendUrl, repository, c.req.header('authorization'));
        const refusal = denied ?? (state.unreadable.has(repository) ? NOT_READABLE : undefined);
        const run = state.book.runs.find((known) => known.repository === repository && String(known.id) === c.req.param('run'));
        const { pathname, search } = new URL(c.req.url);
        const answer = refusal ?? (run === undefined ? { status: 404, message: 'Not Found' } : undefined);
        state.book.jobReads.push({ path: `${pathname}${search}`, status: answer?.status ?? 200 });
        return answer !== undefined || run === undefined ? c.json({ message: answer?.message }, answer?.status) : c.json(jobsOf(run));
      });
      app.post('/repos/:owner/:repo/statuses/:sha', async (c) => {
        const repository = `${c.req.param('owner')}/${c.req.param('repo')}`;
        const sha = c.req.param('sha');
        const denied = await deniedBy(state, backendUrl, repository, c.req.header('authorization'));
        const refusal = denied ?? (/^[0-9a-f]{40}$/.test(sha) ? undefined : { status: 422, message: `No commit found for SHA: ${sha}` });
        if (refusal !== undefined) return c.json({ message: refusal.message }, refusal.status);
        const status = { repository, sha, ...((await c.req.json()) as Omit<StandInStatus, 'repository' | 'sha'>) };
        state.statuses.push(status);
        return c.json({ id: state.statuses.length, ...status }, 201);
      });
      app.notFound(async (c) => {
        const url = new URL(c.req.url);
        const body = ['GET', 'HEAD'].includes(c.req.method) ? undefined : await c.req.arrayBuffer();
        const headers = new Headers(c.req.raw.headers);
        headers.delete('host');
        headers.delete('content-length');
        const response = await fetch(`${backendUrl}${url.pathname}${url.search}`, {
          method: c.req.method,
          headers,
          ...(body === undefined ? {} : { body }),
        });
        const answer = await response.text();
        if (response.status === 201 && url.pathname.endsWith('/access_tokens')) {
          const asked = JSON.parse(new TextDecoder().decode(body) || '{}') as Omit<StandInToken, 'token'>;
          state.tokens.push({ ...asked, token: (JSON.parse(answer) as StandInToken).token });
        }
        return new Response(answer, { status: response.status, headers: { 'content-type': 'application/json' } });
      });
    },
  });
}

interface Answer {
  readonly status: number;
  readonly message: string;
}

interface ReadContext {
  readonly req: Parameters<typeof answerRead>[1] & { param(name: string): string | undefined };
}

const NOT_READABLE: Answer = { status: 403, message: 'Resource not accessible by personal access token' };

/** Responds with the next fault, a refusal or the effect, and records the request. */
function settle(
  c: { json(data: unknown, status?: number, headers?: Record<string, string>): Response },
  state: State,
  dispatch: Pick<StandInDispatch, 'repository' | 'kind' | 'body'>,
  refusal: Answer | undefined,
  apply: () => Response,
): Response {
  const fault = refusal === undefined ? state.faults.shift() : undefined;
  let response: Response;
  if (refusal !== undefined) response = c.json({ message: refusal.message }, refusal.status);
  else if (fault === undefined) response = apply();
  else {
    if (fault.applied === true) apply();
    response = c.json({ message: fault.message ?? 'something went wrong' }, fault.status, { ...fault.headers });
  }
  state.dispatches.push({ ...dispatch, answered: response.status, at: Date.now() });
  return response;
}

/** Asks the emulated GitHub whether the token may see the repository. */
async function deniedBy(
  state: State,
  backendUrl: string,
  repository: string,
  authorization: string | undefined,
): Promise<Answer | undefined> {
  if (authorization === undefined) return { status: 401, message: 'Requires authentication' };
  const token = state.tokens.find((known) => authorization === `Bearer ${known.token}` || authorization === `token ${known.token}`);
  if (token === undefined) return { status: 401, message: 'Bad credentials' };
  const response = await fetch(`${backendUrl}/repos/${repository}`, { headers: { authorization } });
  return response.ok ? undefined : { status: 404, message: 'Not Found' };
}

function invalidDispatch(body: Readonly<Record<string, unknown>>): Answer | undefined {
  const { event_type: type, client_payload: payload } = body;
  if (typeof type !== 'string' || type.length < 1 || type.length > 100)
    return { status: 422, message: 'Invalid request. event_type is too long or missing.' };
  if (Object.keys(payload ?? {}).length > 10) return { status: 422, message: 'No more than 10 properties are allowed; 11 were supplied.' };
  if (JSON.stringify(payload ?? {}).length > 65_535) return { status: 422, message: 'client_payload is too large.' };
  return undefined;
}

function invalidStart(workflow: StandInWorkflow, body: Readonly<Record<string, unknown>>): Answer | undefined {
  if (workflow.inputs === undefined) return { status: 422, message: "Workflow does not have 'workflow_dispatch' trigger" };
  const unexpected = Object.keys(body.inputs ?? {}).filter((name) => workflow.inputs?.includes(name) !== true);
  return unexpected.length === 0 ? undefined : { status: 422, message: `Unexpected inputs provided: ${JSON.stringify(unexpected)}` };
}

function deliveryIdIn(values: unknown): string {
  return typeof values === 'object' && values !== null && 'delivery_id' in values ? String(values.delivery_id) : '';
}
