import { readRunFilter } from '../../engine/run-filter-query.ts';
import { isJsonObject, type JsonObject } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { fieldOf, type Mistake, mistake } from './mistake.ts';

/** What W&B evaluates in a raw filter on runs, and the relay cannot. */
export function runFilterMistakes(automation: JsonObject, path: ConfigPath): Mistake[] {
  const filter = fieldOf(fieldOf(automation, 'runs'), 'filter');
  if (fieldOf(automation, 'engine') !== 'relay' || !isJsonObject(filter)) return [];
  const read = readRunFilter(filter);
  return read.ok ? [] : read.error.map((problem) => mistake([...path, 'runs', 'filter', ...problem.path], problem.message));
}
