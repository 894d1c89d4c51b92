import { context } from '@actions/github';
import type { BaseConfig } from '../plan/route-plan.ts';
import { readBaseConfig } from '../sync/base-config.ts';
import { type CommitFiles, gitFiles } from '../sync/commit-files.ts';
import { repositoryTop } from '../sync/repository-top.ts';
import { githubFiles } from './github-files.ts';
import type { ActionInputs } from './inputs.ts';
import { foldersOf, githubClient } from './step.ts';

/** The config before the change of this run, from the checkout if it has the commit, else through GitHub's API. */
export async function baseOfRun(inputs: ActionInputs, fetch: typeof globalThis.fetch): Promise<BaseConfig> {
  const commit = baseCommit();
  if (commit === undefined) return { unknown: `the event ${context.eventName || 'of this run'} has no commit before it` };
  const { cwd, workspace } = foldersOf(inputs);
  const files = await filesAt(commit, inputs, fetch);
  if (typeof files === 'string') return { unknown: files };
  const head = context.sha === '' ? undefined : await filesAt(context.sha, inputs, fetch);
  const place = { patterns: inputs.config, cwd, top: repositoryTop(cwd, cwd, workspace) };
  return readBaseConfig(files, place, typeof head === 'string' ? undefined : head);
}

async function filesAt(commit: string, inputs: ActionInputs, fetch: typeof globalThis.fetch): Promise<CommitFiles | string> {
  const local = await gitFiles(foldersOf(inputs).cwd, commit);
  if (local.ok) return local.value;
  if (inputs.githubToken === '') return `${local.error}, and github-token is blank`;
  return githubFiles(githubClient(inputs, fetch), context.repo, commit);
}

/** The commit that the change starts from: of a pull request its base, of a push the commit before, of a merge queue its base. */
function baseCommit(): string | undefined {
  const { pull_request, before, merge_group } = context.payload as {
    readonly pull_request?: { readonly base?: { readonly sha?: unknown } };
    readonly before?: unknown;
    readonly merge_group?: { readonly base_sha?: unknown };
  };
  const found = pull_request?.base?.sha ?? merge_group?.base_sha ?? before;
  // A new branch has no commit before: GitHub sends zeros.
  return typeof found === 'string' && /^[0-9a-f]{40,64}$/.test(found) && !/^0+$/.test(found) ? found : undefined;
}
