import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** GitHub's documented limits for a repository dispatch: 100 characters of event_type, ten top-level keys, under 64 KB. */
export const DISPATCH_LIMITS = { eventType: 100, payloadKeys: 10, payloadBytes: 60_000 } as const;

/** The body of GitHub's "Create a repository dispatch event". */
export interface DispatchContent {
  readonly event_type: string;
  readonly client_payload: JsonObject;
}

/** Which of GitHub's limits the content breaks, or `undefined`. */
export function dispatchProblem({ event_type, client_payload }: DispatchContent): string | undefined {
  if (event_type.trim() === '') return 'event_type is empty for this event: give the template a default';
  if (event_type.length > DISPATCH_LIMITS.eventType) {
    return `event_type has ${event_type.length} characters; GitHub allows ${DISPATCH_LIMITS.eventType}`;
  }
  const keys = Object.keys(client_payload).length;
  if (keys > DISPATCH_LIMITS.payloadKeys) return `client_payload has ${keys} top-level keys; GitHub allows ${DISPATCH_LIMITS.payloadKeys}`;
  const bytes = payloadBytes(client_payload);
  if (bytes > DISPATCH_LIMITS.payloadBytes) {
    return `client_payload has ${bytes} bytes; GitHub takes less than 64 KB, we stop at ${DISPATCH_LIMITS.payloadBytes}`;
  }
  return undefined;
}

/**
 * The dispatch of a body that already has the form of one: its `event_type`, and its `client_payload` if there is one.
 * `delivery_id` is added if there is room and no such key, so that the run can be found.
 *
 * @returns an error that says why the body is not a dispatch
 */
export function dispatchInBody(body: JsonValue, deliveryId: string): Result<DispatchContent, string> {
  if (!isJsonObject(body)) return notADispatch('is not a JSON object');
  const { event_type, client_payload = {} } = body;
  if (event_type === undefined) return notADispatch('has no event_type');
  if (typeof event_type !== 'string') return notADispatch('has an event_type that is not text');
  if (event_type.trim() === '') return notADispatch('has an empty event_type');
  if (!isJsonObject(client_payload)) return notADispatch('has a client_payload that is not an object');
  // W&B's flat variables have an event_type too. They would be dropped silently.
  if (body.client_payload === undefined && Object.keys(body).length > 1) return notADispatch('has no client_payload');
  return ok({ event_type, client_payload: withDeliveryId(client_payload, deliveryId) });
}

function notADispatch(why: string): Result<never, string> {
  return err(`passthrough needs a body that is a GitHub dispatch, {"event_type": …, "client_payload": {…}}; this one ${why}`);
}

function withDeliveryId(payload: JsonObject, deliveryId: string): JsonObject {
  if (Object.hasOwn(payload, 'delivery_id')) return payload;
  const extended = { ...payload, delivery_id: deliveryId };
  const fits = Object.keys(extended).length <= DISPATCH_LIMITS.payloadKeys && payloadBytes(extended) <= DISPATCH_LIMITS.payloadBytes;
  return fits ? extended : payload;
}

function payloadBytes(payload: JsonObject): number {
  return Buffer.byteLength(JSON.stringify(payload));
}
