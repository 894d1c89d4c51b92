import { nearestWord } from '../lib/nearest-word.ts';
import { err, type Result } from '../lib/result.ts';
import type { WandbError } from './wandb-error.ts';

/** More names than this are a wall of text; the nearest one is named in any case. */
const MAX_NAMES = 10;

/**
 * The sentence about a name that nothing has: `no project trian in team acme; there are train, eval (did you mean train?)`.
 *
 * @param kind what was looked for: `project`, `Slack channel`
 * @param place where: `in team acme`; empty for everywhere
 * @param known the names that there are, in W&B's order
 */
export function missingName(kind: string, name: string, place: string, known: readonly string[]): string {
  const where = place === '' ? '' : ` ${place}`;
  const near = nearestWord(name, known);
  const meant = near === undefined ? '' : ` (did you mean ${near}?)`;
  return `no ${kind} ${name}${where}; ${listed(known)}${meant}`;
}

/** `missingName` as the error that look-ups return: not found, and no HTTP status, because the finding is ours. */
export function missingNameError(kind: string, name: string, place: string, known: readonly string[]): Result<never, WandbError> {
  return err({ kind: 'not_found', status: null, message: missingName(kind, name, place, known) });
}

function listed(known: readonly string[]): string {
  const names = [...new Set(known)];
  const [first, ...others] = names;
  if (first === undefined) return 'there are none';
  if (others.length === 0) return `there is ${first}`;
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length <= MAX_NAMES ? `there are ${shown}` : `there are ${shown} and ${names.length - MAX_NAMES} more`;
}
