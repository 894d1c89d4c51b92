import { firingEvent } from '../../src/engine/firing-event.ts';
import type { RelayEvent } from '../../src/event/event.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import type { NewId } from '../../src/lib/id.ts';
import { isJsonObject, type JsonValue } from '../../src/lib/json.ts';
import { withChannels } from '../../src/route/channel-template.ts';
import { type Route, routeMatches, whyNot } from '../../src/route/route.ts';
import type { TargetRequest } from '../../src/route/target.ts';
import type { NewEvent } from '../store/delivery.ts';
import type { PromotionView } from '../store/ledger.ts';
import { replacedBy, replacedWords } from '../store/replaced-by.ts';
import { acceptedDetail } from './answer-detail.ts';
import { type PlanOptions, planEvent, type ReceivedEvent } from './route-event.ts';

export interface SimulatedRoute {
  readonly route: string;
  readonly matches: boolean;
  /** Why it does not match. */
  readonly why: readonly string[];
  /** Dispatches wait for an approval first. */
  readonly held: boolean;
  /** Where people are asked. */
  readonly approvalChannel?: string | undefined;
  readonly requests: readonly SimulatedRequest[];
}

export type SimulatedRequest = {
  /** Made up: nothing is stored. */
  readonly id: string;
  readonly target: string;
} & ({ readonly request: TargetRequest } | { readonly problem: string });

/** The body of a firing of our own engine, which the log and the pages have, is read as the engine does: nothing is sent. */
export function understandToSimulate(payload: JsonValue, source: string): ReturnType<typeof understandBody> {
  if (isJsonObject(payload) && payload.relay === 1 && payload.engine === 'relay') return { kind: 'event', event: firingEvent(payload) };
  return understandBody(payload, source);
}

/**
 * What the receiver would store for an event, with ids that are made up: the same plan as for a webhook. Stores nothing. Whether
 * it is a duplicate or a route cools down, only the store decides.
 *
 * @param holder what has the alias now that the event gives
 */
export function simulatePlan(received: ReceivedEvent, options: PlanOptions, holder?: PromotionView): NewEvent {
  const planned = planEvent(received, options);
  const { promotion } = planned;
  const replaced = promotion === undefined ? null : replacedBy(promotion.version, holder);
  return promotion === undefined || replaced === null ? planned : { ...planned, ...promotion.replacing(replacedWords(replaced)) };
}

/** What an event would start, and why not. Sends nothing, stores nothing. */
export function simulateRoutes(routes: readonly Route[], event: RelayEvent, payload: JsonValue, newId: NewId): SimulatedRoute[] {
  return routes.map((route) => {
    if (!routeMatches(route, event, payload))
      return { route: route.name, matches: false, why: whyNot(route, event, payload), held: false, requests: [] };
    const requests = withChannels(route, event, payload).targets.map((target): SimulatedRequest => {
      const id = newId();
      const built = target.build({ delivery_id: id, route: route.name, event: { ...event, payload } });
      return { id, target: target.name, ...(built.ok ? { request: built.value } : { problem: built.error }) };
    });
    return {
      route: route.name,
      matches: true,
      why: [],
      held: route.approval !== undefined,
      approvalChannel: route.approval?.channel,
      requests,
    };
  });
}

/** What the receiver's answer would say, with made-up ids; whether the event is a duplicate or a route cools down only a store knows. */
export function simulatedDetail(routes: readonly SimulatedRoute[], event: RelayEvent, newId: NewId): string {
  const matching = routes.filter(({ matches }) => matches);
  return acceptedDetail(
    newId(),
    event.type,
    matching.map((route) => ({
      route: route.route,
      approvalChannel: route.approvalChannel,
      deliveries: route.requests.map((item) => ({
        id: item.id,
        target: item.target,
        state: 'problem' in item ? 'dead' : waits(route, item) ? 'held' : 'pending',
        reason: 'problem' in item ? item.problem : undefined,
      })),
    })),
  );
}

/** Whether the target of a route that matches waits for an approval: messages do not. */
export function waits(route: SimulatedRoute, { target }: Pick<SimulatedRequest, 'target'>): boolean {
  return route.held && !target.startsWith('slack:');
}
