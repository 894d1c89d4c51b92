import { prettyFactory } from 'pino-pretty';

/** Formats one line of JSON for a person at a terminal: time, level, sentence, then the fields on the same line. */
export function pretty(): (json: string) => string {
  const format = prettyFactory({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  return (json) => format(json);
}
