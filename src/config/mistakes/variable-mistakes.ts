import { isJsonObject, type JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { type Mistake, mistake } from './mistake.ts';

/** `${PROJECT}`, `${PROJECT:-train}`, `$PROJECT`, `$(PROJECT)`, `%PROJECT%`, `{{ env.PROJECT }}`: variables of shells, CI and templates. */
const VARIABLE = /\$\{[^}]*\}|^\$[A-Za-z_]\w*$|^\$\([A-Za-z_]\w*\)$|^%[A-Z_]+%$|\{\{\s*(env|vars|secrets|inputs)\.[^}]*\}\}/;

/** Texts that are sent as they are: W&B fills variables into payloads, the receiver fills templates. */
const SENT = new Set(['payload', 'to', 'filter', 'description', 'title', 'message', 'for_each']);

/** Variables where nothing fills them in. */
export function variableMistakes(value: JsonValue, path: ConfigPath): Mistake[] {
  if (typeof value === 'string') {
    // No name in W&B has braces. `{{ each.… }}` was replaced before.
    const [variable] = VARIABLE.exec(value) ?? (path.includes('scope') ? /\{\{[^}]*\}\}/.exec(value) : undefined) ?? [];
    return variable === undefined
      ? []
      : [mistake(path, `variables do not exist here: ${variable} would be this very text. Write the value, or use for_each for several`)];
  }
  if (Array.isArray(value)) return value.flatMap((item, i) => variableMistakes(item, [...path, i]));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => (SENT.has(key) ? [] : variableMistakes(inner, [...path, key])));
}
