import { createHash } from 'node:crypto';
import { type RelayEvent, subjectOf } from '../../src/event.ts';
import type { NewId } from '../../src/id.ts';
import type { JsonValue } from '../../src/json.ts';
import { type Route, routeMatches } from '../../src/route.ts';
import type { CompiledTarget } from '../../src/target.ts';
import type { NewDelivery, NewEvent, RouteFiring } from '../outbox/delivery.ts';

export interface ReceivedEvent {
  readonly event: RelayEvent;
  /** The parsed body, secrets redacted. */
  readonly payload: JsonValue;
  /** The same as text, to be stored. */
  readonly body: string;
  /** Of the raw bytes. */
  readonly bodyHash: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

export interface PlanOptions {
  readonly routes: readonly Route[];
  /** Whose rate limit a target's deliveries count against. */
  readonly credentialFor: (target: CompiledTarget) => string;
  readonly newId: NewId;
}

/** Decides everything that follows from an event, before anything is stored: which routes fire, and what each sends. */
export function planEvent(received: ReceivedEvent, options: PlanOptions): NewEvent {
  const { event, payload, body, bodyHash, receivedAt } = received;
  const subject = subjectOf(event);
  const firings = options.routes
    .filter((route) => routeMatches(route, event))
    .map((route) => fire(route, event, payload, subject, options));
  return { id: options.newId(), receivedAt, subjectKey: digest(subject), bodyHash, event, body, firings };
}

function fire(route: Route, event: RelayEvent, payload: JsonValue, subject: string, options: PlanOptions): RouteFiring {
  return {
    route: route.name,
    cooldownKey: route.cooldownMs === 0 ? null : digest(`${route.name}\n${subject}`),
    cooldownMs: route.cooldownMs,
    deliveries: route.targets.map((target): NewDelivery => {
      const id = options.newId();
      const request = target.build({ delivery_id: id, route: route.name, event: { ...event, payload } });
      const common = {
        id,
        route: route.name,
        target: target.name,
        credential: options.credentialFor(target),
        orderKey: digest(`${target.name}\n${subject}`),
        replacesOlder: route.order === 'latest',
      };
      if (!request.ok) return { ...common, state: 'dead', reason: request.error, request: null };
      // Messages tell of what waits; only what changes something waits for the approval.
      if (route.approval && target.kind !== 'slack')
        return { ...common, state: 'held', reason: 'waits for approval', request: request.value };
      return { ...common, state: 'pending', request: request.value };
    }),
  };
}

/** A key of fixed length: 128 bits of SHA-256. */
export function digest(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
