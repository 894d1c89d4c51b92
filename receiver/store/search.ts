import type { DeliveryState, DeliveryView, EventOutcome, EventView } from './delivery.ts';
import type { Page } from './page.ts';

/** What an event must be to be found. Each is left out where anything will do; all that are given must hold. */
export interface EventSearch {
  readonly type?: string;
  readonly source?: string;
  readonly collection?: string;
  readonly alias?: string;
  readonly run?: string;
  /** An event with a delivery of this route. */
  readonly route?: string;
  /** An event with a delivery in one of these states. */
  readonly states?: readonly DeliveryState[];
  readonly outcomes?: readonly EventOutcome[];
  /** Received at or after, and before. Milliseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
  /** In its fields or its body, in any case of letters. At most 200 characters. */
  readonly text?: string;
}

/** An event as a row of a list, with what became of it. */
export interface FoundEvent {
  readonly event: Omit<EventView, 'body'>;
  readonly deliveries: readonly DeliveryView[];
}

export interface SearchPage extends Page<FoundEvent> {
  /** True: looking through old events was stopped at a bound, and `next` goes on from there. */
  readonly isPartial: boolean;
}

/** How often something fired in a time. */
export interface RouteActivity {
  readonly route: string;
  /** Events that it fired for, in equal parts of the time, the oldest first. */
  readonly counts: readonly number[];
  readonly lastFiredAt: number | null;
}

/** Deliveries of one kind of target in one state. */
export interface Undelivered {
  /** `repository_dispatch`, `slack`, … */
  readonly target: string;
  readonly state: DeliveryState;
  readonly count: number;
  /** When the oldest of them was created. */
  readonly oldestAt: number;
}

/** Where pages read. Every list is bounded, and stays fast with a million events. */
export interface Search {
  /** Newest first. `before`: the `next` of another page. */
  searchEvents(search: EventSearch, options: { readonly limit: number; readonly before?: number }): Promise<SearchPage>;
  /** How many deliveries of events that match may be changed, up to `limit`, and their ids, the oldest first. */
  deliveriesToChange(
    search: EventSearch,
    states: readonly DeliveryState[],
    limit: number,
  ): Promise<{ readonly ids: readonly string[]; readonly isAll: boolean }>;
  /** Routes that fired since, with how often in each of `parts` equal parts of the time until `now`. */
  routeActivity(options: { readonly since: number; readonly now: number; readonly parts: number }): Promise<RouteActivity[]>;
  /** What is not delivered, by kind of target and state, each counted up to a bound. */
  undelivered(): Promise<Undelivered[]>;
  /** When the oldest delivery was created that is to be sent, and that nobody has paused; `undefined`: there is none. */
  oldestToSend(): Promise<number | undefined>;
  /** Another text after a change that the page of events would show; cheap to read. */
  revision(): Promise<string>;
}
