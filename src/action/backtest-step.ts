import type { Diagnostic } from '../lib/diagnostic.ts';
import type { Plan } from '../plan/plan.ts';
import { tooManyFires } from '../plan/plan-estimates.ts';
import { annotate } from './annotations.ts';
import { annotations, fail } from './output.ts';
import { foldersOf, type Step } from './step.ts';

/** Fails the step when an automation would fire more often than the input `max-estimated-fires` allows. */
export function failTooManyFires({ estimates }: Plan, { inputs }: Pick<Step, 'inputs'>): void {
  const errors = (estimates === undefined ? [] : tooManyFires(estimates)).map(({ location, message }): Diagnostic => {
    return { severity: 'error', message, ...(location === undefined ? {} : { location }) };
  });
  const [only, ...more] = errors;
  if (only === undefined) return;
  annotate(errors, foldersOf(inputs), annotations);
  const all = `${errors.length} automations would fire more often than max-estimated-fires (${inputs.maxEstimatedFires}) allows`;
  fail(more.length === 0 ? only.message : all);
}
