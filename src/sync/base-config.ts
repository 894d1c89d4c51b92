import { realpathSync } from 'node:fs';
import { posix, relative, resolve, sep } from 'node:path';
import { readConfigFiles } from '../config/config-files.ts';
import { formatDiagnostic } from '../lib/diagnostic.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { BaseConfig } from '../plan/route-plan.ts';
import type { CommitFiles } from './commit-files.ts';

/** Where config files are looked for. */
export interface ConfigPlace {
  /** Files or globs, relative to `cwd`. */
  readonly patterns: readonly string[];
  readonly cwd: string;
  /** The top of the repository. */
  readonly top: string;
}

/**
 * The config as it was at a commit, to compare routes with.
 *
 * @param head the commit that is planned, if it is known: a file that is in neither commit was made by a job, and nothing is
 * known of its earlier content
 */
export async function readBaseConfig(base: CommitFiles, place: ConfigPlace, head?: CommitFiles): Promise<BaseConfig> {
  const paths = await configPaths(base, place);
  if (!paths.ok) return { unknown: paths.error };
  const code = paths.value.find((path) => /\.[cm]?[jt]s$/i.test(path));
  if (code !== undefined) return { unknown: `${code} is code, and code of another commit is not run` };
  const files: { name: string; text: string; path: string }[] = [];
  for (const path of paths.value) {
    const text = await base.read(path);
    if (!text.ok) return { unknown: text.error };
    if (text.value !== undefined) files.push({ name: path, text: text.value, path });
  }
  if (files.length === 0) {
    const missing = head === undefined ? undefined : await missingFrom(head, paths.value);
    if (missing !== undefined) return { unknown: `${missing} is not in the repository, so its earlier content is unknown` };
    return { config: undefined, commit: base.commit };
  }
  const config = readConfigFiles(files);
  if (config.ok) return { config: config.value, commit: base.commit };
  const [first] = config.error;
  return {
    unknown: `the config at ${base.commit.slice(0, 7)} is not valid for this version: ${first === undefined ? '' : formatDiagnostic(first)}`,
  };
}

/** The paths of the patterns in the repository: a file as it is, whether it exists or not; a glob as the files that it matches. */
async function configPaths(files: CommitFiles, { patterns, cwd, top }: ConfigPlace): Promise<Result<string[], string>> {
  const found = new Set<string>();
  // The top is without symbolic links.
  const folder = realpathSync(cwd);
  let all: readonly string[] | undefined;
  for (const pattern of patterns) {
    const path = relative(top, resolve(folder, pattern)).split(sep).join('/');
    if (path.startsWith('../')) return err(`${pattern} is outside of the repository`);
    if (!/[*?[\]{}!]/.test(pattern)) {
      found.add(path);
      continue;
    }
    const listed = all === undefined ? await files.paths() : ok(all);
    if (!listed.ok) return listed;
    all = listed.value;
    for (const one of all) if (posix.matchesGlob(one, path)) found.add(one);
  }
  return ok([...found]);
}

async function missingFrom(head: CommitFiles, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await head.read(path);
    if (text.ok && text.value === undefined) return path;
  }
  return undefined;
}
