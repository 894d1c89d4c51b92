import type { Diagnostic } from '../lib/diagnostic.ts';
import { err, type Result } from '../lib/result.ts';
import { type Config, joinParts, readConfigPart } from './config.ts';

/**
 * Reads several config files as one config.
 *
 * Names are unique across all of them; `entity`, `organization` and `settings` may be in any one of them and apply to
 * all. Returns all errors at once, in the order of the files.
 */
export function readConfigFiles(files: readonly { readonly name: string; readonly text: string }[]): Result<Config, Diagnostic[]> {
  const parts = files.map(({ name, text }) => readConfigPart(text, name));
  const errors = parts.flatMap((part) => (part.ok ? [] : part.error));
  if (errors.length > 0) return err(errors);
  return joinParts(parts.flatMap((part) => (part.ok ? [part.value] : [])));
}
