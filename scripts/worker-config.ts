import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { readConfig } from '../src/config/config.ts';
import { configWarnings } from '../src/config/config-warnings.ts';
import { formatDiagnostic } from '../src/lib/diagnostic.ts';
import { messageOf } from '../src/lib/error-message.ts';
import { err, ok, type Result } from '../src/lib/result.ts';
import { readConfigSources } from '../src/sync/definitions.ts';
import { ROOT } from './wrangler.ts';

/** A config that can be bundled with the Worker. */
export interface WorkerConfig {
  /** As people know it: relative to the folder they are in when it is below. */
  readonly name: string;
  /** What is bundled: YAML as it was written, or what a TypeScript config renders to. */
  readonly text: string;
  /** A module that exports the text. It points to a YAML file, so that `wrangler dev` bundles again when the file changes. */
  readonly module: string;
  /** What is allowed but probably not meant, one line each. */
  readonly warnings: readonly string[];
}

export interface WhereToLook {
  /** The folder of the project, where wandb-relay.yaml is. */
  readonly root: string;
  /** The folders that a relative RELAY_CONFIG may start from, the first that has the file counts. */
  readonly folders: readonly string[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The config to take when there is no wandb-relay.yaml. Without one that is an error. */
  readonly otherwise?: string;
}

const DEFAULT_NAME = 'wandb-relay.yaml';
/** Names that people give their config, and that the relay does not look for. */
const OTHER_NAMES = ['wandb-relay.yml', 'wandb-relay.json', ...['ts', 'mts', 'js', 'mjs'].map((ending) => `wandb-relay.config.${ending}`)];
const IS_CODE = /\.[cm]?[jt]s$/i;

/**
 * Finds, reads and checks the config of a Worker, before anything is bundled: RELAY_CONFIG, else wandb-relay.yaml in the
 * project, else `otherwise`.
 *
 * @returns or lines for people: one sentence when there is no config, else each problem with its place and a sentence
 */
export async function workerConfig(where: WhereToLook): Promise<Result<WorkerConfig, string[]>> {
  const found = find(where);
  if (!found.ok) return err([found.error]);
  const path = found.value;
  const name = nameFor(path, where.folders[0] ?? where.root);
  const read = await textOf(path);
  if (!read.ok) return err([`${name} cannot be read: ${read.error}`]);
  const config = readConfig(read.value, name);
  if (!config.ok) {
    const count = config.error.length === 1 ? '1 problem' : `${config.error.length} problems`;
    return err([...config.error.map(formatDiagnostic), `${name} has ${count}: nothing was bundled`]);
  }
  const isYaml = ['.yaml', '.yml'].includes(extname(path));
  const module = isYaml ? `export { default } from ${JSON.stringify(path)};\n` : `export default ${JSON.stringify(read.value)};\n`;
  return ok({ name, text: read.value, module, warnings: configWarnings(config.value).map(formatDiagnostic) });
}

function find({ root, folders, variables, otherwise }: WhereToLook): Result<string, string> {
  const named = variables.RELAY_CONFIG?.trim() ?? '';
  if (named !== '') {
    const paths = [...new Set(folders.map((folder) => resolve(folder, named)))];
    const path = paths.find(isFile);
    return path === undefined
      ? err(`RELAY_CONFIG is "${named}", but there is no file ${paths.join(' or ')}: nothing was bundled`)
      : ok(path);
  }
  const path = join(root, DEFAULT_NAME);
  if (isFile(path)) return ok(path);
  const other = OTHER_NAMES.find((name) => isFile(join(root, name)));
  if (other !== undefined) return err(`There is no ${DEFAULT_NAME} in ${root}, but a ${other}: rename it, or set RELAY_CONFIG=${other}`);
  if (otherwise !== undefined) return ok(otherwise);
  return err(
    `There is no ${DEFAULT_NAME} in ${root}: write it (examples/wandb-relay.yaml shows how), or name your config with RELAY_CONFIG; nothing was bundled`,
  );
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function nameFor(path: string, folder: string): string {
  const name = relative(folder, path);
  return name.startsWith('..') ? path : name;
}

async function textOf(path: string): Promise<Result<string, string>> {
  if (IS_CODE.test(path)) {
    const sources = await readConfigSources(dirname(path), [basename(path)]);
    return sources.ok ? ok(sources.value[0]?.text ?? '') : err(sources.error.map(formatDiagnostic).join('; '));
  }
  try {
    return ok(readFileSync(path, 'utf8'));
  } catch (error) {
    return err(messageOf(error));
  }
}

/** What `npm start` and `npm run dev:worker` run while there is no wandb-relay.yaml. */
export const EXAMPLE = join('examples', 'wandb-relay.yaml');
/** What is deployed with `npm run deploy` while there is none: everything is stored, and nothing is sent. */
export const STARTER = join('examples', 'workers', 'wandb-relay.yaml');

/**
 * The config for a script. Prints warnings; without a valid config it prints why, and the process is to end with 1.
 *
 * @param otherwise the absolute path of what takes the place of a missing wandb-relay.yaml
 */
export async function checkedWorkerConfig(otherwise?: string): Promise<WorkerConfig | undefined> {
  // `npm run` starts in the project; INIT_CWD is where it was called.
  const folders = [process.cwd(), ...(process.env.INIT_CWD === undefined ? [] : [process.env.INIT_CWD])];
  const config = await workerConfig({ root: ROOT, folders, variables: process.env, ...(otherwise === undefined ? {} : { otherwise }) });
  if (config.ok) {
    for (const line of config.value.warnings) console.warn(line);
    return config.value;
  }
  for (const line of config.error) console.error(line);
  process.exitCode = 1;
  return undefined;
}
