import type { Diagnostic, SourceLocation } from '../lib/diagnostic.ts';
import { err, type Result } from '../lib/result.ts';
import { type Config, joinParts, readConfigPart } from './config.ts';
import type { ConfigPath } from './locator.ts';

/** The text of a config file, its name in messages, and its path in the repository, by default its name. */
export interface ConfigText {
  readonly name: string;
  readonly text: string;
  readonly path?: string;
  /** Where a value was written, if that is not in the text: the text was rendered from code. */
  readonly locate?: (path: ConfigPath) => SourceLocation;
}

/**
 * Reads several config files as one config.
 *
 * Names are unique across all of them; `namespace`, `entity`, `organization` and `settings` may be in any one of them and apply to
 * all. Returns all errors at once, in the order of the files.
 */
export function readConfigFiles(files: readonly ConfigText[]): Result<Config, Diagnostic[]> {
  const parts = files.map(({ name, text, path, locate }) => readConfigPart(text, name, path, locate));
  const errors = parts.flatMap((part) => (part.ok ? [] : part.error));
  if (errors.length > 0) return err(errors);
  return joinParts(parts.flatMap((part) => (part.ok ? [part.value] : [])));
}
