import { MOODS, type Mood } from './ledger.ts';
import type { Dice } from './seeded.ts';

/** How often the stand-in is in which mood, in thousandths; the rest is `ok`. Hangs are rare: each costs its subject ten seconds. */
const THOUSANDTHS: Readonly<Record<Exclude<Mood, 'ok'>, number>> = {
  late: 30,
  error: 25,
  'accepted-502': 25,
  reset: 10,
  'accepted-reset': 20,
  hang: 2,
  'accepted-hang': 2,
  limited: 4,
  refused: 6,
};

export function chooseMood(dice: Dice): Mood {
  let rest = dice.next() * 1_000;
  for (const mood of MOODS) {
    if (mood === 'ok') continue;
    rest -= THOUSANDTHS[mood];
    if (rest < 0) return mood;
  }
  return 'ok';
}

/** Milliseconds until the answer. A late one still comes within the receiver's time limit. */
export function answerMs(mood: Mood, dice: Dice): number {
  return mood === 'late' ? dice.between(500, 4_000) : dice.between(0, 20);
}

/**
 * Milliseconds until a new run is listed. GitHub names no time; most runs are listed within a few seconds, which is what an
 * ambiguous attempt is left alone for, and some later.
 */
export function listDelayMs(dice: Dice): number {
  const luck = dice.next();
  if (luck < 0.4) return dice.between(0, 1_500);
  return luck < 0.95 ? dice.between(1_500, 4_500) : dice.between(4_500, 12_000);
}

/** What a question about runs meets; `undefined`: an answer. */
export function readFault(dice: Dice): number | 'reset' | undefined {
  const luck = dice.next();
  if (luck < 0.01) return 503;
  return luck < 0.015 ? 'reset' : undefined;
}
