import type { getOctokit } from '@actions/github';

type Octokit = ReturnType<typeof getOctokit>;

export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

/** One comment on a pull request: found again by its mark among all pages and edited, or made. */
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

/** One issue about drift: opened, kept up to date, and closed when the drift is gone. */
export async function driftIssue(
  octokit: Octokit,
  repository: Repository,
  body: string | undefined,
): Promise<'opened' | 'updated' | 'closed' | 'none'> {
  const open = await findDriftIssue(octokit, repository);
  if (body === undefined) {
    if (open === undefined) return 'none';
    await octokit.rest.issues.createComment({ ...repository, issue_number: open, body: 'The drift is gone.' });
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
 * Whose comments and issues are ours. Anybody can write our mark, and whoever wrote a comment can change it after us.
 * The token of a workflow may not ask who it is (403); it writes as a bot, which no person can.
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
