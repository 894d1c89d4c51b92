import { createHash } from 'node:crypto';
import type { DispatchNumber } from './traces.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The id of an event's trace: its own id without the hyphens, so that people find one by the other.
 * W3C Trace Context, "trace-id": 16 bytes, not all zero.
 */
export function traceIdOf(eventId: string): string {
  return UUID.test(eventId) ? eventId.replaceAll('-', '') : sha256(eventId).slice(0, 32);
}

/** The span of the webhook that an event came with. */
export function webhookSpanOf(eventId: string): string {
  return spanId(`webhook ${eventId}`);
}

/** The span of the workflow run that a dispatch starts. The steps of the workflow are below it. */
export function runSpanOf({ deliveryId, n }: DispatchNumber): string {
  return spanId(`run ${deliveryId} ${n}`);
}

/** W3C Trace Context, "parent-id": 8 bytes, not all zero (which a hash is not, in practice). */
function spanId(text: string): string {
  return sha256(text).slice(0, 16);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
