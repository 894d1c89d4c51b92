import type { JsonObject } from '../../src/lib/json.ts';
import type { Accepted, NewEvent } from './delivery.ts';

/** Who evaluates a project, and until when. Times are milliseconds since 1970. */
export interface ProjectLease {
  /** `entity/project` */
  readonly project: string;
  /** A name of this process's own. */
  readonly owner: string;
}

/** What is remembered of one run, for all rules. */
export interface RunMemory {
  /** The run's id (`RunSnapshot.name`). */
  readonly run: string;
  /** False: it has ended, and is looked at again only when its heartbeat moves. */
  readonly isLive: boolean;
  /** When it was last evaluated. */
  readonly at: number;
  /** Watermarks, windows, and what has fired, by rule: see `receiver/engine/run-memory.ts`. */
  readonly state: JsonObject;
}

/** What is remembered of one rule in one project, for people and for "first seen". */
export interface RuleMemory {
  readonly rule: string;
  readonly version: string;
  /** When this version of the rule was first evaluated here: what happened before never fires. The first that is stored stays. */
  readonly firstSeenAt: number;
  readonly lastEvaluatedAt: number | null;
  readonly lastFiredAt: number | null;
  /** For people: see `receiver/engine/rule-detail.ts`. */
  readonly detail: JsonObject;
}

/** What is remembered of a project. */
export interface ProjectMemory {
  readonly project: string;
  /** The latest round that was stored; `null`: none. */
  readonly round: string | null;
  /** Heartbeats up to here were seen. */
  readonly watermark: number;
  /** When it was last read whole, `null`: never. */
  readonly readAt: number | null;
  /** Why the last read failed; `null`: it did not. */
  readonly problem: string | null;
  readonly rules: readonly RuleMemory[];
}

/** What one round found out; stored in one transaction with what fired. */
export interface EngineProgress {
  /** An id of this round, never used before. A second try of the same round has the same one. */
  readonly round: string;
  /** `ProjectMemory.round` of the memory that the round began with; `null`: there was none. */
  readonly after: string | null;
  /** When it is stored, by the clock of the receiver. */
  readonly now: number;
  readonly watermark: number;
  readonly readAt: number | null;
  readonly problem: string | null;
  readonly runs: readonly RunMemory[];
  /** Rules that are not named keep what is remembered of them; `forget` removes those. */
  readonly rules: readonly RuleMemory[];
  readonly forgetRules?: readonly string[];
  readonly events: readonly NewEvent[];
}

/** In bytes of JSON. No automation needs as much: a window of 50 values takes less than 2 KB. */
export const MOST_RUN_STATE_BYTES = 1024 * 1024;
export const MOST_RULE_DETAIL_BYTES = 64 * 1024;

/** What is to be remembered is absurdly large. Nothing was stored. */
export class EngineMemoryTooLargeError extends Error {}

/** What the engine remembers. All methods keep the promises of `Store`. */
export interface EngineStore {
  /**
   * Takes the lease of a project, or renews it, until `now + leaseMs`. False when another owner's has not run out. So several
   * receivers share projects, and a dead one's are taken over when its leases run out.
   *
   * @param options.renew only renews: also a lease that has run out as long as nobody took it, and never one that was given up
   */
  leaseProject(lease: ProjectLease, now: number, leaseMs: number, options?: { readonly renew?: boolean }): Promise<boolean>;
  /** Gives up what this owner holds, so that others take over at once. */
  releaseProjects(owner: string): Promise<void>;
  /** Times in it that a clock wrote that was ahead are `now`. */
  engineProject(project: string, now: number): Promise<ProjectMemory | undefined>;
  /** All projects, in the order of their names, for status. */
  engineProjects(): Promise<ProjectMemory[]>;
  /** Those of the runs that are remembered, in the order of their ids. */
  engineRuns(project: string, runs: readonly string[]): Promise<RunMemory[]>;
  /** The ids of runs that had not ended, in order. */
  liveEngineRuns(project: string): Promise<string[]>;
  /**
   * Stores what a round found out together with the events that fired, all or nothing. Events go the way of `accept` without a
   * dedupe window.
   *
   * `lost`, and nothing stored, when the lease is another's or has run out by `progress.now`, or when another round was stored
   * since `progress.after`: what the caller has in memory is out of date then, and must be read again. A round that is stored
   * already (the answer of its commit was lost) is not stored again, whoever has the lease by now, and has the same answer.
   *
   * Rejects with `EngineMemoryTooLargeError` when the memory of a run or a rule is too large.
   */
  advanceEngine(lease: ProjectLease, progress: EngineProgress): Promise<Accepted[] | 'lost'>;
  /**
   * Forgets up to `limit` runs: those that have ended and were last evaluated before, and those of projects that nobody has
   * watched since, which are forgotten too. Returns how many runs it were; fewer than `limit`: there are no more.
   */
  pruneEngineRuns(before: number, limit: number): Promise<number>;
  /**
   * Stores an event once for each occurrence of a schedule (`name`, `dueAt`), also with several receivers; false: another one is
   * stored. `null` only remembers that the occurrence was.
   */
  acceptOccurrence(name: string, dueAt: number, event: NewEvent | null): Promise<boolean>;
  /** The latest occurrence that was stored; `undefined`: none. */
  lastOccurrence(name: string): Promise<number | undefined>;
}
