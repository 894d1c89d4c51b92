import { conversationSubjectOf, type RelayEvent, type Replaced, subjectOf } from '../../src/event/event.ts';
import { promotionOf } from '../../src/event/promotion.ts';
import { digest } from '../../src/lib/digest.ts';
import type { NewId } from '../../src/lib/id.ts';
import type { JsonValue } from '../../src/lib/json.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import { channelKey, isSameChannel } from '../../src/route/channel.ts';
import { withChannels } from '../../src/route/channel-template.ts';
import { notifiedOf } from '../../src/route/notified.ts';
import type { Route } from '../../src/route/route.ts';
import type { MatchRoutes } from '../../src/route/route-index.ts';
import { type CompiledTarget, compileTarget, usesApproval, usesEnrichment } from '../../src/route/target.ts';
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
  /** See `NewEvent`. */
  readonly waitedUntil?: number;
}

export interface PlanOptions {
  readonly matchRoutes: MatchRoutes;
  /** Whose rate limit a target's deliveries count against. */
  readonly credentialFor: (target: CompiledTarget) => string;
  readonly newId: NewId;
  /** What is configured: whom nobody can reach is not asked, and what nobody can look up is not waited for. */
  readonly connected: { readonly slack: boolean; readonly wandb: boolean };
  /** Slack user id by W&B user name, for direct messages; left out: nobody is known. */
  readonly slackUsers?: () => Readonly<Record<string, string>>;
  /** Who is mentioned for a failure, and where, by route; left out: the author, in the threads that show it. */
  readonly alerts?: AlertPolicyOf;
}

/** See `NewEvent.subjectKey`. */
export function subjectKeyOf(event: RelayEvent): string {
  return digest(subjectOf(event));
}

/**
 * Decides everything that follows from an event, before anything is stored: which routes fire, and what each sends.
 *
 * @param id the event's, when it has one already
 */
export function planEvent(received: ReceivedEvent, options: PlanOptions, id = options.newId()): NewEvent {
  const { event, payload, body, bodyHash, receivedAt, waitedUntil } = received;
  const routes = options.matchRoutes(event, payload).map((route) => withChannels(resolvedRoute(route, event), event, payload));
  const promotion = promotionOf(event);
  const subject = subjectOf(event);
  const subjectKey = digest(subject);
  const planned: Planned = { event, payload, id, subject, ownChannels: promotion === undefined ? ownChannelsOf(routes) : 'all' };
  const plans = routes.map((route) => planFiring(route, planned, options));
  const firingsFor = (known: RelayEvent) => plans.map((firingFor) => firingFor(known));
  return {
    id,
    receivedAt,
    ...(waitedUntil === undefined ? {} : { waitedUntil }),
    subjectKey,
    bodyHash,
    event,
    body,
    firings: firingsFor(event),
    // A rollback does not move the alias.
    ...(promotion === undefined || event.rollback === true
      ? {}
      : {
          promotion: {
            aliasKey: promotion.aliasKey === subject ? subjectKey : digest(promotion.aliasKey),
            version: promotion.version,
            replacing: (replaces: Replaced) => ({ event: { ...event, replaces }, firings: firingsFor({ ...event, replaces }) }),
          },
        }),
  };
}

/**
 * The end of a condition is reported, whatever was reported before, and stops nothing. Nobody is asked about it: behind an
 * approval it is only said.
 */
function resolvedRoute(route: Route, { resolved }: RelayEvent): Route {
  if (resolved !== true) return route;
  const { approval, ...rest } = route;
  const targets = route.targets.filter(({ channel, kind }) => channel !== undefined || (approval === undefined && !STOPS.has(kind)));
  return { ...rest, approval: undefined, cooldownMs: 0, notify: [], targets };
}

/** Kinds of targets that stop what the event is about. */
const STOPS: ReadonlySet<string> = new Set(['wandb_stop']);

interface Planned {
  readonly id: string;
  readonly event: RelayEvent;
  readonly payload: JsonValue;
  readonly subject: string;
  /** Channels in which the event begins a conversation of its own. */
  readonly ownChannels: ReadonlySet<string> | 'all';
}

