import type * as z from 'zod';
import type { ProjectRef } from '../engine/run-reader.ts';
import { isSystemMetric } from '../engine/system-metrics.ts';
import type { Result } from '../lib/result.ts';
import type { QueryOptions, Variables, WandbClient } from './client.ts';
import { projectKey } from './projects.ts';
import { isStamped, type RunFields } from './run-fields.ts';
import { sharedSets } from './shared-sets.ts';
import type { WandbError } from './wandb-error.ts';

/** What a list said about a run that its rows do not say. */
export interface KnownRun {
  readonly createdAt: number;
  readonly isStamped: boolean;
  readonly rows: number | undefined;
  /** Logged names that look like those of system metrics. */
  readonly systemLike: readonly string[];
}

/** Runs are forgotten, the oldest first, so that a receiver that runs for months keeps its size. */
const MOST_KNOWN_RUNS = 20_000;

/** What the parts of the reader share: the client, and what is known of the server and its runs. */
export interface RunSession {
  query<T>(document: string, variables: Variables, shape: z.ZodType<T>, about: About): Promise<Result<T, WandbError>>;
  /** The server refuses `summaryMetrics(keys)`. */
  refusesKeys: boolean;
  /** The server refuses `sampledHistory`. */
  refusesSampled: boolean;
  /** It refuses `history`. */
  refusesText: boolean;
  /** See `sharedSets`. */
  readonly sharedNames: (names: readonly string[]) => ReadonlySet<string>;
  /** Filters that the server refused, as text. */
  readonly refusedFilters: Set<string>;
  remember(project: ProjectRef, run: RunFields, createdAt: number): void;
  known(project: ProjectRef, run: string): KnownRun | undefined;
  readonly now: () => number;
}

export interface About {
  readonly project?: ProjectRef;
  readonly signal: AbortSignal;
}

export type Patience = Required<Pick<QueryOptions, 'attempts' | 'longestWaitMs'>>;

export function createRunSession(client: WandbClient, now: () => number, patience: Patience): RunSession {
  const runs = new Map<string, KnownRun>();
  const keyOf = (project: ProjectRef, run: string) => `${projectKey(project)}/${run}`;
  return {
    now,
    refusesKeys: false,
    refusesSampled: false,
    refusesText: false,
    sharedNames: sharedSets(),
    refusedFilters: new Set(),
    query: (document, variables, shape, { project, signal }) =>
      client.query(document, { ...project, ...variables }, shape, {
        ...patience,
        until: signal,
        ...(project === undefined ? {} : { limitKey: projectKey(project) }),
      }),
    remember: (project, run, createdAt) => {
      const keys = (run.historyKeys as { readonly keys?: object } | null | undefined)?.keys ?? {};
      const key = keyOf(project, run.name);
      // Deleted first, so that the map's order is that of the last sight.
      runs.delete(key);
      const rows = run.historyLineCount ?? undefined;
      runs.set(key, { createdAt, isStamped: isStamped(run), rows, systemLike: Object.keys(keys).filter(isSystemMetric) });
      const [oldest] = runs.size > MOST_KNOWN_RUNS ? runs.keys() : [];
      if (oldest !== undefined) runs.delete(oldest);
    },
    known: (project, run) => runs.get(keyOf(project, run)),
  };
}
