import type { JsonValue } from '../../lib/json.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { keyMistake, type Mistake, mistake, yamlText } from './mistake.ts';

/** Equality has no key of its own. */
const EQUAL = /^\$?(eq|equals?|equal_to|is|==?)$/i;

/** Wrong forms of a MATCH of an automation. The conditions of a route also take a list. */
export function matchMistakes(match: JsonValue | undefined, path: ConfigPath): Mistake[] {
  const word = String(path.at(-1));
  if (Array.isArray(match)) return [mistake(path, `write ${word}: { in: ${listText(match)} }`)];
  if (typeof match === 'number' || typeof match === 'boolean') return [mistake(path, `must be text: write ${word}: "${match}"`)];
  if (!isJsonObject(match)) return [];
  return Object.entries(match).flatMap(([key, value]): Mistake[] => {
    const here = [...path, key];
    if (EQUAL.test(key) && typeof value === 'string') return [keyMistake(here, `unknown key: write ${word}: ${yamlText(value)}`)];
    if ((key === 'in' || key === 'not_in') && typeof value === 'string')
      return [mistake(here, `must be a list: write ${key}: [${yamlText(value)}]`)];
    if (!Array.isArray(value)) return [];
    if (key === 'not') return [mistake(here, `takes one value: write not_in: ${listText(value)}`)];
    if (key === 'regex') return [mistake(here, `takes one expression: write regex: ${JSON.stringify(`(${value.map(String).join('|')})`)}`)];
    if (key === 'contains') return [mistake(here, `takes one text: write regex: ${JSON.stringify(`(${value.map(String).join('|')})`)}`)];
    return [];
  });
}

function listText(values: readonly JsonValue[]): string {
  return `[${values.map((value) => yamlText(String(value))).join(', ')}]`;
}
