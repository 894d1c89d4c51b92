import type { AlertKind } from './condition.ts';

const WORDS: Readonly<Record<AlertKind, string>> = {
  delivery_failed: 'No failed delivery waits any more',
  many_failed: 'Few failed deliveries wait any more',
  credential_refused: 'The credential is taken again',
  undelivered: 'Nothing waits for long any more',
  source_refused: 'Its requests are authentic again, or none come',
  not_asked: 'No approval waits that was not asked',
  engine_behind: 'Automations are evaluated in time again',
  clock_wrong: 'The clock is right again',
  config_refused: 'The config is in use as it is written',
  paused: 'It was resumed',
};

/** What a recovery says in place of what was wrong. */
export function recoveryWords(kind: AlertKind): string {
  return WORDS[kind];
}
