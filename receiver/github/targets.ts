import type { CompiledTarget } from '../../src/target.ts';
import type { Environment } from '../environment.ts';
import type { Logger } from '../log.ts';
import type { Targets } from '../outbox/target.ts';
import { appCredentials, type GitHubCredentials, tokenCredentials } from './credentials.ts';
import { dispatchTarget } from './dispatch-target.ts';
import { recordingTarget } from './recording-target.ts';

/** Where deliveries go, and whose rate limit each counts against. */
export interface TargetSet {
  readonly targets: Targets;
  readonly credentialFor: (target: CompiledTarget) => string;
}

/** GitHub for real. */
export function githubTargets(
  { github, githubApiUrl }: Pick<Environment, 'github' | 'githubApiUrl'>,
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: () => number },
): TargetSet {
  if (github === undefined) return { targets: {}, credentialFor: nowhere };
  const credentials: GitHubCredentials =
    github.kind === 'token' ? tokenCredentials(github.token) : appCredentials({ ...github, apiUrl: githubApiUrl, fetch });
  const target = dispatchTarget({ credentials, apiUrl: githubApiUrl, fetch, now });
  return {
    targets: { repository_dispatch: target, workflow_dispatch: target },
    credentialFor: (compiled) => (compiled.repository === undefined ? nowhere(compiled) : credentials.credentialFor(compiled.repository)),
  };
}

/** The sandbox: everything is written down and nothing sent. */
export function sandboxTargets(log: Logger, apiUrl: string): TargetSet {
  const target = recordingTarget(log, apiUrl);
  return { targets: { repository_dispatch: target, workflow_dispatch: target }, credentialFor: () => 'sandbox' };
}

function nowhere(target: CompiledTarget): string {
  return target.kind;
}
