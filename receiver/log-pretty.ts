import { prettyFactory } from 'pino-pretty';
import { readExactJson } from '../src/json.ts';

/** Formats one line of JSON for a person at a terminal: time, level, sentence, then the fields on the same line. */
export function pretty(): (json: string) => string {
  const format = prettyFactory({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  // Read here, because pino-pretty would make doubles of all numbers.
  return (json) => format(readExactJson(json) as object);
}
