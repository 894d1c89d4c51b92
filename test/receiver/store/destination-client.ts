import type { PriorResult, SendResult, Target } from '../../../receiver/outbox/target.ts';

/** A target that sends to a `Destination` (`destination.ts`) and asks it what has arrived. */
export function destinationTarget(server: string): Target {
  return {
    send: async (_request, { deliveryId, signal }): Promise<SendResult> => {
      const base = { status: null, detail: 'no answer' } as const;
      try {
        const { status } = await fetch(`${server}/${deliveryId}`, { method: 'POST', signal });
        if (status === 204) return { ...base, outcome: 'delivered', run: null };
        return { ...base, outcome: 'failed', status, ambiguous: false };
      } catch {
        return { ...base, outcome: 'failed', ambiguous: true };
      }
    },
    findPrior: async (_request, { deliveryId, signal }): Promise<PriorResult> => {
      try {
        const { status } = await fetch(`${server}/${deliveryId}`, { signal });
        return status === 200 ? { outcome: 'found', run: { id: deliveryId, url: server } } : { outcome: 'not_found' };
      } catch {
        return { outcome: 'failed', status: null, detail: 'no answer', ambiguous: true };
      }
    },
  };
}
