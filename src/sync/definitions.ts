import { globSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Complaint, complaintOf } from '../config/complaint.ts';
import type { Config } from '../config/config.ts';
import { readConfigFiles } from '../config/config-files.ts';
import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** A config file's name and its text. */
export interface ConfigFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Finds and reads config files.
 *
 * A pattern is a file or a glob, below `cwd`. A TypeScript or JavaScript file is run, and what it exports as default is
 * compiled to the JSON that YAML would have been: so a file from a pull request is code, and is only to be run where there
 * are no secrets.
 */
export async function readConfigSources(
  cwd: string,
  patterns: readonly string[],
  code: 'run' | 'refuse' = 'run',
): Promise<Result<ConfigFile[], Complaint[]>> {
  const names = new Set<string>();
  for (const pattern of patterns) {
    const found = globSync(pattern, { cwd }).sort();
    if (found.length === 0)
      return err([
        {
          message: `${pattern}: there is no such file: write it (see examples/wandb-relay.yaml), or name it with --config or RELAY_CONFIG`,
        },
      ]);
    for (const name of found) names.add(relative(cwd, resolve(cwd, name)));
  }
  const isCode = (name: string): boolean => /\.[cm]?[jt]s$/i.test(name);
  const refused = code === 'refuse' ? [...names].find(isCode) : undefined;
  if (refused !== undefined) {
    const message = `${refused}: a TypeScript config is code, and the Action has secrets and a token: render it in a job without them ("render --out plan.json") and give this job the JSON`;
    return err([{ message }]);
  }
  const files: ConfigFile[] = [];
  for (const name of names) {
    try {
      files.push({ name, text: isCode(name) ? await compile(resolve(cwd, name)) : readFileSync(resolve(cwd, name), 'utf8') });
    } catch (error) {
      return err([{ message: `${name}: cannot be read: ${messageOf(error)}` }]);
    }
  }
  return ok(files);
}

async function compile(path: string): Promise<string> {
  const module: unknown = await import(pathToFileURL(path).href);
  const config = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (typeof config !== 'object' || config === null) throw new Error('it must export a config as default: export default config({ … })');
  return JSON.stringify(config, null, 2);
}

/** Reads and checks all definitions; every problem at once, each with its place. */
export async function readDefinitions(
  cwd: string,
  patterns: readonly string[],
  code: 'run' | 'refuse' = 'run',
): Promise<Result<Config, Complaint[]>> {
  const files = await readConfigSources(cwd, patterns, code);
  if (!files.ok) return files;
  const config = readConfigFiles(files.value);
  return config.ok ? config : err(config.error.map(complaintOf));
}
