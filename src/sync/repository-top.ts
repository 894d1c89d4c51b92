import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/**
 * The top of the repository that a folder is in: the nearest folder with a `.git`, else GITHUB_WORKSPACE if the folder is in
 * it, else the working directory. Git itself is not asked: it is missing in many containers, and it refuses a checkout of
 * another user ("dubious ownership").
 */
export function repositoryTop(folder: string, cwd: string, workspace: string | undefined): string {
  const start = realPath(folder);
  for (let top = start; ; top = dirname(top)) {
    if (existsSync(join(top, '.git'))) return top;
    if (dirname(top) === top) break;
  }
  const checkout = workspace === undefined || workspace === '' ? undefined : realPath(workspace);
  return checkout !== undefined && isInside(checkout, start) ? checkout : realPath(cwd);
}

/** The path of a file from the top of its repository, with `/` between its parts. */
export function pathInRepository(file: string, cwd: string, workspace: string | undefined): string {
  const folder = realPath(dirname(file));
  const path = relative(repositoryTop(folder, cwd, workspace), join(folder, relative(dirname(file), file)));
  return path.split(sep).join('/');
}

function isInside(folder: string, path: string): boolean {
  const found = relative(folder, path);
  return found !== '..' && !found.startsWith(`..${sep}`) && !isAbsolute(found);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
