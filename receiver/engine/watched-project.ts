import type { ProjectRef } from '../../src/engine/run-reader.ts';
import type { ProjectCache } from './round.ts';
import type { WatchedRule } from './watched-rule.ts';

/** What a watcher has of a project; nothing of it matters when it is lost. */
export interface WatchedProject {
  readonly project: ProjectRef;
  readonly rules: readonly WatchedRule[];
  readonly cache: ProjectCache;
  /** Found as one of a team's: while nothing goes on there, it is read less often. */
  readonly isOneOfMany: boolean;
  dueAt: number;
  /** In a row. */
  failures: number;
  isRunning: boolean;
  lastLiveAt: number;
}
