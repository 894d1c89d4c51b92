import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';

export const ROOT = join(import.meta.dirname, '..');
export const WRANGLER = join(ROOT, 'node_modules', '.bin', 'wrangler');

/**
 * The path of wrangler's configuration: wrangler.jsonc; or, without a wandb-relay.yaml, a copy in .wrangler/ that bundles the
 * example; or a copy in the given folder that bundles the given config.
 */
export function wranglerConfig(own?: { readonly folder: string; readonly bundledConfig: string }): string {
  const path = join(ROOT, 'wrangler.jsonc');
  if (own === undefined && existsSync(join(ROOT, 'wandb-relay.yaml'))) return path;
  const config = parse(readFileSync(path, 'utf8')) as { main: string; alias: Record<string, string> };
  const aliases = Object.fromEntries(Object.entries(config.alias).map(([name, file]) => [name, join(ROOT, file)]));
  const alias = { ...aliases, './deployed-config.ts': own?.bundledConfig ?? join(ROOT, 'receiver', 'worker', 'example-config.ts') };
  const folder = own?.folder ?? join(ROOT, '.wrangler');
  mkdirSync(folder, { recursive: true });
  const derived = join(folder, 'example.json');
  writeFileSync(derived, JSON.stringify({ ...config, main: join(ROOT, config.main), alias }));
  return derived;
}
