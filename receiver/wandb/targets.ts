import type { StopRequest } from '../../src/route/target.ts';
import type { Environment } from '../environment.ts';
import type { Target, Targets } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import { wandbClientFor } from './client.ts';
import { recordingStopTarget } from './recording-target.ts';

/** Whose rate limit everything counts against that is asked of W&B for a delivery. */
export const WANDB_CREDENTIAL = 'wandb';

/** Why no run can be stopped without a key, and what to do. */
export const WANDB_UNCONFIGURED =
  'W&B is not connected: set WANDB_API_KEY, of a user or service account that may write to the project (role Member or Admin)';

/** The target that stops runs; none without a key. Its modules are loaded with the first run that is to be stopped. */
export function wandbTargets(
  { wandbApiKey, wandbBaseUrl }: Pick<Environment, 'wandbApiKey' | 'wandbBaseUrl'>,
  runtime: Pick<Runtime, 'fetch' | 'now' | 'random' | 'redactor'>,
): Targets {
  if (wandbApiKey === undefined) return {};
  const connect = async (): Promise<Target<StopRequest>> => {
    const [client, { createRunReader }, { stopTarget }] = await Promise.all([
      wandbClientFor(runtime, { wandbApiKey, wandbBaseUrl }),
      import('../../src/wandb/run-reader.ts'),
      import('./stop-target.ts'),
    ]);
    return stopTarget({ ...runtime, reader: createRunReader({ ...runtime, client }) });
  };
  let connected: Promise<Target<StopRequest>> | undefined;
  const target = (): Promise<Target<StopRequest>> => {
    connected ??= connect();
    return connected;
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
