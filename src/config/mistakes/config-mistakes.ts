import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { automationMistakes } from './automation-mistakes.ts';
import { fieldOf, keyMistake, type Mistake } from './mistake.ts';
import { routeStopMistakes } from './stop-mistakes.ts';
import { testMistakes } from './test-mistakes.ts';
import { variableMistakes } from './variable-mistakes.ts';

/**
 * Known mistakes in a config as it was written, `for_each` and `defaults` applied.
 *
 * @param events the event types that an automation may have
 */
export function findMistakes(content: JsonObject, events: readonly string[]): Mistake[] {
  const automations = fieldOf(content, 'automations');
  const tests = fieldOf(content, 'tests');
  const found = [
    ...mergeKeys(content, []),
    ...['entity', 'organization', 'integrations'].flatMap((key) => variableMistakes(fieldOf(content, key) ?? null, [key])),
    ...(Array.isArray(automations) ? automations.flatMap((one, i) => automationMistakes(one, ['automations', i], events)) : []),
    ...routeStopMistakes(fieldOf(content, 'routes')),
    ...(Array.isArray(tests) ? tests.flatMap((one, i) => testMistakes(one, ['tests', i])) : []),
  ];
  const seen = new Set<string>();
  return found.filter(({ path }) => {
    const place = JSON.stringify(path);
    if (seen.has(place)) return false;
    seen.add(place);
    return true;
  });
}

/** `<<` is of YAML 1.1. */
function mergeKeys(value: JsonValue, path: ConfigPath): Mistake[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => mergeKeys(item, [...path, i]));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key !== '<<') return mergeKeys(inner, [...path, key]);
    const message =
      'merge keys do not exist in YAML 1.2: use "defaults" for what all automations share, or "for_each" for one automation per value';
    return [keyMistake([...path, key], message, ['*'])];
  });
}
