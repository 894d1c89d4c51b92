import type { getOctokit } from '@actions/github';

type Octokit = ReturnType<typeof getOctokit>;

export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

/**
 * Creates or updates one comment on a pull request. It is found by its mark, on any page of comments.
 *
 * @param former the mark that an earlier version gave it: such a comment is taken over if there is none with the mark
 * @param write makes the new text from the present one, `undefined` when there is no comment yet
 */
export async function stickyComment(
  octokit: Octokit,
  repository: Repository,
  pullRequest: number,
  { mark, former }: { readonly mark: string; readonly former?: string | undefined },
  write: (present: string | undefined) => string,
): Promise<'created' | 'updated' | 'same'> {
  const at = { ...repository, issue_number: pullRequest };
  const isOurs = await ownership(octokit);
  let found: { readonly id: number; readonly body?: string | undefined } | undefined;
  for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listComments, { ...at, per_page: 100 })) {
    const ours = data.filter(({ user }) => isOurs(user));
    const mine = ours.find(({ body }) => body?.startsWith(mark));
    found = mine ?? found ?? ours.find(({ body }) => former !== undefined && body?.startsWith(former));
    if (mine !== undefined) break;
  }
  const isFormer = found !== undefined && found.body?.startsWith(mark) !== true;
  const body = write(isFormer ? undefined : found?.body);
  if (found === undefined) {
    await octokit.rest.issues.createComment({ ...at, body });
    return 'created';
  }
  if (found.body === body) return 'same';
  await octokit.rest.issues.updateComment({ ...repository, comment_id: found.id, body });
  return 'updated';
}

/** The issue about drift of one config. */
export interface DriftIssue {
  readonly mark: string;
  /** The mark of earlier versions. Its issue is taken over. */
  readonly former: string;
  readonly title: string;
  /** `undefined`: there is no drift. */
  readonly body: string | undefined;
}

/** Keeps one issue about drift: opens it, updates it, and closes it when the drift is gone. */
export async function driftIssue(
  octokit: Octokit,
  repository: Repository,
  { mark, former, title, body }: DriftIssue,
): Promise<'opened' | 'updated' | 'closed' | 'none'> {
  const open = await findIssue(octokit, repository, [mark, former]);
  if (body === undefined) {
    if (open === undefined) return 'none';
    await octokit.rest.issues.createComment({ ...repository, issue_number: open, body: 'There is no drift any more.' });
    await octokit.rest.issues.update({ ...repository, issue_number: open, state: 'closed' });
    return 'closed';
  }
  const text = `${mark}\n${body}`;
  if (open === undefined) {
    await octokit.rest.issues.create({ ...repository, title, body: text });
    return 'opened';
  }
  await octokit.rest.issues.update({ ...repository, issue_number: open, title, body: text });
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

/** The open issue with the first of the marks that one has. */
async function findIssue(octokit: Octokit, repository: Repository, marks: readonly string[]): Promise<number | undefined> {
  const isOurs = await ownership(octokit);
  const found = new Map<string, number>();
  for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listForRepo, {
    ...repository,
    state: 'open',
    per_page: 100,
  })) {
    for (const { pull_request, body, user, number } of data) {
      const mark = pull_request === undefined && isOurs(user) ? marks.find((one) => body?.startsWith(one)) : undefined;
      if (mark !== undefined && !found.has(mark)) found.set(mark, number);
    }
  }
  return marks.map((mark) => found.get(mark)).find((number) => number !== undefined);
}
