import { readExactJson } from '../../../src/lib/json.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import type { TargetDefinition } from '../../../src/route/target-schema.ts';
import type { BuiltWith, ClaimedDelivery, HeldDelivery } from '../delivery.ts';
import { exec, rows, type Work } from './work.ts';

/** False when the lease is lost. */
export function* updateRequest(claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>, request: TargetRequest): Work<boolean> {
  const updated = yield* exec(
    `UPDATE deliveries SET request = $1, template = NULL, approval_template = NULL WHERE id = $2 AND state = 'in_flight' AND lease_token = $3`,
    JSON.stringify(request),
    claim.id,
    claim.leaseToken,
  );
  return updated > 0;
}

export function* heldToEnrich(eventId: string): Work<HeldDelivery[]> {
  const held = yield* rows<{ id: string; route: string; target: string; request: string; template: string }>(
    `SELECT id, route, target, request, template FROM deliveries
     WHERE event_id = $1 AND state = 'held' AND request IS NOT NULL AND template IS NOT NULL ORDER BY seq`,
    eventId,
  );
  return held.map(({ request, template, ...row }) => ({
    ...row,
    eventId,
    request: readExactJson(request) as unknown as TargetRequest,
    template: readExactJson(template) as unknown as TargetDefinition,
  }));
}

/** False when it is not held any more. */
export function* updateHeldRequest(id: string, request: TargetRequest, builtWith?: BuiltWith): Work<boolean> {
  const sql = `UPDATE deliveries SET request = $1, template = NULL, built_with = $2 WHERE id = $3 AND state = 'held'`;
  return (yield* exec(sql, JSON.stringify(request), builtWith ?? null, id)) > 0;
}
