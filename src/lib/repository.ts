/**
 * A repository of GitHub, `owner/name`. Owners have letters, digits and hyphens; those of Enterprise Managed Users also `_`
 * before the enterprise's short code, `ada_acme` (GitHub documentation, "Username considerations for external
 * authentication"). Owners have at most 39 characters, names at most 100.
 */
export const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/** `owner/name` at the end of a remote's path: `acme/deploy.git`, `/acme/deploy/`. */
export function repositoryInPath(path: string): string | undefined {
  const name = path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
  return REPOSITORY.test(name) ? name : undefined;
}
