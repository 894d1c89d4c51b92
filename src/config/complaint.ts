import type { ConfigProblem } from './config-problem.ts';

/** Something that people have to mend, with its place in a file where it has one. */
export interface Complaint {
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
  readonly message: string;
}

export function complaintOf({ file, line, column, field, message }: ConfigProblem): Complaint {
  return { place: { file, line, column }, message: field === '' ? message : `${field}: ${message}` };
}

/** `file:line:column: message` */
export function formatComplaint({ place, message }: Complaint): string {
  return place === undefined ? message : `${place.file}:${place.line}:${place.column}: ${message}`;
}
