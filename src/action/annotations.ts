import { realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { type Complaint, formatComplaint } from '../config/complaint.ts';

/** GitHub shows at most ten annotations of a kind for a step. */
const SHOWN = 10;

export interface Annotate {
  error(message: string, place: { file?: string; startLine?: number; startColumn?: number }): void;
}

/** Where the files of complaints are, and what annotations name them from. */
export interface Folders {
  /** Names of files are relative to it. */
  readonly cwd: string;
  /** The top of the checkout, GITHUB_WORKSPACE. */
  readonly workspace: string;
}

/** Puts complaints on the lines that they are about; of more than GitHub shows, the last says how many there are. */
export function annotate(complaints: readonly Complaint[], folders: Folders, to: Annotate): void {
  const shown = complaints.length > SHOWN ? complaints.slice(0, SHOWN - 1) : complaints;
  for (const complaint of shown) {
    const { place, message } = complaint;
    const file = place === undefined ? undefined : inWorkspace(folders, place.file);
    if (place === undefined || file === undefined) to.error(formatComplaint(complaint), {});
    else to.error(message, { file, startLine: place.line, startColumn: place.column });
  }
  if (shown.length < complaints.length) to.error(`and ${complaints.length - shown.length} more problems: see the log of this step`, {});
}

/** A file as GitHub finds it, `infra/wandb-relay.yaml`: from the top of the workspace, without `.` and `..`; `undefined` when it is outside. */
function inWorkspace({ cwd, workspace }: Folders, file: string): string | undefined {
  const found = relative(realPath(workspace), resolve(realPath(cwd), file));
  return found === '' || found === '..' || found.startsWith(`..${sep}`) || isAbsolute(found) ? undefined : found.replaceAll(sep, '/');
}

/** One of two paths may lead through a link. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}
