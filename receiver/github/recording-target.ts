import type { DispatchRequest } from '../../src/route/target.ts';
import type { Logger } from '../log/log.ts';
import type { Target } from '../outbox/target.ts';
import { describeRequest } from './wire-request.ts';

/** The sandbox's target: writes down what it would send, and sends nothing. */
export function recordingTarget(log: Logger, apiUrl: string): Target<DispatchRequest> {
  return {
    send: async (request, { deliveryId }) => {
      const { method, url, body } = describeRequest(request, apiUrl);
      log.info({ delivery: deliveryId, method, url, body }, 'dispatch recorded, not sent (sandbox)');
      return { outcome: 'delivered', status: null, run: null, detail: `recorded, not sent (sandbox): ${method} ${url}` };
    },
    findPrior: async () => ({ outcome: 'not_found' }),
  };
}
