import type { CompiledTarget } from '../../src/route/target.ts';
import type { Environment, GitHubAccess } from '../environment.ts';
import type { Logger } from '../log/log.ts';
import type { Targets } from '../outbox/target.ts';
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
}

export interface GitHubOptions extends Pick<Runtime, 'fetch' | 'now' | 'log' | 'redactor'> {
  readonly store: Pick<RunLog, 'keepRepositoryId'>;
}

/** Why nothing can be dispatched without credentials, and what to do. */
export const GITHUB_UNCONFIGURED = 'no GitHub credentials are configured: set GITHUB_TOKEN or the App';

/** The targets that call GitHub. GitHub's client is loaded only here: a sandbox does not need it. */
export async function githubTargets(
  { github, githubApiUrl: apiUrl }: Pick<Environment, 'github' | 'githubApiUrl'>,
  { fetch, now, store, log, redactor }: GitHubOptions,
): Promise<TargetSet> {
  if (github === undefined) return { targets: {}, credentialFor: nowhere };
  const [{ dispatchTarget }, { commitStatusTarget }, { githubRunSource }] = await Promise.all([
    import('./dispatch-target.ts'),
    import('./commit-status-target.ts'),
    import('./run-source.ts'),
  ]);
  const credentials = await githubCredentials(github, { apiUrl, fetch, now, log, redactor });
  const redact = redactor.text;
  const options = { credentials, apiUrl, fetch, now, redact, renamed: renamedRepositories({ store, log, redactor }) };
  const target = dispatchTarget(options);
  return {
    targets: { repository_dispatch: target, workflow_dispatch: target, commit_status: commitStatusTarget(options) },
    credentialFor: (compiled) => (compiled.repository === undefined ? nowhere(compiled) : credentials.credentialFor(compiled.repository)),
    runs: githubRunSource(options),
  };
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
