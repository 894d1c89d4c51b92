import { createHash } from 'node:crypto';
import { understandBody } from '../../src/event/webhook-body.ts';
import { idsFrom, type NewId } from '../../src/lib/id.ts';
import { parseExactJson } from '../../src/lib/json.ts';
import type { NewEvent } from '../store/delivery.ts';
import type { UnroutedEvent } from '../store/unrouted.ts';
import { type PlanOptions, planEvent } from './route-event.ts';

/**
 * What follows from an event that was stored as it came. Each call gives the same ids as long as the config is the same: after a
 * backup was restored, a run that an event has started is found by them.
 *
 * @throws when the body is not what was checked before it was stored
 */
export function planUnrouted(unrouted: UnroutedEvent, options: Omit<PlanOptions, 'newId'>): NewEvent {
  const { id, receivedAt, source, bodyHash, body } = unrouted;
  const parsed = parseExactJson(body);
  if (!parsed.ok) throw new Error(`its stored body is not JSON: ${parsed.error}`);
  const understood = understandBody(parsed.value, source);
  if (understood.kind !== 'event') throw new Error('its stored body is a test, not an event');
  const received = { event: understood.event, payload: parsed.value, body, bodyHash, receivedAt };
  return planEvent(received, { ...options, newId: idsOf(id, receivedAt) }, id);
}

const ID_BYTES = 16;

/** The ids of what belongs to an event: always the same ones, in the same order. */
function idsOf(eventId: string, at: number): NewId {
  let given = 0;
  return idsFrom(
    () => at,
    () => new Uint8Array(createHash('sha256').update(`${eventId}\n${given++}`).digest().subarray(0, ID_BYTES)),
  );
}
