import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { readConfigFiles } from '../config/config-files.ts';
import { type Diagnostic, failure } from '../lib/diagnostic.ts';
import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { NamespaceUse } from '../plan/claim.ts';
import { type RenderedConfig, renderConfigCode } from './config-code.ts';
import { namespaceUses } from './namespace-use.ts';
import { pathInRepository, repositoryTop } from './repository-top.ts';

/** A config file's name and its text. */
export interface ConfigFile {
  readonly name: string;
  readonly text: string;
  /** From the top of the repository, whatever the working directory is. */
  readonly path: string;
  /** Of a file that is code: where in it a value was made. */
  readonly locate?: RenderedConfig['locate'];
}

export interface ReadOptions {
  /** Whether config files that are code are run. Refuse them where there are secrets. */
  readonly code: 'run' | 'refuse';
  /** The top of the checkout where there is no `.git`: GITHUB_WORKSPACE. */
  readonly workspace?: string | undefined;
}

/**
 * Finds and reads config files. A pattern is a file or a glob, relative to `cwd`.
 *
 * A TypeScript or JavaScript file is run, and its default export is rendered as JSON. Such a file from a pull request is
 * untrusted code: refuse it where there are secrets.
 *
 * @returns each file once; an error names the pattern that matches nothing, or the file that cannot be read or is refused
 */
export async function readConfigSources(
  cwd: string,
  patterns: readonly string[],
  { code, workspace }: ReadOptions = { code: 'run' },
): Promise<Result<ConfigFile[], Diagnostic[]>> {
  const names = findFiles(cwd, patterns);
  if (!names.ok) return names;
  const isCode = (name: string): boolean => /\.[cm]?[jt]s$/i.test(name);
  const refused = code === 'refuse' ? names.value.find(isCode) : undefined;
  if (refused !== undefined) {
    const message = `${refused}: is code, and the Action does not run code, because it has secrets. Render it to JSON in a job without secrets ("wandb-relay render --out definitions.json") and pass that file as config`;
    return failure(message);
  }
  const files: ConfigFile[] = [];
  for (const name of names.value) {
    const path = pathInRepository(resolve(cwd, name), cwd, workspace);
    if (isCode(name)) {
      const rendered = await renderConfigCode(name, cwd);
      if (!rendered.ok) return err([rendered.error]);
      files.push({ name, path, ...rendered.value });
      continue;
    }
    try {
      files.push({ name, path, text: readFileSync(resolve(cwd, name), 'utf8') });
    } catch (error) {
      return failure(`${name}: cannot be read: ${messageOf(error)}`);
    }
  }
  return ok(files);
}

/** The names of the files, each once, relative to `cwd`. */
function findFiles(cwd: string, patterns: readonly string[]): Result<string[], Diagnostic[]> {
  const names = new Set<string>();
  for (const pattern of patterns) {
    const found = globSync(pattern, { cwd }).sort();
    if (found.length === 0)
      return failure(
        `${pattern}: there is no such file: write it (see examples/wandb-relay.yaml), or name it with --config or RELAY_CONFIG`,
      );
    for (const name of found) names.add(relative(cwd, resolve(cwd, name)));
  }
  return ok([...names]);
}

/** Whether configs of the checkout, besides the one of these files, have a namespace. Reads the checkout when it is asked. */
export function otherNamespaces(
  cwd: string,
  patterns: readonly string[],
  workspace: string | undefined,
): (namespace: string) => NamespaceUse {
  const names = findFiles(cwd, patterns);
  const files = names.ok ? names.value.map((name) => resolve(cwd, name)) : [];
  const top = repositoryTop(dirname(files[0] ?? cwd), cwd, workspace);
  const own = files.map((file) => pathInRepository(file, cwd, workspace));
  return namespaceUses(top, own);
}

/** `readConfigSources`, and checks what was read. Returns all errors at once, each with its location. */
export async function readDefinitions(
  cwd: string,
  patterns: readonly string[],
  options: ReadOptions = { code: 'run' },
): Promise<Result<Config, Diagnostic[]>> {
  const files = await readConfigSources(cwd, patterns, options);
  if (!files.ok) return files;
  return readConfigFiles(files.value);
}
