import type { getOctokit } from '@actions/github';

type Octokit = ReturnType<typeof getOctokit>;

export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

/** Creates or updates one comment on a pull request. It is found by its mark, on any page of comments. */
export async function stickyComment(
  octokit: Octokit,
  repository: Repository,
  pullRequest: number,
  mark: string,
  body: string,
): Promise<'created' | 'updated' | 'same'> {
  const at = { ...repository, issue_number: pullRequest };
  const isOurs = await ownership(octokit);
  for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listComments, { ...at, per_page: 100 })) {
    const mine = data.find((comment) => comment.body?.startsWith(mark) && isOurs(comment.user));
    if (mine === undefined) continue;
    if (mine.body === body) return 'same';
    await octokit.rest.issues.updateComment({ ...repository, comment_id: mine.id, body });
    return 'updated';
  }
  await octokit.rest.issues.createComment({ ...at, body });
  return 'created';
}

const DRIFT_MARK = '<!-- wandb-relay drift -->';

/**
 * Keeps one issue about drift: opens it, updates it, and closes it when the drift is gone.
 *
 * @param body `undefined`: there is no drift
 */
export async function driftIssue(
  octokit: Octokit,
  repository: Repository,
  body: string | undefined,
): Promise<'opened' | 'updated' | 'closed' | 'none'> {
  const open = await findDriftIssue(octokit, repository);
  if (body === undefined) {
    if (open === undefined) return 'none';
    await octokit.rest.issues.createComment({ ...repository, issue_number: open, body: 'There is no drift any more.' });
    await octokit.rest.issues.update({ ...repository, issue_number: open, state: 'closed' });
    return 'closed';
  }
  const text = `${DRIFT_MARK}\n${body}`;
  if (open === undefined) {
    await octokit.rest.issues.create({ ...repository, title: 'W&B automations have drifted from their definitions', body: text });
    return 'opened';
  }
  await octokit.rest.issues.update({ ...repository, issue_number: open, body: text });
  return 'updated';
}

type Author = { readonly login: string; readonly type?: string } | null;

/**
 * Which comments and issues are ours. The mark alone is not enough: anybody can write it, and an author can edit a comment
 * after us. The token of a workflow cannot query its own login (403), but it writes as a bot, which no person can.
 */
async function ownership(octokit: Octokit): Promise<(author: Author) => boolean> {
  const login = await octokit.rest.users.getAuthenticated().then(
    ({ data }) => data.login,
    () => undefined,
  );
  return (author) => (login === undefined ? author?.type === 'Bot' : author?.login === login);
}

async function findDriftIssue(octokit: Octokit, repository: Repository): Promise<number | undefined> {
  const isOurs = await ownership(octokit);
  for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listForRepo, {
    ...repository,
    state: 'open',
    per_page: 100,
  })) {
    const mine = data.find((issue) => issue.pull_request === undefined && issue.body?.startsWith(DRIFT_MARK) && isOurs(issue.user));
    if (mine !== undefined) return mine.number;
  }
  return undefined;
}
