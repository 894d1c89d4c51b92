import { visibleDocument } from '../../src/lib/visible.ts';
import type { Logger } from '../log/log.ts';

type Level = keyof Logger;

/**
 * Logs one JSON object per line to the console, which is where Workers' logs come from. pino cannot: its build for
 * anything but Node writes to the console by itself, past the redaction.
 *
 * @param redact every line passes through it as the last step
 */
export function consoleLogger(
  console: Readonly<Record<Level, (line: string) => void>>,
  redact: (text: string) => string,
  now: () => number,
): Logger {
  const write = (level: Level) => (fields: object, message: string) =>
    console[level](redact(visibleDocument(JSON.stringify({ level, time: new Date(now()).toISOString(), ...fields, msg: message }))));
  return { debug: () => {}, info: write('info'), warn: write('warn'), error: write('error') };
}
