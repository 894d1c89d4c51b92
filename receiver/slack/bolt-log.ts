import { messageOf } from '../../src/lib/error-message.ts';
import type { Logger } from '../log/log.ts';
import type { BoltLogger } from './bolt.ts';

/** Addresses that let whoever has them act: those of answers (GovSlack has its own), and of Socket Mode's connection. */
const SECRET_ADDRESS = /\b(?:https:\/\/hooks\.slack(?:-gov)?\.com|wss?:\/\/)\S*/g;

/**
 * Bolt's own log as part of ours. What it says at level `debug` is dropped whatever our level is: it holds whole payloads,
 * with the addresses to answer at.
 */
export function boltLog(log: Logger, redact: (text: string) => string): BoltLogger {
  const words = (parts: readonly unknown[]): string => cleaned(parts.map(wordOf).join(' '), redact);
  return {
    debug: () => {},
    info: (...parts) => log.debug({}, `slack: ${words(parts)}`),
    warn: (...parts) => log.warn({}, `slack: ${words(parts)}`),
    error: (...parts) => log.error({}, `slack: ${words(parts)}`),
    setLevel: () => {},
    getLevel: () => 'info' as ReturnType<BoltLogger['getLevel']>,
    setName: () => {},
  };
}

/** Text of an error, fit for the log. */
export function cleaned(text: string, redact: (text: string) => string): string {
  return redact(text.replace(SECRET_ADDRESS, '[address]')).slice(0, 1_000);
}

function wordOf(part: unknown): string {
  // An object may hold anything.
  return typeof part === 'object' && part !== null && !(part instanceof Error) ? '' : messageOf(part);
}
