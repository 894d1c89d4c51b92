import type { RequestKind } from '../../src/route/target.ts';
import type { AttemptOutcome } from '../store/delivery.ts';
import type { Family } from './families.ts';

/** What parts of the receiver report while they work. Costs next to nothing, and never fails. */
export interface Metrics extends EngineMetrics {
  /** A request was answered. `path`: which of our endpoints; `result`: what became of it. Milliseconds. */
  answered(path: string, status: number, result: string | undefined, ms: number): void;
  /** A webhook was stored as an event of this type. */
  accepted(type: string): void;
  /** An attempt has ended. Milliseconds. */
  attempted(kind: RequestKind, outcome: AttemptOutcome, ms: number): void;
  /** Sending has ended. Milliseconds since it was next in line. */
  settled(kind: RequestKind, state: 'delivered' | 'dead', ms: number): void;
  /** The store has done something. Milliseconds. */
  stored(operation: StoreOperation, ms: number): void;
}

/** What the engine reports. */
export interface EngineMetrics {
  /** So many points were read. */
  evaluated(points: number): void;
  /** So many events were stored because something fired or resolved. */
  fired(events: number): void;
  /** A round of a project has ended. `part`: not everything could be read. Milliseconds. */
  roundEnded(result: RoundResult, ms: number): void;
  /** W&B was asked. `failed`: no answer, or an error. */
  askedWandb(result: 'answered' | 'limited' | 'failed'): void;
}

export type RoundResult = 'read' | 'part' | 'failed';

/** What is measured of the store: what every event needs. */
export type StoreOperation = 'accept' | 'claim' | 'settle';

/** Metrics that can be read. */
export interface ReadableMetrics extends Metrics {
  /** What was counted. */
  families(): Family[] | Promise<Family[]>;
  /** More in Prometheus' text format; left out: nothing. */
  text?(): Promise<string>;
}

/** What the store and the engine say when they are asked. */
export interface Gauges {
  readonly undelivered: readonly { readonly target: string; readonly state: string; readonly count: number }[];
  /** When the oldest delivery that is still to be sent was created; `undefined`: there is none. */
  readonly oldestAt: number | undefined;
  /** Events whose routes were not tried yet. */
  readonly unrouted: number;
  readonly throttled: number;
  readonly pauses: number;
  /** How late the engine is with the project that is furthest behind, in milliseconds; `undefined`: nothing is watched. */
  readonly engineLagMs: number | undefined;
  /** `undefined`: the config is never read again. */
  readonly configRefused: boolean | undefined;
}
