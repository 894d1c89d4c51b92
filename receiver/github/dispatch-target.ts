import type { Octokit } from '@octokit/rest';
import { type DispatchRequest, requestProblem } from '../../src/route/target.ts';
import type { PriorResult, SearchContext, SendContext, SendResult, Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import { githubClient, holdFrom, ownerAndRepo } from './client.ts';
import type { GitHubCredentials, Permission, Token } from './credentials.ts';
import { hintsFor } from './hints.ts';
import { findPriorRun } from './prior-run.ts';
import { type AnswerContext, readFailure } from './read-error.ts';
import { type RenamedRepositories, reportingMoves } from './renamed-repositories.ts';

export interface DispatchOptions extends Pick<Runtime, 'fetch' | 'now'> {
  readonly credentials: GitHubCredentials;
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://HOST/api/v3`. */
  readonly apiUrl: string;
  /** Called when a repository turns out to have another name. */
  readonly renamed?: RenamedRepositories;
  readonly redact?: (text: string) => string;
}

/** A token this young may be refused by a part of GitHub that has not heard of it (seen by Octokit's own App client). */
const YOUNG_TOKEN_MS = 60_000;

/** Starts workflows by `repository_dispatch` and `workflow_dispatch`. One request per send; nothing here retries. */
export function dispatchTarget(options: DispatchOptions): Target<DispatchRequest> {
  // A GitHub Enterprise Server that does not know this parameter refuses it; then it is left out for good.
  let askForRun = true;

  const clientFor =
    (token: string, signal: AbortSignal) =>
    (onMove: (to: URL) => void): Octokit =>
      githubClient({ token, signal, apiUrl: options.apiUrl, fetch: options.fetch, onMove });

  const answerContext = (request: DispatchRequest, context: SendContext, writes: boolean): AnswerContext => ({
    repository: request.repository,
    hints: hintsFor(request, options.credentials.kind),
    writes,
    attempts: context.attempts,
    now: options.now(),
    ...(options.redact === undefined ? {} : { redact: options.redact }),
  });

  const send = async (request: DispatchRequest, context: SendContext): Promise<SendResult> => {
    const problem = requestProblem(request);
    if (problem !== undefined) return { outcome: 'refused', status: null, detail: problem };
    const permission: Permission = request.kind === 'repository_dispatch' ? { contents: 'write' } : { actions: 'write' };
    let token: Token;
    try {
      token = await options.credentials.token(request.repository, permission);
    } catch (error) {
      const failure = readFailure(error, { ...answerContext(request, context, false), hints: hintsFor(request, 'app-token') });
      return { ...failure, detail: `no token for ${request.repository}: ${failure.detail}` };
    }
    return reportingMoves(request.repository, options.renamed, clientFor(token.token, context.signal), (client) =>
      sendWith(client, request, context, token),
    );
  };

  const sendWith = async (client: Octokit, request: DispatchRequest, context: SendContext, token: Token): Promise<SendResult> => {
    try {
      return request.kind === 'repository_dispatch'
        ? await sendRepositoryDispatch(client, request, options.now())
        : await sendWorkflowDispatch(client, request, askForRun, options.now());
    } catch (error) {
      const failure = readFailure(error, answerContext(request, context, true));
      if (failure.outcome === 'refused' && failure.status === 422 && askForRun && failure.detail.includes('return_run_details')) {
        askForRun = false;
        return send(request, context);
      }
      if (failure.outcome === 'refused' && failure.status === 401 && isYoung(token.createdAt)) {
        return { outcome: 'failed', status: 401, ambiguous: false, detail: 'GitHub does not accept the new token of the App yet (401)' };
      }
      return failure;
    }
  };

  const isYoung = (createdAt: number | undefined): boolean => createdAt !== undefined && options.now() - createdAt < YOUNG_TOKEN_MS;

  const findPrior = async (request: DispatchRequest, context: SearchContext): Promise<PriorResult> => {
    try {
      const { token } = await options.credentials.token(request.repository, { actions: 'read' });
      return await reportingMoves(request.repository, options.renamed, clientFor(token, context.signal), (client) =>
        findPriorRun(client, request, context, options.now),
      );
    } catch (error) {
      const failure = readFailure(error, answerContext(request, context, false));
      return failure.outcome === 'refused' ? { outcome: 'unknowable', detail: failure.detail } : failure;
    }
  };

  return { send, findPrior };
}

async function sendRepositoryDispatch(
  client: Octokit,
  request: Extract<DispatchRequest, { kind: 'repository_dispatch' }>,
  now: number,
): Promise<SendResult> {
  const { event_type, client_payload } = request;
  const response = await client.rest.repos.createDispatchEvent({ ...ownerAndRepo(request.repository), event_type, client_payload });
  const status: number = response.status;
  if (status !== 204) return unexpected(status);
  return {
    outcome: 'delivered',
    status,
    run: null,
    detail: `dispatched ${event_type} to ${request.repository}`,
    ...holdFrom(response.headers, now),
  };
}

async function sendWorkflowDispatch(
  client: Octokit,
  request: Extract<DispatchRequest, { kind: 'workflow_dispatch' }>,
  askForRun: boolean,
  now: number,
): Promise<SendResult> {
  const response = await client.rest.actions.createWorkflowDispatch({
    ...ownerAndRepo(request.repository),
    workflow_id: request.workflow,
    ref: request.ref,
    inputs: { ...request.inputs },
    ...(askForRun ? { return_run_details: true } : {}),
  });
  // GitHub answers 200 with the run, or 204 without it on an older server.
  const status: number = response.status;
  if (status !== 200 && status !== 204) return unexpected(status);
  const data: unknown = response.data;
  const run = runDetails(data);
  if (status === 200 && run === null) return unexpected(status);
  const detail = `started ${request.workflow} in ${request.repository}${run === null ? '' : `: ${run.url}`}`;
  return { outcome: 'delivered', status, run, detail, ...holdFrom(response.headers, now) };
}

function runDetails(data: unknown): { id: string; url: string } | null {
  if (typeof data !== 'object' || data === null || !('workflow_run_id' in data)) return null;
  const url = 'html_url' in data ? data.html_url : 'run_url' in data ? data.run_url : '';
  return { id: String(data.workflow_run_id), url: String(url) };
}

/** A success that GitHub does not give: something else answered, such as a proxy's page. */
function unexpected(status: number): SendResult {
  return {
    outcome: 'failed',
    status,
    ambiguous: true,
    detail: `an unexpected response (${status}): does GITHUB_API_URL point to GitHub?`,
  };
}
