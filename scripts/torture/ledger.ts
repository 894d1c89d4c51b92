import type { Step } from './steps.ts';

/**
 * What the world outside of the receivers knows, written down while a run goes on. The accounting holds it against what the
 * store says at the end. Times are the machine's, in milliseconds since 1970; receivers may believe in other ones.
 */

/** How the stand-in answers a dispatch. `accepted`: it takes effect although the answer does not say so. */
export const MOODS = [
  'ok',
  'late',
  'error',
  'accepted-502',
  'reset',
  'accepted-reset',
  'hang',
  'accepted-hang',
  'limited',
  'refused',
] as const;
export type Mood = (typeof MOODS)[number];

/** A dispatch that reached the stand-in, in the order of arrival. */
export interface Arrival {
  readonly deliveryId: string;
  /** Which process sent it: the receiver's name and how often it had been started. */
  readonly receiver: string;
  readonly at: number;
  readonly mood: Mood;
  /** It started a run. */
  readonly tookEffect: boolean;
  /** The whole answer left before the sender hung up. */
  answered: boolean;
}

export type EventKind = 'deploy' | 'gated';

/** An event that a receiver acknowledged: 202, or 200 `duplicate` for one that was stored before. */
export interface Acknowledgement {
  readonly kind: EventKind;
  /** What it is about: the order of one subject is kept. */
  readonly subject: string;
  /** Its place among the events of its subject, as its sender sent them. */
  readonly sequence: number;
  readonly eventId: string;
  readonly tries: number;
  /** It was stored as it came, in a burst, and is routed later. */
  readonly unrouted: boolean;
}

/** Why a process was killed: at a moment that means nothing, or at a step. */
export type KillCause = 'random' | Step;

export interface Kill {
  readonly receiver: string;
  readonly cause: KillCause;
  readonly at: number;
}

/** Something else than a kill that was done to the receivers. */
export interface Disturbance {
  readonly kind: 'clock' | 'disk' | 'database';
  readonly detail: string;
  readonly from: number;
  until: number;
}

/** The answer to somebody who decided about a held delivery. `lost`: there was no answer. */
export interface Decision {
  readonly deliveryId: string;
  readonly through: string;
  readonly word: 'approve' | 'cancel';
  readonly answer: 'done' | 'refused' | 'lost';
}

/** A receiver that ended although nobody killed it. */
export interface Crash {
  readonly receiver: string;
  readonly at: number;
  readonly isStarting: boolean;
  readonly detail: string;
}

export interface Ledger {
  readonly acknowledged: Acknowledgement[];
  /** Until the store was read. */
  readonly arrivals: readonly Arrival[];
  /** While it was read: they can say that something arrived, and nothing about what had to come before. */
  readonly arrivedMeanwhile: readonly Arrival[];
  readonly kills: Kill[];
  readonly disturbances: Disturbance[];
  readonly decisions: Decision[];
  readonly crashes: Crash[];
}

export interface StoredEvent {
  readonly id: string;
  readonly outcome: string;
  readonly subject: string;
  readonly sequence: number;
}

export interface StoredDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly target: string;
  readonly state: string;
  readonly reason: string | null;
  /** When it is tried next, by the receivers' clock; `null` unless it waits for that. */
  readonly dueAt: number | null;
}

/** The log of one delivery: of those that arrived more than once, and of those that people decided about. */
export interface StoredRecord {
  readonly attempts: readonly { readonly outcome: string; readonly durationMs: number }[];
  readonly notes: readonly string[];
}

/** What the receivers' own commands say at the end. */
export interface StoredState {
  /** In the order of acceptance. */
  readonly events: readonly StoredEvent[];
  /** In the order of acceptance. */
  readonly deliveries: readonly StoredDelivery[];
  readonly records: ReadonlyMap<string, StoredRecord>;
}
