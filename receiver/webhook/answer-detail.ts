import { oneLine } from '../../src/event/one-line.ts';
import type { Accepted, LatestEvent, NewEvent } from '../store/delivery.ts';

/** What is said about one delivery of an event. */
export interface AnsweredDelivery {
  readonly id: string;
  /** `repository_dispatch:acme/deploy` */
  readonly target: string;
  readonly state: 'pending' | 'held' | 'dead';
  /** Why it is dead. */
  readonly reason?: string | undefined;
}

/** What is said about one route that matched. */
export interface AnsweredRoute {
  readonly route: string;
  /** Where people are asked. */
  readonly approvalChannel?: string | undefined;
  /** Milliseconds; the route fired for this subject within this time, so it sends nothing now. */
  readonly coolingDownMs?: number | undefined;
  readonly deliveries: readonly AnsweredDelivery[];
}

export const PING_DETAIL = 'This is a test: it is authentic and starts nothing.';

/** W&B shows the answer in the automation's history: people read a few sentences, not fifty. */
const ROUTES_NAMED = 10;
const MAX_REASON = 300;

/**
 * What will happen to a webhook, in sentences for its sender: W&B shows its answer in the history of an automation.
 * Ids are those that `wandb-relay deliveries` and `events` list.
 */
export function detailOf(planned: NewEvent, stored: Accepted): string {
  if (stored.status === 'duplicate') return duplicateDetail(stored, planned.receivedAt);
  const kept = new Set(stored.deliveries.map(({ route }) => route));
  const routes = planned.firings.map(({ route, approval, cooldownMs, deliveries }): AnsweredRoute => {
    const isCoolingDown = deliveries.length > 0 && !kept.has(route);
    return { route, approvalChannel: approval?.channel, coolingDownMs: isCoolingDown ? cooldownMs : undefined, deliveries };
  });
  return acceptedDetail(stored.id, planned.event.type, routes);
}

/** Of an event of a burst. */
export function unroutedDetail(id: string, type: string): string {
  return `Stored as event ${id} of type ${type}. Many events came at once, so its routes are tried in a moment, in the order in which the events came.`;
}

/** As `detailOf`, of an event that is not in any store. */
export function acceptedDetail(id: string, type: string, routes: readonly AnsweredRoute[]): string {
  if (routes.length === 0) return `Stored as event ${id} of type ${type}. No route matches it, so nothing is sent.`;
  const more = routes.length - ROUTES_NAMED;
  return [
    `Stored as event ${id} of type ${type}.`,
    ...routes.slice(0, ROUTES_NAMED).flatMap(routeSentences),
    ...(more > 0 ? [`${more} more ${more === 1 ? 'route matches' : 'routes match'}.`] : []),
  ].join(' ');
}

/** @param now when the duplicate came */
export function duplicateDetail({ id, receivedAt }: Pick<LatestEvent, 'id' | 'receivedAt'>, now: number): string {
  const seconds = Math.max(0, Math.round((now - receivedAt) / 1000));
  const at = new Date(receivedAt).toISOString();
  return `Duplicate of event ${id}, which arrived ${seconds} s earlier (${at}) with the same body. Nothing more is sent for it.`;
}

function routeSentences({ route, approvalChannel, coolingDownMs, deliveries }: AnsweredRoute): string[] {
  const name = oneLine(route);
  if (coolingDownMs !== undefined)
    return [`Route ${name} sends nothing: it fired for the same subject less than ${coolingDownMs / 1000} s ago (its cooldown).`];
  return deliveries.map((delivery) => deliverySentence(name, approvalChannel, delivery));
}

function deliverySentence(route: string, channel: string | undefined, { id, target, state, reason }: AnsweredDelivery): string {
  const isStop = target === 'wandb_stop';
  const what = `${isStop ? 'the run' : wordsOf(target)} (delivery ${id})`;
  switch (state) {
    case 'pending':
      return `Route ${route} ${isStop ? 'stops' : 'sends'} ${what}.`;
    case 'held':
      return `Route ${route} ${isStop ? 'stops' : 'sends'} ${what} after approval${channel === undefined ? '' : ` in ${oneLine(channel)}`}.`;
    case 'dead':
      return `Route ${route} cannot ${isStop ? 'stop' : 'send'} ${what}: ${oneLine(reason ?? 'its request could not be built').slice(0, MAX_REASON)}.`;
  }
}

/** `repository_dispatch:acme/deploy` → `a repository_dispatch to acme/deploy`. */
function wordsOf(target: string): string {
  const colon = target.indexOf(':');
  const [kind, place] = [target.slice(0, colon), oneLine(target.slice(colon + 1))];
  return kind === 'slack' ? `a message to ${place}` : `a ${kind} to ${place}`;
}
