import { isSameRepository } from '../automation/ownership.ts';

/** What the event of the workflow tells about its pull request. */
export interface PullRequestPayload {
  readonly number?: number;
  readonly head?: { readonly repo?: { readonly full_name?: string } | null };
  readonly user?: { readonly login?: string };
}

/**
 * What to do without a W&B key. A missing secret fails the check, because a green one would say that there was a plan. Only
 * a fork's pull request, which GitHub gives no secrets, passes with its definitions validated.
 *
 * @param pullRequest of the event; `undefined`: it has none
 * @param repository `owner/name` of this workflow
 */
export function missingKey(
  command: string,
  pullRequest: PullRequestPayload | undefined,
  repository: string,
): { readonly kind: 'notice' | 'failure'; readonly message: string } {
  if (command === 'plan' && pullRequest !== undefined && isFromFork(pullRequest, repository)) {
    const message = 'The definitions are valid. There is no plan: this pull request comes from a fork, which gets no secrets.';
    return { kind: 'notice', message };
  }
  const dependabot =
    pullRequest?.user?.login === 'dependabot[bot]'
      ? '. Pull requests of Dependabot get only the secrets under Settings > Secrets and variables > Dependabot'
      : '';
  return { kind: 'failure', message: `wandb-api-key: is blank: set it to a secret with the key of a W&B user of the team${dependabot}` };
}

/** GitHub has no head repository for a fork that was deleted. */
function isFromFork({ head }: PullRequestPayload, repository: string): boolean {
  const name = head?.repo?.full_name;
  return name === undefined ? head?.repo === null : !isSameRepository(name, repository);
}
