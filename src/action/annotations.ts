import { realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { type Diagnostic, diagnosticText, formatDiagnostic } from '../lib/diagnostic.ts';

/** GitHub shows at most ten annotations of a kind for a step. */
const SHOWN = 10;

/** Where an annotation is shown; without a file, on the step. */
export interface AnnotationPosition {
  readonly file?: string;
  readonly startLine?: number;
  readonly startColumn?: number;
}

/** Writes annotations, one function for each severity. */
export type Annotations = Readonly<Record<Diagnostic['severity'], (message: string, position: AnnotationPosition) => void>>;

export interface Folders {
  /** The locations of diagnostics are relative to it. */
  readonly cwd: string;
  /** The top of the checkout, GITHUB_WORKSPACE. Annotations are relative to it. */
  readonly workspace: string;
}

/** Annotates the lines of diagnostics of one severity. If there are more than GitHub shows, the last one counts the rest. */
export function annotate(diagnostics: readonly Diagnostic[], folders: Folders, to: Annotations): void {
  const shown = diagnostics.length > SHOWN ? diagnostics.slice(0, SHOWN - 1) : diagnostics;
  for (const diagnostic of shown) {
    const { message, position } = annotationOf(diagnostic, folders);
    to[diagnostic.severity](message, position);
  }
  const severity = shown.at(-1)?.severity ?? 'error';
  if (shown.length < diagnostics.length) {
    to[severity](`${diagnostics.length - shown.length} more problems: see the log of this step`, {});
  }
}

/** A diagnostic as an annotation. If its file is outside of the workspace, the message has the location. */
function annotationOf(diagnostic: Diagnostic, folders: Folders): { message: string; position: AnnotationPosition } {
  const { location } = diagnostic;
  const file = location === undefined ? undefined : inWorkspace(folders, location.file);
  if (location === undefined || file === undefined) return { message: formatDiagnostic(diagnostic), position: {} };
  return { message: diagnosticText(diagnostic), position: { file, startLine: location.line, startColumn: location.column } };
}

/** The path of a file from the top of the workspace, as GitHub wants it; `undefined` when it is outside. */
export function inWorkspace({ cwd, workspace }: Folders, file: string): string | undefined {
  const found = relative(realPath(workspace), resolve(realPath(cwd), file));
  return found === '' || found === '..' || found.startsWith(`..${sep}`) || isAbsolute(found) ? undefined : found.replaceAll(sep, '/');
}

/** Both paths are compared without symbolic links. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}
