import type { Digest } from '../../src/digest/definition.ts';
import { projectOf } from '../../src/digest/event-summary.ts';
import type { DigestFacts } from '../../src/digest/facts.ts';
import { DEFAULT_SOURCE, DIGEST, type RelayEvent, subjectOf } from '../../src/event/event.ts';
import { digest as hash } from '../../src/lib/digest.ts';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { AlertPolicy } from '../../src/route/alert-policy.ts';
import { channelCredential } from '../../src/route/conversation-requests.ts';
import type { NewEvent } from '../store/delivery.ts';

/** The name of a digest's route in lists: no route of the config is asked. */
export function digestRoute(name: string): string {
  return `digest ${name}`;
}

export interface DigestEventOptions {
  readonly entity: string | undefined;
  readonly now: number;
  readonly newId: () => string;
  /** Removes secrets. */
  readonly redact: (json: JsonObject) => JsonValue;
  /** Who hears of it when the message cannot be sent. */
  readonly alerts: AlertPolicy;
}

/** The event of a digest with its only delivery: one message of its own. */
export function digestEvent(digest: Digest, facts: DigestFacts, { entity, now, newId, redact, alerts }: DigestEventOptions): NewEvent {
  const { name, slack: channel, scope } = digest;
  const event: RelayEvent = {
    type: DIGEST,
    source: DEFAULT_SOURCE,
    automation: name,
    ...projectOf(digest, entity),
    ...(scope.registry === undefined ? {} : { registry: scope.registry }),
    ...(scope.team === undefined ? {} : { entity: scope.team }),
    ...(scope.collection === undefined || typeof scope.collection !== 'string' ? {} : { collection: scope.collection }),
  };
  const body = JSON.stringify(redact(JSON.parse(JSON.stringify(facts)) as JsonObject));
  const key = hash(`${DIGEST}\n${name}\n${facts.dueAt}\n${channel}`);
  const credential = channelCredential(channel);
  const route = digestRoute(name);
  return {
    id: newId(),
    receivedAt: now,
    subjectKey: hash(subjectOf(event)),
    bodyHash: hash(body),
    event,
    body,
    firings: [
      {
        route,
        cooldownKey: null,
        cooldownMs: 0,
        alerts,
        deliveries: [
          {
            id: newId(),
            route,
            target: `slack:${channel}`,
            credential,
            orderKey: key,
            replacesOlder: false,
            state: 'pending',
            request: { kind: 'slack', channel, text: null, thread: false },
            conversation: { key, channel, canMute: false, begins: true },
          },
        ],
      },
    ],
  };
}
