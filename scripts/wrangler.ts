import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { parse } from 'jsonc-parser';

export const ROOT = join(import.meta.dirname, '..');
const WRANGLER = join(ROOT, 'node_modules', '.bin', 'wrangler');
/** What the scripts write; git ignores it. */
export const WRITTEN = join(ROOT, '.wrangler');

/**
 * Writes a copy of wrangler.jsonc that bundles one config, into a folder.
 *
 * @param configModule the text of a module whose default export is the text of the config
 * @returns the path of the copy
 */
export function writeWranglerConfig(folder: string, configModule: string): string {
  const { build: _, ...config } = parse(readFileSync(join(ROOT, 'wrangler.jsonc'), 'utf8')) as WranglerConfig;
  mkdirSync(folder, { recursive: true });
  const module = join(folder, 'deployed-config.ts');
  writeFileSync(module, configModule);
  const aliases = Object.fromEntries(Object.entries(config.alias).map(([name, file]) => [name, join(ROOT, file)]));
  const path = join(folder, 'wrangler.json');
  writeFileSync(path, JSON.stringify({ ...config, main: join(ROOT, config.main), alias: { ...aliases, './deployed-config.ts': module } }));
  return path;
}

interface WranglerConfig {
  readonly main: string;
  readonly alias: Readonly<Record<string, string>>;
  /** Checks the config when wrangler is called without these scripts, which have checked it. */
  readonly build?: unknown;
}

/** `writeWranglerConfig` into a folder of its own, so that several scripts can run at a time. It goes when this process ends. */
export function temporaryWranglerConfig(configModule: string): string {
  mkdirSync(WRITTEN, { recursive: true });
  const folder = mkdtempSync(join(WRITTEN, 'script-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return writeWranglerConfig(folder, configModule);
}

/** It neither reports usage nor asks the network what it does not need. */
function quietly(): NodeJS.ProcessEnv {
  return { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' };
}

/** Starts wrangler to read what it prints. `detached`: in a group of its own, so that its end can take the runtime with it. */
export function startWrangler(words: readonly string[], { detached = false } = {}): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(WRANGLER, words, { cwd: ROOT, detached, stdio: ['ignore', 'pipe', 'pipe'], env: { ...quietly(), NO_COLOR: '1' } });
}

/** Runs wrangler in this terminal, hands signals on, and ends as it ends. */
export function becomeWrangler(words: readonly string[]): void {
  const child = spawn(WRANGLER, words, { cwd: ROOT, stdio: 'inherit', env: quietly() });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
