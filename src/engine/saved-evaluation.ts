import type { JsonObject } from '../lib/json.ts';
import type { Alarm } from './alarm.ts';
import { decodeNumbers, encodeNumbers, NumberReader } from './number-store.ts';
import type { Rule } from './rule.ts';

/** An evaluation as JSON: which version of the rule it is of, and its numbers, those of the alarm first. */
export function saveEvaluation(rule: Rule, alarm: Alarm, numbers: readonly number[], words: JsonObject = {}): JsonObject {
  const all: number[] = [];
  alarm.save(all);
  all.push(...numbers);
  return { version: rule.version, ...(rule.dryRun ? { dry: true } : {}), numbers: encodeNumbers(all), ...words };
}

/**
 * Goes on with what was saved: gives the alarm its part, and returns the numbers that follow. `undefined` when there are none,
 * or another version of the rule saved them: then only what has fired is kept. What fired in a dry run does not hold back the
 * first firing in earnest.
 */
export function restoreEvaluation(rule: Rule, alarm: Alarm, saved: JsonObject | undefined): NumberReader | undefined {
  if (typeof saved?.numbers !== 'string' || (saved.dry === true) !== rule.dryRun) return undefined;
  const reader = new NumberReader(decodeNumbers(saved.numbers));
  const isSameVersion = saved.version === rule.version;
  alarm.restore(reader, isSameVersion);
  return isSameVersion ? reader : undefined;
}
