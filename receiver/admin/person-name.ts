import * as z from 'zod';

const VISIBLE_LINE = /^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u;

/** Who acts: a person, as W&B names them. It is shown, and counts: so it has no ends that nobody sees. */
export const person = z
  .string()
  .trim()
  .min(1, 'must be a name')
  .max(80, 'may have at most 80 characters')
  // No `regex`: the document cannot have its flag.
  .refine((name) => VISIBLE_LINE.test(name), 'must be one line of visible characters');

/** What is wrong with a name, or `undefined`. */
export function nameProblem(name: string): string | undefined {
  return person.safeParse(name).error?.issues[0]?.message;
}
