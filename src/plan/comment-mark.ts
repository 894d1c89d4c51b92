/**
 * The first line of a comment or an issue that the Action keeps, by which a later run finds it. A comment belongs to the set of
 * automations that a config owns, in one W&B, and not to the job that wrote it.
 */

export interface CommentOwner {
  readonly namespace: string;
  /** The address of W&B's API. */
  readonly baseUrl: string;
  /** For several comments of one namespace, from the input `comment-key`; blank: one comment. */
  readonly key: string;
}

export function commentMark({ namespace, baseUrl, key }: CommentOwner): string {
  return `<!-- wandb-relay plan ${[namespace, baseUrl, ...(key === '' ? [] : [key])].map(encodeURIComponent).join(' ')} -->`;
}

export function driftMark({ namespace, baseUrl }: Pick<CommentOwner, 'namespace' | 'baseUrl'>): string {
  return `<!-- wandb-relay drift ${[namespace, baseUrl].map(encodeURIComponent).join(' ')} -->`;
}

/** The mark of earlier versions, for a working directory. */
export function formerCommentMark(workingDirectory: string): string {
  return `<!-- wandb-relay plan ${workingDirectory.replace(/[^\w./-]/g, '_')} -->`;
}

export const FORMER_DRIFT_MARK = '<!-- wandb-relay drift -->';

/** What `apply` did is written after it, at the end of the comment with the plan. */
const RESULT = '<!-- result -->';

/**
 * The comment with the result of `apply` in place of an earlier result.
 *
 * @param body the comment as it is
 * @param limit in bytes; details that do not fit are left out
 */
export function withResult(body: string, { line, details }: AppliedText, limit: number): string {
  const plan = body.split(RESULT)[0]?.trimEnd() ?? '';
  const text = (shown: readonly string[]) => [`${plan} ${RESULT} · ${line}`, ...(shown.length === 0 ? [] : ['', ...shown])].join('\n');
  let shown = [...details];
  while (shown.length > 0 && Buffer.byteLength(text(shown)) > limit) shown = shown.slice(0, -1);
  return text(shown);
}

export interface AppliedText {
  readonly line: string;
  /** A list, one line for each change that was not made. */
  readonly details: readonly string[];
}
