import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { REPOSITORY, repositoryInPath } from '../lib/repository.ts';
import type { RelayEvent } from './event.ts';

/** A commit at GitHub. */
export interface CommitRef {
  /** `owner/name` */
  readonly repository: string;
  /** Forty hexadecimal digits, lower case. */
  readonly sha: string;
}

const SHA = /^[0-9a-f]{40}$/;
/** `https://host/…`, `ssh://git@host:22/…`, `git://host/…`; and what git calls scp-like: `git@host:…`. */
const ADDRESS = /^(?:https?|ssh|git):\/\/(?:[^/]*@)?([^/:@]+)(?::\d+)?\/(.+)$/;
const SCP_LIKE = /^(?:[^/@:]+@)?([^/@:]+):(?!\/\/)(.+)$/;

/**
 * The commit that a run was trained from: from W&B's API, or from the body of the event or its `client_payload`, where it
 * may be named `commit`, `git_commit` or `sha` and `repository` or `git_remote`. A part that W&B's API does not have may
 * come from the body.
 *
 * @param event with its `payload`, as templates have it; without a payload only W&B's facts are used
 * @param host GitHub's host in remotes
 */
export function commitOf(
  event: RelayEvent & { readonly payload?: JsonValue },
  wandb: JsonObject | null,
  host = 'github.com',
): CommitRef | undefined {
  const run = isJsonObject(wandb?.run) ? wandb.run : {};
  const body = isJsonObject(event.payload) ? event.payload : {};
  const inner = isJsonObject(body.client_payload) ? body.client_payload : body;
  const sha = firstOf([run.commit, inner.commit, inner.git_commit, inner.sha], shaIn);
  const ofRemote = (text: string) => repositoryOf(text, host);
  const repository =
    firstOf([run.git_remote], ofRemote) ??
    firstOf([inner.repository], (text) => (REPOSITORY.test(text) ? text : ofRemote(text))) ??
    firstOf([inner.git_remote], ofRemote);
  return sha === undefined || repository === undefined ? undefined : { repository, sha };
}

function firstOf(values: readonly (JsonValue | undefined)[], read: (text: string) => string | undefined): string | undefined {
  for (const value of values) {
    const found = typeof value === 'string' ? read(value.trim()) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function shaIn(text: string): string | undefined {
  const sha = text.toLowerCase();
  return SHA.test(sha) ? sha : undefined;
}

/** `owner/name` of a remote on the host. */
function repositoryOf(remote: string, host: string): string | undefined {
  const [, remoteHost, path] = ADDRESS.exec(remote) ?? SCP_LIKE.exec(remote) ?? [];
  // GitHub answers ssh on port 443 under a name of its own (GitHub documentation, "Using SSH over the HTTPS port").
  const hosts = [host, `www.${host}`, `ssh.${host}`];
  if (remoteHost === undefined || path === undefined || !hosts.includes(remoteHost.toLowerCase())) return undefined;
  return repositoryInPath(path);
}
