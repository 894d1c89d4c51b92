import { withoutDetails } from '../../src/event/enrichment.ts';
import type { ApprovalFacts } from '../../src/event/event.ts';
import { type JsonObject, parseExactJson } from '../../src/lib/json.ts';
import { isMessage } from '../../src/route/conversation-requests.ts';
import { type CompiledTarget, isDispatch, type TargetRequest } from '../../src/route/target.ts';
import type { TargetDefinition } from '../../src/route/target-schema.ts';
import type { Runtime } from '../runtime.ts';
import type { Approved, BuiltWith, ClaimedDelivery, HeldDelivery } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';

export interface EnrichOptions extends Pick<Runtime, 'log'> {
  readonly store: Pick<Store, 'event' | 'updateRequest' | 'heldToEnrich' | 'updateHeldRequest'>;
  /** What is known about an event beyond what arrived, or `null`. Quick and without failures of its own. */
  readonly enrich: (eventId: string) => Promise<JsonObject | null>;
  readonly compile: (definition: TargetDefinition) => CompiledTarget;
}

/**
 * The request that a claimed delivery is to send: where it was to be built again with what is known about the
 * event by now, or with who approved it, that is done once, and stored, so that retries and replays send the same. What
 * cannot be built again goes out as it was built when the event was accepted.
 *
 * Before a message goes out, all that its event holds is built again in the same way: what people are asked about is what
 * is sent once they approve, and who approved it is all that is added then.
 *
 * Rejects only when the store fails.
 */
export async function enrichRequest(delivery: ClaimedDelivery, options: EnrichOptions): Promise<TargetRequest> {
  const { template, request, approved } = delivery;
  const isFirst = delivery.attempts === 0;
  // Also without a template: the event's message and the status of its commit show what is known.
  const wandb = isFirst && (isDispatch(request) || isMessage(request)) ? await options.enrich(delivery.eventId) : null;
  if (isMessage(request)) await updateAllHeld(delivery.eventId, options);
  if (template === null && approved === undefined) return request;
  // What may have been sent already is not sent in two forms: a request is stored before it is sent, and then has no template.
  const asFirst = template === null || wandb === null ? undefined : await built(delivery, template, formsOf(wandb), options);
  const complete = approved === undefined ? asFirst?.request : await withApproval(delivery, approved, asFirst, options);
  const enriched = complete ?? request;
  // Where it could not be stored the lease is lost: nothing is sent that another attempt would not send.
  return (await options.store.updateRequest(delivery, enriched)) ? enriched : request;
}

async function updateAllHeld(eventId: string, options: EnrichOptions): Promise<void> {
  const held = await options.store.heldToEnrich(eventId);
  if (held.length === 0) return;
  const wandb = await options.enrich(eventId);
  for (const delivery of held) {
    const { id, template, request } = delivery;
    const enriched = wandb === null ? undefined : await built(delivery, template, formsOf(wandb), options);
    await options.store.updateHeldRequest(id, enriched?.request ?? request, enriched?.builtWith);
  }
}

/** A form in which what is known is added to an event; what does not fit is left out in the next one. */
interface Form {
  readonly builtWith: BuiltWith | undefined;
  readonly added: { readonly wandb?: JsonObject; readonly approval?: ApprovalFacts };
}

interface Built extends Form {
  readonly request: TargetRequest;
}

function formsOf(wandb: JsonObject): Form[] {
  return [
    { builtWith: 'all', added: { wandb } },
    { builtWith: 'short', added: { wandb: withoutDetails(wandb) } },
  ];
}

/**
 * The same request with who approved it, from the same facts. When that does not fit into the target's limits, it goes out as it
 * is: what people approved is never lost.
 *
 * @param asFirst what was built just now, because nobody was asked in a message before
 */
async function withApproval(
  delivery: ClaimedDelivery,
  { template, builtWith, approval }: Approved,
  asFirst: Built | undefined,
  options: EnrichOptions,
): Promise<TargetRequest | undefined> {
  const known = asFirst?.builtWith ?? builtWith;
  const wandb = known === null ? undefined : (await options.store.event(delivery.eventId))?.wandb;
  const forms = wandb === null || wandb === undefined ? [{ builtWith: undefined, added: {} }] : formsOf(wandb);
  const same = forms
    .filter((form) => form.builtWith !== 'all' || known === 'all')
    .map((form) => ({ ...form, added: { ...form.added, approval } }));
  return ((await built(delivery, template, same, options)) ?? asFirst)?.request;
}

/** The first of the forms that can be built; `undefined` when none can. */
async function built(
  delivery: ClaimedDelivery | HeldDelivery,
  template: TargetDefinition,
  forms: readonly Form[],
  options: EnrichOptions,
): Promise<Built | undefined> {
  const { store, log } = options;
  const view = await store.event(delivery.eventId);
  const payload = view === undefined ? undefined : parseExactJson(view.body);
  if (view === undefined || payload?.ok !== true) return undefined;
  const { event } = view;
  const { build } = options.compile(template);
  const fields = { delivery: delivery.id, event: delivery.eventId, route: delivery.route, target: delivery.target };
  for (const form of forms) {
    const request = build({ delivery_id: delivery.id, route: delivery.route, event: { ...event, payload: payload.value, ...form.added } });
    if (request.ok) return { ...form, request: request.value };
    log.warn({ ...fields, reason: request.error }, 'the request does not hold all that is known about the event');
  }
  return undefined;
}
