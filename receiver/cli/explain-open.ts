import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { isMissing } from './load-config.ts';

/**
 * Why a database file could not be opened, and what to do: SQLite itself only says "unable to open database file".
 *
 * @param user the number of the user that this process runs as, where the system has them
 */
export function explainOpenError(error: unknown, path: string, user: number | undefined): string {
  const folder = dirname(path);
  if (isMissing(error) || kindOf(folder) === undefined)
    return `there is no folder ${folder}: make it, or set DATABASE_URL to a file elsewhere`;
  if (kindOf(folder) !== 'folder') return `${folder} is not a folder: set DATABASE_URL to a file elsewhere`;
  if (kindOf(path) === 'folder') return `${path} is a folder: set DATABASE_URL to a file in it, such as file:${path}/relay.db`;
  const who = user === undefined ? 'this user' : `this user (uid ${user})`;
  const owner = user === undefined ? 'that user' : `uid ${user} (chown ${user}; on Kubernetes: fsGroup)`;
  const refused = denied(folder, constants.W_OK | constants.X_OK);
  if (refused === 'EROFS')
    return `the folder ${folder} is on a file system that cannot be written: mount it for writing, or set DATABASE_URL to a file elsewhere`;
  if (refused !== undefined)
    return `${who} may not write into the folder ${folder}: give it to ${owner}, or set DATABASE_URL to a file elsewhere`;
  if (kindOf(path) === 'file' && denied(path, constants.R_OK | constants.W_OK) !== undefined)
    return `${who} may not read and write the file: give it to ${owner}, or set DATABASE_URL to a file elsewhere`;
  return messageOf(error);
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

/** The system's code for why access is refused; `undefined` when it is not. */
function denied(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}
