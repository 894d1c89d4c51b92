import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { parse } from 'yaml';
import type { NamespaceUse } from '../plan/claim.ts';

/** A file of the checkout that may be a config, and is not one of the config that is synced. */
interface OtherConfig {
  /** From the top of the checkout, with `/`. */
  readonly path: string;
  /** Its `namespace`; `undefined`: none is declared. */
  readonly declared?: string | undefined;
  /** The text of code, or of a file that cannot be read as YAML: what it declares is not known. */
  readonly text?: string;
}

/** In bytes. A larger file is no config. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const CONFIG_FILE = /\.(ya?ml|json|[cm]?[jt]s)$/i;
const CODE_FILE = /\.[cm]?[jt]s$/i;
const SKIPPED = new Set(['.git', 'node_modules']);

/**
 * Whether some other config in a checkout has a namespace. The checkout is read once, when the first namespace is asked for.
 *
 * `free` is returned only if the whole checkout was seen: a folder without `.git`, or a sparse checkout, is `unknown`. A file
 * that cannot be read as YAML, or is code, holds every namespace that it may declare.
 *
 * @param top of the checkout
 * @param own the paths of the files of the config that is synced, from the top
 */
export function namespaceUses(top: string, own: readonly string[]): (namespace: string) => NamespaceUse {
  let others: readonly OtherConfig[] | undefined;
  return (namespace) => {
    if (!existsSync(join(top, '.git')) || isSparse(top)) return 'unknown';
    others ??= findConfigs(top, new Set(own));
    return isHeld(namespace, others) ? 'held' : 'free';
  };
}

function isHeld(namespace: string, others: readonly OtherConfig[]): boolean {
  if (
    others.some(
      ({ path, declared, text }) => declared === namespace || (declared === undefined && path === namespace) || mayDeclare(text, namespace),
    )
  ) {
    return true;
  }
  // The common folder of several files: two below different children of the folder.
  const inside = namespace === '.' ? '' : `${namespace}/`;
  const children = others
    .filter(({ path, declared }) => declared === undefined && path.startsWith(inside))
    .map(({ path }) => path.slice(inside.length).split('/')[0]);
  return new Set(children).size > 1;
}

function mayDeclare(text: string | undefined, namespace: string): boolean {
  return text !== undefined && /\bnamespace\b/.test(text) && text.includes(namespace);
}

function findConfigs(top: string, own: ReadonlySet<string>): OtherConfig[] {
  return filesBelow(top).flatMap((file): OtherConfig[] => {
    const path = relative(top, file).split(sep).join('/');
    if (own.has(path) || !CONFIG_FILE.test(path)) return [];
    const text = textOf(file);
    if (text === undefined) return [];
    if (CODE_FILE.test(path)) return /wandb-relay/.test(text) && /export default|module\.exports/.test(text) ? [{ path, text }] : [];
    if (!/automations|namespace/.test(text) || !/version/.test(text)) return [];
    try {
      const content: unknown = parse(text, { logLevel: 'silent' });
      if (typeof content !== 'object' || content === null || !('version' in content)) return [];
      const declared = 'namespace' in content ? String(content.namespace) : undefined;
      return 'automations' in content || declared !== undefined ? [{ path, declared }] : [];
    } catch {
      return [{ path, text }];
    }
  });
}

function filesBelow(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)];
  });
}

function textOf(file: string): string | undefined {
  try {
    return statSync(file).size > MAX_CONFIG_BYTES ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether git left files out of this checkout (`git sparse-checkout`, `sparse-checkout` of actions/checkout). */
function isSparse(top: string): boolean {
  // In a worktree and in a submodule `.git` is a file that names the folder.
  const elsewhere = /^gitdir: (.+)$/m.exec(textOf(join(top, '.git')) ?? '')?.[1];
  const folder = elsewhere === undefined ? join(top, '.git') : resolve(top, elsewhere);
  const files = ['config', 'config.worktree', join('..', '..', 'config')].map((name) => textOf(join(folder, name)) ?? '');
  return files.some((text) => /sparseCheckout\s*=\s*true/i.test(text));
}
