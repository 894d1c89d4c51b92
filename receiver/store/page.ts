import type { DeliveryState, DeliveryView, EventOutcome, EventView, RejectedRequest } from './delivery.ts';

/** Lists in pages, newest first. A page says where the next one begins; the last page does not. */

export interface Page<T> {
  readonly items: readonly T[];
  /** What `before` is for the next page; `undefined`: there is none. */
  readonly next: number | undefined;
}

interface PageOptions {
  readonly limit: number;
  /** Only what was stored before this position, the `next` of another page. Rows that are pruned meanwhile do not matter. */
  readonly before?: number;
}

export interface DeliveryFilter {
  readonly states?: readonly DeliveryState[];
  /** Created at or after. */
  readonly since?: number;
  readonly eventId?: string;
  readonly route?: string;
  readonly limit: number;
}

export interface EventFilter {
  readonly outcomes?: readonly EventOutcome[];
  readonly type?: string;
  /** Received at or after. */
  readonly since?: number;
  readonly limit: number;
}

export interface DeliveryPageOptions extends DeliveryFilter, PageOptions {
  readonly order?: 'newest first' | 'oldest first';
}

export interface EventPageOptions extends EventFilter, PageOptions {
  /**
   * How many characters of bodies a page may hold; the page ends before the body that exceeds it, but has at least one event.
   * Left out: events come without their bodies.
   */
  readonly bodyRoom?: number;
}

/** An event in a list, with its body where that was asked for, else with the body's length in characters. */
export type EventSummary = Omit<EventView, 'body'> & ({ readonly bodyLength: number } | { readonly body: string });

export interface RejectedPageOptions extends PageOptions {
  /** As `EventPageOptions.bodyRoom`; rejected requests always come with their bodies. */
  readonly bodyRoom: number;
}

/** Where people read lists of any length. */
export interface Pages {
  deliveryPage(options: DeliveryPageOptions): Promise<Page<DeliveryView>>;
  eventPage(options: EventPageOptions): Promise<Page<EventSummary>>;
  rejectedPage(options: RejectedPageOptions): Promise<Page<RejectedRequest>>;
}
