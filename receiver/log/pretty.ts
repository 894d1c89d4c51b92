import { prettyFactory } from 'pino-pretty';
import { mapStrings, readExactJson } from '../../src/lib/json.ts';
import { visible } from '../../src/lib/visible.ts';

/**
 * Formats one line of JSON for a person at a terminal: time, level, sentence, then the fields on the same line. The only
 * escape sequences in it are its own colours: those in a field or a sentence are shown as text.
 */
export function pretty(): (json: string) => string {
  const format = prettyFactory({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  // Read here, because pino-pretty would make doubles of all numbers.
  return (json) => format(mapStrings(readExactJson(json), visible) as object);
}
