import type { StopRequest } from '../../src/route/target.ts';
import type { Logger } from '../log/log.ts';
import type { Target } from '../outbox/target.ts';

/** The sandbox's target: writes down which run it would stop, and stops none. */
export function recordingStopTarget(log: Logger): Target<StopRequest> {
  return {
    send: async ({ entity, project, run }, { deliveryId }) => {
      log.info({ delivery: deliveryId, entity, project, run }, 'stop of a run recorded, not sent (sandbox)');
      return { outcome: 'delivered', status: null, run: null, detail: `recorded, not sent (sandbox): stop ${entity}/${project}/${run}` };
    },
    findPrior: async () => ({ outcome: 'not_found' }),
  };
}
