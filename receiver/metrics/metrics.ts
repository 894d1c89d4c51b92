import type { RequestKind } from '../../src/route/target.ts';
import type { AttemptOutcome } from '../store/delivery.ts';

/** What parts of the receiver report while they work. Costs next to nothing, and never fails. */
export interface Metrics {
  /** A request was answered. `path`: which of our endpoints; `result`: what became of it. */
  answered(path: string, status: number, result: string | undefined): void;
  /** A webhook was stored as an event of this type. */
  accepted(type: string): void;
  /** An attempt has ended. Milliseconds. */
  attempted(kind: RequestKind, outcome: AttemptOutcome, ms: number): void;
  /** The store has done something. Milliseconds. */
  stored(operation: StoreOperation, ms: number): void;
}

/** What is measured of the store: what every event needs. */
export type StoreOperation = 'accept' | 'claim' | 'settle';

/** What the store and the engine say when they are asked. */
export interface Gauges {
  readonly undelivered: readonly { readonly target: string; readonly state: string; readonly count: number }[];
  /** When the oldest delivery that is still to be sent was created; `undefined`: there is none. */
  readonly oldestAt: number | undefined;
  readonly throttled: number;
  readonly pauses: number;
  /** How late the engine is with the project that is furthest behind, in milliseconds; `undefined`: nothing is watched. */
  readonly engineLagMs: number | undefined;
}
