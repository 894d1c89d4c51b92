import { withoutDetails } from '../../src/event/enrichment.ts';
import { type JsonObject, parseExactJson } from '../../src/lib/json.ts';
import { isMessage } from '../../src/route/conversation-requests.ts';
import { type CompiledTarget, isDispatch, type TargetDefinition, type TargetRequest } from '../../src/route/target.ts';
import type { Runtime } from '../runtime.ts';
import type { ClaimedDelivery, HeldDelivery } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';

export interface EnrichOptions extends Pick<Runtime, 'log'> {
  readonly store: Pick<Store, 'event' | 'updateRequest' | 'heldToEnrich' | 'updateHeldRequest'>;
  /** What is known about an event beyond what arrived, or `null`. Quick and without failures of its own. */
  readonly enrich: (eventId: string) => Promise<JsonObject | null>;
  readonly compile: (definition: TargetDefinition) => CompiledTarget;
}

/**
 * The request that a claimed delivery is to send: where it was to be built again with what is known about the
 * event by now, that is done once, and stored, so that retries and replays send the same. What cannot be built again goes
 * out as it was built when the event was accepted.
 *
 * Before a message goes out, all that its event holds is built again in the same way: what people are asked about is what
 * is sent once they approve.
 *
 * Rejects only when the store fails.
 */
export async function enrichRequest(delivery: ClaimedDelivery, options: EnrichOptions): Promise<TargetRequest> {
  const { template, request } = delivery;
  const isFirst = delivery.attempts === 0;
  // Also without a template: the event's message and the status of its commit show what is known.
  const wandb = isFirst && (isDispatch(request) || isMessage(request)) ? await options.enrich(delivery.eventId) : null;
  if (isMessage(request)) await updateAllHeld(delivery.eventId, options);
  if (template === null) return request;
  // What may have been sent already is not sent in two forms.
  const enriched = wandb === null ? request : await built(delivery, template, wandb, options);
  // Where it could not be stored the lease is lost: nothing is sent that another attempt would not send.
  return (await options.store.updateRequest(delivery, enriched)) ? enriched : request;
}

async function updateAllHeld(eventId: string, options: EnrichOptions): Promise<void> {
  const held = await options.store.heldToEnrich(eventId);
  if (held.length === 0) return;
  const wandb = await options.enrich(eventId);
  for (const delivery of held) {
    const { id, template, request } = delivery;
    const enriched = wandb === null ? request : await built(delivery, template, wandb, options);
    await options.store.updateHeldRequest(id, enriched);
  }
}

async function built(
  delivery: ClaimedDelivery | HeldDelivery,
  template: TargetDefinition,
  wandb: JsonObject,
  options: EnrichOptions,
): Promise<TargetRequest> {
  const { store, log } = options;
  const view = await store.event(delivery.eventId);
  const payload = view === undefined ? undefined : parseExactJson(view.body);
  if (view === undefined || payload?.ok !== true) return delivery.request;
  const { event } = view;
  const { build } = options.compile(template);
  const fields = { delivery: delivery.id, event: delivery.eventId, route: delivery.route, target: delivery.target };
  for (const known of [wandb, withoutDetails(wandb)]) {
    const request = build({ delivery_id: delivery.id, route: delivery.route, event: { ...event, payload: payload.value, wandb: known } });
    if (request.ok) return request.value;
    log.warn({ ...fields, reason: request.error }, 'the request does not hold all that W&B says about the event');
  }
  return delivery.request;
}
