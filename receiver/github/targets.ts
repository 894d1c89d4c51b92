import { messageOf } from '../../src/lib/error-message.ts';
import type { CompiledTarget, TargetRequest } from '../../src/route/target.ts';
import type { Environment, GitHubAccess } from '../environment.ts';
import { atFirstUse } from '../first-use.ts';
import type { Logger } from '../log/log.ts';
import type { SendResult, Target, Targets } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import type { RunLog } from '../store/store.ts';
import type { RunSource } from '../watch/run-source.ts';
import type { AppOptions } from './app-credentials.ts';
import type { GitHubCredentials } from './credentials.ts';
import { recordingTarget } from './recording-target.ts';
import { renamedRepositories } from './renamed-repositories.ts';

/** Where deliveries go, and whose rate limit each counts against. */
export interface TargetSet {
  readonly targets: Targets;
  readonly credentialFor: (target: CompiledTarget) => string;
  /** What can be asked about runs; none where nothing is sent. */
  readonly runs?: RunSource;
  /** Loads what sending needs, which is otherwise loaded when it is first needed. Rejects with `NotLoadedError`. */
  readonly load?: () => Promise<unknown>;
}

export interface GitHubOptions extends Pick<Runtime, 'fetch' | 'now' | 'log' | 'redactor'> {
  readonly store: Pick<RunLog, 'keepRepositoryId'>;
}

/** Why nothing can be dispatched without credentials, and what to do. */
export const GITHUB_UNCONFIGURED = 'no GitHub credentials are configured: set GITHUB_TOKEN or the App';

/** The targets that call GitHub. Its client is loaded when `load` is called or the first request is sent: accepting needs none of it. */
export async function githubTargets(
  { github, githubApiUrl: apiUrl }: Pick<Environment, 'github' | 'githubApiUrl'>,
  { fetch, now, store, log, redactor }: GitHubOptions,
): Promise<TargetSet> {
  if (github === undefined) return { targets: {}, credentialFor: nowhere };
  const credentials = await githubCredentials(github, { apiUrl, fetch, now, log, redactor });
  const redact = redactor.text;
  const options = { credentials, apiUrl, fetch, now, redact, renamed: renamedRepositories({ store, log, redactor }) };
  const load = atFirstUse("GitHub's client", async () => {
    const [{ dispatchTarget }, { commitStatusTarget }, { githubRunSource }] = await Promise.all([
      import('./dispatch-target.ts'),
      import('./commit-status-target.ts'),
      import('./run-source.ts'),
    ]);
    return { dispatch: dispatchTarget(options), status: commitStatusTarget(options), runs: githubRunSource(options) };
  });
  const target = loadedTarget(async () => (await load()).dispatch);
  return {
    targets: { repository_dispatch: target, workflow_dispatch: target, commit_status: loadedTarget(async () => (await load()).status) },
    credentialFor: (compiled) => (compiled.repository === undefined ? nowhere(compiled) : credentials.credentialFor(compiled.repository)),
    runs: loadedRunSource(credentials, async () => (await load()).runs),
    load,
  };
}

/** Nothing is sent while it cannot be loaded: the attempt has failed, and is made again. */
function loadedTarget<Request extends TargetRequest>(load: () => Promise<Target<Request>>): Target<Request> {
  return {
    send: (request, context) => unlessNotLoaded(load, (target) => target.send(request, context)),
    findPrior: (request, context) => unlessNotLoaded(load, (target) => target.findPrior(request, context)),
  };
}

function loadedRunSource({ credentialFor }: GitHubCredentials, load: () => Promise<RunSource>): RunSource {
  return {
    credentialFor,
    get: (...asked) => unlessNotLoaded(load, (runs) => runs.get(...asked)),
    failedJob: async (...asked) => (await load()).failedJob(...asked),
    listSince: (...asked) => unlessNotLoaded(load, (runs) => runs.listSince(...asked)),
  };
}

async function unlessNotLoaded<Part, Answer>(
  load: () => Promise<Part>,
  work: (part: Part) => Promise<Answer>,
): Promise<Answer | Extract<SendResult, { outcome: 'failed' }>> {
  let part: Part;
  try {
    part = await load();
  } catch (error) {
    return { outcome: 'failed', status: null, detail: messageOf(error), ambiguous: false };
  }
  return work(part);
}

/** Where the tokens come from that the environment's access stands for. */
export async function githubCredentials(
  github: GitHubAccess,
  options: Omit<AppOptions, 'appId' | 'privateKey'>,
): Promise<GitHubCredentials> {
  return github.kind === 'token'
    ? (await import('./token-credentials.ts')).tokenCredentials(github.token)
    : (await import('./app-credentials.ts')).appCredentials({ ...github, ...options });
}

/** The sandbox's targets: they log each request and send nothing. */
export function sandboxTargets(log: Logger, apiUrl: string): TargetSet {
  const target = recordingTarget(log, apiUrl);
  return { targets: { repository_dispatch: target, workflow_dispatch: target }, credentialFor: () => 'sandbox' };
}

function nowhere(target: CompiledTarget): string {
  return target.kind;
}
