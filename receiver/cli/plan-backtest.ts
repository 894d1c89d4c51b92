import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../src/config/config.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { tooManyFires } from '../../src/plan/plan-estimates.ts';
import type { BaseConfig } from '../../src/plan/route-plan.ts';
import type { Planned } from '../../src/sync/commands.ts';
import { PLAN_TIME_LIMIT_MS, withEstimates } from '../../src/sync/plan-backtest.ts';
import type { WandbClient } from '../../src/wandb/client.ts';
import { createRunReader } from '../../src/wandb/run-reader.ts';
import type { CommandIo } from './output.ts';

/** The plan with what its run automations would have done on past runs. */
export async function backtestPlan(
  io: CommandIo,
  planned: Planned,
  {
    config,
    client,
    base,
    sinceMs,
  }: { readonly config: Config; readonly client: WandbClient; readonly base: BaseConfig; readonly sinceMs: number },
): Promise<Planned> {
  return await withEstimates(planned, config, createRunReader({ client, now: io.now }), {
    sinceMs,
    now: io.now,
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
    signal: AbortSignal.timeout(PLAN_TIME_LIMIT_MS),
    base,
  });
}

/** False, and said which, when an automation would fire more often than `most`. */
export function firesRarely(io: CommandIo, { estimates }: Plan, most: number | undefined): boolean {
  if (most === undefined || estimates === undefined) return true;
  const many = tooManyFires(estimates, most);
  for (const { location, message } of many) {
    io.complain(formatDiagnostic({ severity: 'error', message, ...(location === undefined ? {} : { location }) }));
  }
  return many.length === 0;
}
