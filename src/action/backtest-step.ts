import { setTimeout as wait } from 'node:timers/promises';
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { Plan } from '../plan/plan.ts';
import { tooManyFires } from '../plan/plan-estimates.ts';
import type { BaseConfig } from '../plan/route-plan.ts';
import type { Planned } from '../sync/commands.ts';
import { PLAN_TIME_LIMIT_MS, withEstimates } from '../sync/plan-backtest.ts';
import { createRunReader } from '../wandb/run-reader.ts';
import { annotate } from './annotations.ts';
import { annotations, fail } from './output.ts';
import { foldersOf, type Step } from './step.ts';

/** The plan with what its run automations would have done on past runs, when the input `backtest` asks for it. */
export async function backtestPlan({ inputs, config, client }: Step, planned: Planned, base: BaseConfig): Promise<Planned> {
  if (inputs.backtestMs === undefined) return planned;
  return await withEstimates(planned, config, createRunReader({ client, now: Date.now }), {
    sinceMs: inputs.backtestMs,
    now: Date.now,
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
    signal: AbortSignal.timeout(PLAN_TIME_LIMIT_MS),
    base,
  });
}

/** Fails the step when an automation would fire more often than the input `max-estimated-fires` allows. */
export function failTooManyFires({ estimates }: Plan, { inputs }: Step): void {
  const { maxEstimatedFires } = inputs;
  if (maxEstimatedFires === undefined || estimates === undefined) return;
  const errors = tooManyFires(estimates, maxEstimatedFires).map(({ location, message }): Diagnostic => {
    return { severity: 'error', message, ...(location === undefined ? {} : { location }) };
  });
  if (errors.length === 0) return;
  annotate(errors, foldersOf(inputs), annotations);
  const [only, ...more] = errors;
  fail(
    only !== undefined && more.length === 0
      ? only.message
      : `${errors.length} automations would fire more often than max-estimated-fires (${maxEstimatedFires}) allows`,
  );
}