/** An event that gives an alias begins one in each channel; others where a target says `thread: false`. */
function ownChannelsOf(routes: readonly Route[]): ReadonlySet<string> {
  const targets = routes.flatMap((route) => route.targets);
  return new Set(targets.filter(({ definition }) => definition.slack?.thread === false).map(({ channel = '' }) => channelKey(channel)));
}

/** @returns what the route sends, for the event with what is known of it by then: ids, order keys and conversations stay the same */
function planFiring(route: Route, planned: Planned, options: PlanOptions): (event: RelayEvent) => RouteFiring {
  const targets = [...route.targets, ...askingTargets(route, options), ...directTargets(route, planned.event, options)];
  const plans = targets.map((target) => planDelivery(target, route, planned, options));
  const firing = {
    route: route.name,
    cooldownKey: route.cooldownMs === 0 ? null : digest(`${route.name}\n${planned.subject}`),
    cooldownMs: route.cooldownMs,
    ...(route.approval === undefined ? {} : { approval: route.approval }),
    ...(options.alerts === undefined ? {} : { alerts: options.alerts(route.name) }),
  };
  return (event) => ({ ...firing, deliveries: plans.map((deliveryFor) => deliveryFor(event)) });
}

/** People are asked in the approval's channel, also when no target of the route goes there. */
function askingTargets({ approval, targets }: Route, { connected }: PlanOptions): CompiledTarget[] {
  if (
    approval === undefined ||
    !connected.slack ||
    targets.some(({ channel }) => channel !== undefined && isSameChannel(channel, approval.channel))
  )
    return [];
  return [compileTarget({ slack: { channel: approval.channel } })];
}

/** Direct messages, for whoever has no message of the route yet. */
function directTargets(route: Route, event: RelayEvent, { connected, slackUsers = () => ({}) }: PlanOptions): CompiledTarget[] {
  if (route.notify.length === 0 || !connected.slack) return [];
  return notifiedOf(route, event, slackUsers())
    .filter((id) => !route.targets.some(({ channel }) => channel === id) && route.approval?.channel !== id)
    .map((id) => compileTarget({ slack: { channel: id } }));
}

function planDelivery(target: CompiledTarget, route: Route, planned: Planned, options: PlanOptions): (event: RelayEvent) => NewDelivery {
  const id = options.newId();
  // What W&B's API tells, or who approves it, may be what is missing; what is still missing then is refused when it is sent.
  const isCompletedLater = options.connected.wandb && usesEnrichment(target.definition);
  const isApprovedLater = route.approval !== undefined && usesApproval(target.definition);
  const conversation = target.channel === undefined ? undefined : conversationOf(target.channel, route, planned);
  const delivery = {
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
  return (event) => {
    const context = { delivery_id: id, route: route.name, event: { ...event, payload: planned.payload } };
    const built = target.build(context);
    const request = built.ok || !(isCompletedLater || isApprovedLater) ? built : target.build(context, 'unchecked');
    if (!request.ok) return { ...delivery, state: 'dead', reason: request.error, request: null };
    // Messages are sent at once; only dispatches wait for the approval.
    if (route.approval !== undefined && conversation === undefined)
      return { ...delivery, state: 'held', reason: 'waits for approval', request: request.value };
    return { ...delivery, state: 'pending', request: request.value };
  };
}

/** One event is one message in a channel, whatever the number of its routes. */
function conversationOf(channel: string, route: Route, { id, event, ownChannels }: Planned): NewConversation {
  const begins = ownChannels === 'all' || ownChannels.has(channelKey(channel));
  const subject = digest(`${channel}\n${conversationSubjectOf(event)}`);
  // Runs of one automation fail and crash together, and come back.
  const status = event.engine === 'relay' ? null : (event.status ?? null);
  const kind = JSON.stringify([channelKey(channel), event.source, event.type, event.alias ?? null, status, event.automation ?? null]);
  return {
    key: begins ? digest(`${channelKey(channel)}\nevent ${id}`) : subject,
    channel,
    canMute: route.approval === undefined || !isSameChannel(route.approval.channel, channel),
    // Later events join a promotion's conversation, not that of an event with `thread: false`.
    ...(begins && ownChannels !== 'all' ? {} : { subject }),
    ...(begins ? { begins } : {}),
    kind: digest(kind),
    ...(event.engine === 'relay' ? { gathers: true } : {}),
    ...(event.resolved === true ? { resolves: true } : {}),
  };
}
