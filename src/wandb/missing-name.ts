import { nearestWord } from '../lib/nearest-word.ts';
import { err, type Result } from '../lib/result.ts';
import type { WandbError } from './wandb-error.ts';

/** More names would make the message unreadable. The nearest one is always named. */
const MAX_NAMES = 10;

/**
 * A message about a name that does not exist: `no project trian in team acme; there are train, eval (did you mean train?)`.
 *
 * @param kind for example `project`, `Slack channel`
 * @param within for example `in team acme`; blank for everywhere
 * @param known the names that exist, in W&B's order
 */
export function missingName(kind: string, name: string, within: string, known: readonly string[]): string {
  const where = within === '' ? '' : ` ${within}`;
  const near = nearestWord(name, known);
  const meant = near === undefined ? '' : ` (did you mean ${near}?)`;
  return `no ${kind} ${name}${where}; ${listed(known)}${meant}`;
}

/** `missingName` as an error `not_found`, without an HTTP status. */
export function missingNameError(kind: string, name: string, within: string, known: readonly string[]): Result<never, WandbError> {
  return err({ kind: 'not_found', status: null, message: missingName(kind, name, within, known) });
}

function listed(known: readonly string[]): string {
  const names = [...new Set(known)];
  const [first, ...others] = names;
  if (first === undefined) return 'there are none';
  if (others.length === 0) return `there is ${first}`;
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length <= MAX_NAMES ? `there are ${shown}` : `there are ${shown} and ${names.length - MAX_NAMES} more`;
}
