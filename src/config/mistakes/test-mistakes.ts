import { isJsonObject, type JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { durationMistakes } from './duration-mistakes.ts';
import { entriesOf, fieldOf, keyMistake, type Mistake, mistake } from './mistake.ts';

/** Mistakes in one of the `tests`. */
export function testMistakes(test: JsonValue, path: ConfigPath): Mistake[] {
  const field = (key: string) => fieldOf(test, key);
  const series = field('series');
  return [
    ...(typeof series === 'string' || typeof series === 'number' || Array.isArray(series)
      ? [mistake([...path, 'series'], `is a mapping by metric: write series: { loss: ${notationOf(series) ?? '"3 2.9 9"'} }`)]
      : []),
    ...entriesOf(series).flatMap(([metric, values]) => notationMistakes(values, [...path, 'series', metric])),
    ...['states', 'past_runs'].flatMap((word) => notationMistakes(field(word), [...path, word])),
    ...durationMistakes(field('interval'), [...path, 'interval']),
    ...firesMistakes(field('fires'), [...path, 'fires']),
    ...(field('metric') === undefined ? [] : [keyMistake([...path, 'metric'], 'unknown key: write series: { <metric>: "3 2.9 9" }')]),
  ];
}

/** The notation of a list. */
function notationMistakes(values: JsonValue | undefined, path: ConfigPath): Mistake[] {
  const text = Array.isArray(values) ? notationOf(values) : undefined;
  return text === undefined ? [] : [mistake(path, `is text: write ${String(path.at(-1))}: ${text}`)];
}

function notationOf(values: JsonValue): string | undefined {
  if (typeof values === 'string' || typeof values === 'number') return JSON.stringify(String(values));
  if (!Array.isArray(values) || values.some((value) => typeof value === 'object' && value !== null)) return undefined;
  return JSON.stringify(values.map((value) => (value === null ? '_' : String(value))).join(' '));
}

function firesMistakes(fires: JsonValue | undefined, path: ConfigPath): Mistake[] {
  if (fires === null || fires === false || (typeof fires === 'string' && /^(never|none|no|nothing)$/i.test(fires))) {
    return [mistake(path, 'write fires: [] for an automation that must not fire')];
  }
  if (fires === true) return [mistake(path, 'write when it must fire: fires: [{ step: 14 }]')];
  if (typeof fires === 'number') return [mistake(path, `must be a list: write fires: [{ step: ${fires} }]`)];
  if (isJsonObject(fires)) return [mistake(path, `must be a list: write fires: [{ ${Object.keys(fires)[0] ?? 'step'}: … }]`)];
  if (!Array.isArray(fires)) return [];
  return fires.flatMap((fired, i): Mistake[] => {
    if (typeof fired === 'number') return [mistake([...path, i], `must be a mapping: write { step: ${fired} }`)];
    return durationMistakes(fieldOf(fired, 'at'), [...path, i, 'at']);
  });
}
