import { REPOSITORY } from '../lib/repository.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** More deletions than this are refused unless somebody says another number. */
export const DEFAULT_MAX_DELETES = 3;

/** Whose marks count as this repository's although they name another. */
export interface MigratedFrom {
  /** `owner/name`: the repository's earlier name. */
  readonly repository: string;
  /** Only the automations of this namespace, which no config has any more. */
  readonly namespace?: string;
}

/** Reads `owner/name`, or `owner/name#namespace`. */
export function readMigratedFrom(text: string): Result<MigratedFrom, string> {
  const [, repository = '', namespace] = /^([^#]*)(?:#(.+))?$/.exec(text.trim()) ?? [];
  if (!REPOSITORY.test(repository)) return err(`"${text}" must be a repository, owner/name, or owner/name#namespace`);
  return ok(namespace === undefined ? { repository } : { repository, namespace });
}
