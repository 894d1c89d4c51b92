import { pino } from 'pino';
import { visibleDocument } from '../../src/lib/visible.ts';

/** Structured logging: fields first, then a sentence. Fields never hold a secret. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Makes each line fit for people at a terminal; without it a line is one JSON object. */
  readonly format: ((json: string) => string) | undefined;
  /** Every line passes through it before it is formatted: the net under all other care. */
  readonly redact: (text: string) => string;
  readonly write: (text: string) => void;
}

/** A logger that writes one line per call. */
export function createLogger(options: LogOptions): Logger {
  const format = options.format ?? ((json: string) => json);
  return pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    // JSON leaves C1 and bidirectional controls as they are, and people read logs in terminals.
    { write: (json: string) => options.write(format(options.redact(visibleDocument(json)))) },
  );
}

/** Where nothing is to be logged. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
