import { readExactJson } from '../../../src/lib/json.ts';
import type { TargetDefinition, TargetRequest } from '../../../src/route/target.ts';
import type { ClaimedDelivery } from '../delivery.ts';

/** What every store reads of a delivery that it leases. */
export interface LeasedRow {
  id: string;
  event_id: string;
  route: string;
  target: string;
  credential: string;
  request: string;
  lease_token: string;
  attempts: number;
  retrying_since: number;
  ambiguous: number;
  runs_since: number;
  template: string | null;
  conversation: string | null;
}

/** A delivery as its worker gets it, under the lease in the row. */
export function claimOf(row: LeasedRow): ClaimedDelivery {
  return {
    id: row.id,
    eventId: row.event_id,
    route: row.route,
    target: row.target,
    credential: row.credential,
    request: readExactJson(row.request) as unknown as TargetRequest,
    leaseToken: row.lease_token,
    attempts: row.attempts,
    retryingSince: row.retrying_since,
    ambiguous: row.ambiguous === 1,
    runsSince: row.runs_since,
    template: row.template === null ? null : (readExactJson(row.template) as unknown as TargetDefinition),
    conversation: row.conversation,
  };
}
