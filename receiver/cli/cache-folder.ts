import { homedir, platform } from 'node:os';
import { join, resolve } from 'node:path';
import type { Variables } from '../config-path.ts';
import { cacheFolderFrom } from '../environment.ts';

/**
 * Where what was read from W&B is kept: RELAY_CACHE, else the system's folder for caches (XDG Base Directory Specification; Apple's
 * `Library/Caches`, Microsoft's `LOCALAPPDATA`).
 */
export function cacheFolder(variables: Variables): string {
  const given = cacheFolderFrom(variables);
  if (given !== undefined) return resolve(given);
  const caches = [variables.XDG_CACHE_HOME, variables.LOCALAPPDATA].find((folder) => folder !== undefined && folder.trim() !== '');
  const usual = platform() === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
  return join(caches ?? usual, 'wandb-relay');
}
