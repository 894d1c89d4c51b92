import { err, type Result } from './result.ts';

/** One position in a file. */
export interface SourceLocation {
  /** As it was given: relative to the working directory, or absolute. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/**
 * A finding for people: an error, or a warning about something that is allowed and probably a mistake. Reading a config,
 * `validate`, the start of `serve`, `plan`, `apply`, `drift`, `export` and the Action all report in this form.
 */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** What failed and what to do, without the location and the field. */
  readonly message: string;
  /** Left out where no file is the cause: W&B could not be reached, for example. */
  readonly location?: SourceLocation;
  /** The field in that file: `routes[0].to[1].slack.channel`. Left out for the file as a whole. */
  readonly field?: string;
}

/**
 * One line for a terminal or a log: `file:line:column: field: message`, the form that editors and terminals make clickable.
 * A warning has `warning: ` before its message.
 */
export function formatDiagnostic({ location, ...diagnostic }: Diagnostic): string {
  const where = location === undefined ? '' : `${location.file}:${location.line}:${location.column}: `;
  const severity = diagnostic.severity === 'warning' ? 'warning: ' : '';
  return `${where}${fieldPrefix(diagnostic)}${severity}${diagnostic.message}`;
}

/** The text for where the location is shown apart from it, as in an annotation of GitHub: `field: message`. */
export function diagnosticText(diagnostic: Diagnostic): string {
  return `${fieldPrefix(diagnostic)}${diagnostic.message}`;
}

function fieldPrefix({ field }: Pick<Diagnostic, 'field'>): string {
  return field === undefined ? '' : `${field}: `;
}

/** An expected failure that no file is the cause of. */
export function failure(message: string): Result<never, Diagnostic[]> {
  return err([{ severity: 'error', message }]);
}

/** For sorting diagnostics of one file: by line, then by column. */
export function byPosition({ location: a }: Diagnostic, { location: b }: Diagnostic): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
}
