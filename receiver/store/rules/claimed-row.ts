import type { ApprovalFacts } from '../../../src/event/event.ts';
import { readExactJson } from '../../../src/lib/json.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import type { TargetDefinition } from '../../../src/route/target-schema.ts';
import type { BuiltWith, ClaimedDelivery } from '../delivery.ts';

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
  approval_template: string | null;
  built_with: BuiltWith | null;
  approval: string | null;
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
    ...approvedOf(row),
    conversation: row.conversation,
  };
}

function approvedOf({ approval_template, built_with, approval }: LeasedRow): Pick<ClaimedDelivery, 'approved'> {
  if (approval_template === null || approval === null) return {};
  const template = readExactJson(approval_template) as unknown as TargetDefinition;
  return { approved: { template, builtWith: built_with, approval: JSON.parse(approval) as ApprovalFacts } };
}
