import { type Check, checksOf } from './check.ts';

/** GitHub refuses what an App signed further away than this (GitHub documentation, "Generating a JSON Web Token"). Milliseconds. */
const PROBLEM_MS = 60_000;
const WARNING_MS = 10_000;
/** HTTP's dates have no fractions. */
const SECOND_MS = 1_000;

export interface TimedAnswer {
  /** The `Date` header. */
  readonly date: string | null;
  /** By this machine's clock, milliseconds since 1970. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** This machine's clock against that of a server. */
export function checkClock({ date, askedAt, answeredAt }: TimedAnswer, server: string): Check {
  const check = checksOf('clock', 'this machine');
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return check('unknown', `${server} names no time`);
  // Their answer was made at some moment between the two.
  const ahead = askedAt - (theirs + SECOND_MS);
  const behind = theirs - answeredAt;
  const wrong = Math.max(ahead, behind);
  if (wrong <= WARNING_MS) return check('ok', `agrees with ${server}'s`);
  const words = `is ${Math.round(wrong / 1000)} seconds ${ahead > behind ? 'ahead of' : 'behind'} ${server}'s: set it, by NTP for instance`;
  return check(wrong > PROBLEM_MS ? 'problem' : 'warning', words);
}
