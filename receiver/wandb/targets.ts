import type { RunReader } from '../../src/engine/run-reader.ts';
import type { StopRequest } from '../../src/route/target.ts';
import type { Target, Targets } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import { recordingStopTarget } from './recording-target.ts';

/** Whose rate limit everything counts against that is asked of W&B for a delivery. */
export const WANDB_CREDENTIAL = 'wandb';

/** Why no run can be stopped without a key, and what to do. */
export const WANDB_UNCONFIGURED =
  'W&B is not connected: set WANDB_API_KEY, of a user or service account that may write to the project (role Member or Admin)';

/** @param connect makes the reader; called with the first run that is to be stopped */
export function wandbTargets(connect: (() => Promise<RunReader>) | undefined, runtime: Pick<Runtime, 'now'>): Targets {
  if (connect === undefined) return {};
  let made: Promise<Target<StopRequest>> | undefined;
  const target = (): Promise<Target<StopRequest>> => {
    made ??= Promise.all([connect(), import('./stop-target.ts')]).then(([reader, { stopTarget }]) => stopTarget({ ...runtime, reader }));
    return made;
  };
  return {
    wandb_stop: {
      send: async (request, context) => (await target()).send(request, context),
      findPrior: async (request, context) => (await target()).findPrior(request, context),
    },
  };
}

/** The sandbox's targets: they log each request and send nothing. */
export function sandboxWandbTargets({ log }: Pick<Runtime, 'log'>): Targets {
  return { wandb_stop: recordingStopTarget(log) };
}
