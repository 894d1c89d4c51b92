import { prettyFactory } from 'pino-pretty';
import { type JsonValue, mapStrings } from '../src/json.ts';
import { visible } from '../src/visible.ts';

/**
 * Formats one line of JSON for a person at a terminal: time, level, sentence, then the fields on the same line. The only
 * escape sequences in it are its own colours: those in a field or a sentence are shown as text.
 */
export function pretty(): (json: string) => string {
  const format = prettyFactory({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  return (json) => format(JSON.stringify(mapStrings(JSON.parse(json) as JsonValue, visible)));
}
