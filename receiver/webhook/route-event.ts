import { conversationSubjectOf, type RelayEvent, type Replaced, subjectOf } from '../../src/event/event.ts';
import { promotionOf } from '../../src/event/promotion.ts';
import { digest } from '../../src/lib/digest.ts';
import type { NewId } from '../../src/lib/id.ts';
import type { JsonValue } from '../../src/lib/json.ts';
import type { Route } from '../../src/route/route.ts';
import type { MatchRoutes } from '../../src/route/route-index.ts';
import { type CompiledTarget, compileTarget, type TargetDefinition, usesApproval, usesEnrichment } from '../../src/route/target.ts';
import type { NewConversation, NewDelivery, NewEvent, RouteFiring } from '../store/delivery.ts';

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
  readonly matchRoutes: MatchRoutes;
  /** Whose rate limit a target's deliveries count against. */
  readonly credentialFor: (target: CompiledTarget) => string;
  readonly newId: NewId;
  /** What is configured: whom nobody can reach is not asked, and what nobody can look up is not waited for. */
  readonly connected: { readonly slack: boolean; readonly wandb: boolean };
}

/** Decides everything that follows from an event, before anything is stored: which routes fire, and what each sends. */
export function planEvent(received: ReceivedEvent, options: PlanOptions): NewEvent {
  const { event, payload, body, bodyHash, receivedAt } = received;
  const planned: Planned = { event, payload, id: options.newId(), subject: subjectOf(event) };
  const routes = options.matchRoutes(event, payload);
  const ids = rememberedIds(options.newId);
  const firingsFor = (known: RelayEvent) => {
    const again = { ...options, newId: ids() };
    return routes.map((route) => fire(route, { ...planned, event: known }, again));
  };
  // A rollback does not move the alias.
  const promotion = event.rollback === true ? undefined : promotionOf(event);
  return {
    id: planned.id,
    receivedAt,
    subjectKey: digest(planned.subject),
    bodyHash,
    event,
    body,
    firings: firingsFor(event),
    ...(promotion === undefined
      ? {}
      : {
          promotion: {
            aliasKey: digest(promotion.aliasKey),
            version: promotion.version,
            replacing: (replaces: Replaced) => ({ event: { ...event, replaces }, firings: firingsFor({ ...event, replaces }) }),
          },
        }),
  };
}

/** Each call gives the same ids again, in the same order. */
function rememberedIds(newId: NewId): () => NewId {
  const ids: string[] = [];
  return () => {
    let next = 0;
    return () => {
      const id = ids[next] ?? newId();
      ids[next++] = id;
      return id;
    };
  };
}

interface Planned {
  readonly id: string;
  readonly event: RelayEvent;
  readonly payload: JsonValue;
  readonly subject: string;
}

function fire(route: Route, planned: Planned, options: PlanOptions): RouteFiring {
  const deliveries = [...route.targets, ...askingTargets(route, options)].map((target) => deliveryTo(target, route, planned, options));
  return {
    route: route.name,
    cooldownKey: route.cooldownMs === 0 ? null : digest(`${route.name}\n${planned.subject}`),
    cooldownMs: route.cooldownMs,
    deliveries,
    ...(route.approval === undefined ? {} : { approval: route.approval }),
  };
}

/** People are asked in the approval's channel, also when no target of the route goes there. */
function askingTargets({ approval, targets }: Route, { connected }: PlanOptions): CompiledTarget[] {
  if (approval === undefined || !connected.slack || targets.some(({ channel }) => channel === approval.channel)) return [];
  return [compileTarget({ slack: { channel: approval.channel } })];
}

function deliveryTo(target: CompiledTarget, route: Route, planned: Planned, options: PlanOptions): NewDelivery {
  const id = options.newId();
  const context = { delivery_id: id, route: route.name, event: { ...planned.event, payload: planned.payload } };
  // What W&B's API tells, or who approves it, may be what is missing; what is still missing then is refused when it is sent.
  const isCompletedLater = options.connected.wandb && usesEnrichment(target.definition);
  const isApprovedLater = route.approval !== undefined && usesApproval(target.definition);
  const built = target.build(context);
  const request = built.ok || !(isCompletedLater || isApprovedLater) ? built : target.build(context, 'unchecked');
  const conversation = target.channel === undefined ? undefined : conversationOf(target.channel, target.definition, route, planned);
  const common = {
    id,
    route: route.name,
    target: target.name,
    credential: options.credentialFor(target),
    orderKey: conversation?.key ?? digest(`${target.name}\n${planned.subject}`),
    replacesOlder: route.order === 'latest',
    ...(conversation === undefined ? {} : { conversation }),
    ...(isCompletedLater ? { template: target.definition } : {}),
    ...(isApprovedLater ? { approvalTemplate: target.definition } : {}),
  };
  if (!request.ok) return { ...common, state: 'dead', reason: request.error, request: null };
  // Messages are sent at once; only dispatches wait for the approval.
  if (route.approval !== undefined && conversation === undefined)
    return { ...common, state: 'held', reason: 'waits for approval', request: request.value };
  return { ...common, state: 'pending', request: request.value };
}

function conversationOf(channel: string, definition: TargetDefinition, route: Route, { id, event }: Planned): NewConversation {
  // Without a thread every event has a conversation of its own.
  const about = definition.slack?.thread === false ? `${route.name}\n${id}` : conversationSubjectOf(event);
  return { key: digest(`${channel}\n${about}`), channel, canMute: route.approval?.channel !== channel };
}
