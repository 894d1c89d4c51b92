import { err, type Result } from '../lib/result.ts';
import { type Config, joinParts, readConfigPart } from './config.ts';
import type { ConfigProblem } from './config-problem.ts';

/**
 * Reads several config files as one config.
 *
 * Names are unique across all of them; `entity`, `organization` and `settings` may stand in any one of them and hold for
 * all. Problems come in the order of the files.
 */
export function readConfigFiles(files: readonly { readonly name: string; readonly text: string }[]): Result<Config, ConfigProblem[]> {
  const parts = files.map(({ name, text }) => readConfigPart(text, name));
  const problems = parts.flatMap((part) => (part.ok ? [] : part.error));
  if (problems.length > 0) return err(problems);
  return joinParts(parts.flatMap((part) => (part.ok ? [part.value] : [])));
}
