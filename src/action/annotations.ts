import type { Complaint } from '../complaint.ts';

/** GitHub shows at most ten annotations of a kind for a step. */
const SHOWN = 10;

export interface Annotate {
  error(message: string, place: { file?: string; startLine?: number; startColumn?: number; title?: string }): void;
}

/** Puts complaints on the lines that they are about; of more than GitHub shows, the last says how many there are. */
export function annotate(complaints: readonly Complaint[], folder: string, to: Annotate): void {
  const shown = complaints.length > SHOWN ? complaints.slice(0, SHOWN - 1) : complaints;
  for (const { place, message } of shown) {
    const at = place === undefined ? {} : { file: inRepository(folder, place.file), startLine: place.line, startColumn: place.column };
    to.error(message, { title: 'wandb-relay', ...at });
  }
  if (shown.length < complaints.length)
    to.error(`and ${complaints.length - shown.length} more problems: see the log of this step`, { title: 'wandb-relay' });
}

/** Annotations name files from the top of the repository. */
function inRepository(folder: string, file: string): string {
  return folder === '.' ? file : `${folder.replace(/\/$/, '')}/${file}`;
}
