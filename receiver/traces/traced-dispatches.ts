import { messageOf } from '../../src/lib/error-message.ts';
import { isDispatch, type TargetRequest } from '../../src/route/target.ts';
import type { Logger } from '../log/log.ts';
import type { ClaimedDelivery, DeliveryRecord } from '../store/delivery.ts';
import type { RunReport } from '../store/run.ts';
import { hasEnded, type RunChange } from '../store/run-change.ts';
import type { Store } from '../store/store.ts';
import { withTraceparent } from './traceparent.ts';
import type { Traces } from './traces.ts';

export interface TracedDispatchesOptions {
  readonly traces: Traces;
  readonly store: Pick<Store, 'delivery'>;
  readonly log: Logger;
}

/** Ties workflows to the traces of their events. A trace that cannot be continued never holds a dispatch up. */
export interface TracedDispatches {
  /** The request with what the workflow continues. The request as it is stored has it not: it says nothing about the event. */
  request(delivery: Pick<ClaimedDelivery, 'id' | 'eventId'>, request: TargetRequest): Promise<TargetRequest>;
  /** Reports the runs among the changes that have ended. */
  changed(changes: readonly RunChange[], reports: readonly RunReport[]): void;
}

export function tracedDispatches({ traces, store, log }: TracedDispatchesOptions): TracedDispatches {
  const lookUp = async (id: string): Promise<DeliveryRecord | undefined> => {
    try {
      return await store.delivery(id);
    } catch (error) {
      log.warn({ delivery: id, error: messageOf(error) }, 'a delivery could not be looked up for its trace');
      return undefined;
    }
  };
  const report = async (change: RunChange, reports: readonly RunReport[]): Promise<void> => {
    const { deliveryId, eventId, route, repository, after: run } = change;
    const record = await lookUp(deliveryId);
    if (record === undefined) return;
    const workflow = reports.find(({ runId }) => runId === run.id)?.workflow;
    traces.run({ deliveryId, eventId, route, repository, run, workflow, n: numberOf(record, run.id) });
  };
  return {
    request: async ({ id, eventId }, request) => {
      if (!isDispatch(request)) return request;
      const record = await lookUp(id);
      return record === undefined
        ? request
        : withTraceparent(request, traces.traceparent({ eventId, deliveryId: id, n: record.earlierRuns?.length ?? 0 }));
    },
    changed: (changes, reports) => {
      for (const change of changes.filter(hasEnded)) void report(change, reports);
    },
  };
}

/** Which of the delivery's runs it is: earlier ones are kept in their order, the latest one comes after them. */
function numberOf({ earlierRuns = [] }: DeliveryRecord, runId: string | null): number {
  const place = earlierRuns.findIndex(({ id }) => id !== null && id === runId);
  return place === -1 ? earlierRuns.length : place;
}
