import * as z from 'zod';
import type { RunSnapshot } from '../engine/run.ts';
import type { ProjectRef, ReadFailure } from '../engine/run-reader.ts';
import type { JsonObject } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { nodesOf } from './paging.ts';
import { type RunFieldOptions, runsByNameDocument, runsDocument } from './run-documents.ts';
import { failureOf, missingProject } from './run-failure.ts';
import { type RunFields, runShape, snapshotOf, type WantedValues, wantedKeys } from './run-fields.ts';
import type { RunSession } from './run-session.ts';
import type { WandbError } from './wandb-error.ts';

/** Lists of runs, page by page. */

const PAGE = 100;
const NAMES_PER_FILTER = 100;
const ALIASES_PER_REQUEST = 50;
/** Each cursor is new, so the list may be long; a list that is longer than this has no end. */
const MOST_PAGES = 5_000;
/** W&B's pages may be empty, for instance when the key may not see their runs; so many in a row are no list. */
const MOST_EMPTY_PAGES = 50;
const MOST_REFUSED_FILTERS = 1_000;

const pageShape = z.object({
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
  edges: z.array(z.object({ cursor: z.string().nullish(), node: runShape.nullish() }).nullable()),
});
const runsShape = z.object({ project: z.object({ runs: pageShape.nullish() }).nullish() });
type RunsPage = z.infer<typeof pageShape>;
const byNameShape = z.object({ project: z.record(z.string(), runShape.nullish()).nullish() });

export interface ListQuery {
  readonly project: ProjectRef;
  readonly wanted: WantedValues;
  readonly filter?: JsonObject | undefined;
  readonly signal: AbortSignal;
}

/** Gets each page as it arrives; `'stop'` ends the list. */
type TakePage = (runs: readonly RunSnapshot[]) => 'go on' | 'stop';

/** The runs with a heartbeat at or after `since`, the latest first, each once. */
export async function listRunsSince(
  session: RunSession,
  query: ListQuery,
  { since, limit = Number.POSITIVE_INFINITY }: { readonly since: number; readonly limit?: number | undefined },
): Promise<Result<RunSnapshot[], ReadFailure>> {
  const runs = new Map<string, RunSnapshot>();
  let newest = Number.NEGATIVE_INFINITY;
  let pages = 0;
  const read = await readPages(session, query, (page) => {
    pages += 1;
    if (newest === Number.NEGATIVE_INFINITY) newest = page[0]?.heartbeatAt ?? newest;
    return takeUpTo(page, since, runs) || runs.size >= limit ? 'stop' : 'go on';
  });
  if (!read.ok) return read;
  if (pages > 1 && runs.size < limit) {
    // A run that sent a heartbeat meanwhile has moved to the front, over what was read, and is on none of the pages.
    const again = await readPages(session, query, (page) => (takeUpTo(page, Math.max(since, newest), runs) ? 'stop' : 'go on'));
    if (!again.ok) return again;
  }
  return ok([...runs.values()].toSorted((a, b) => b.heartbeatAt - a.heartbeatAt).slice(0, limit));
}

/** @returns whether the page reached a run that is older */
function takeUpTo(page: readonly RunSnapshot[], since: number, runs: Map<string, RunSnapshot>): boolean {
  for (const run of page) {
    if (run.heartbeatAt < since) return true;
    runs.set(run.name, run);
  }
  return false;
}

/** Runs by their ids, in the order of the names. */
export async function listRunsNamed(
  session: RunSession,
  query: ListQuery,
  names: readonly string[],
): Promise<Result<RunSnapshot[], ReadFailure>> {
  const wanted = [...new Set(names)];
  const runs = new Map<string, RunSnapshot>();
  for (let start = 0; start < wanted.length; start += NAMES_PER_FILTER) {
    const some = wanted.slice(start, start + NAMES_PER_FILTER);
    const read = await readNamed(session, query, some);
    if (!read.ok) return read;
    for (const run of read.value) runs.set(run.name, run);
  }
  return ok(wanted.flatMap((name) => runs.get(name) ?? []));
}

async function readNamed(session: RunSession, query: ListQuery, names: readonly string[]): Promise<Result<RunSnapshot[], ReadFailure>> {
  const found = new Map<string, RunSnapshot>();
  const asked = new Set(names);
  const filter = { name: { $in: [...names] } };
  if (!session.refusedFilters.has(BY_NAME)) {
    const read = await readPages(
      session,
      { ...query, filter },
      (page) => {
        for (const run of page) if (asked.has(run.name)) found.set(run.name, run);
        return found.size === asked.size ? 'stop' : 'go on';
      },
      BY_NAME,
    );
    if (!read.ok || read.value === 'read') return read.ok ? ok([...found.values()]) : read;
  }
  for (let start = 0; start < names.length; start += ALIASES_PER_REQUEST) {
    const some = names.slice(start, start + ALIASES_PER_REQUEST);
    const variables = Object.fromEntries(some.map((name, i) => [`r${i}`, name]));
    const answer = await queryRuns(session, query, (options) => runsByNameDocument(some.length, options), variables, byNameShape);
    if (!answer.ok) return err(failureOf(answer.error));
    const project = answer.value.project;
    if (!project) return err(missingProject(query.project));
    for (const run of Object.values(project)) if (run) found.set(run.name, taken(session, query, run));
    refuse(session, BY_NAME);
  }
  return ok([...found.values()]);
}

function refuse({ refusedFilters }: RunSession, filterKey: string): void {
  if (refusedFilters.size < MOST_REFUSED_FILTERS) refusedFilters.add(filterKey);
}

/** Stands for all filters by name: what was refused of one is refused of the others. */
const BY_NAME = 'name';

/**
 * Reads pages until the last one, or until `take` stops. A filter that the server refuses is left out, or reported as
 * `'filter refused'` when the list would be another one without it.
 */
async function readPages(
  session: RunSession,
  query: ListQuery,
  take: TakePage,
  filterKind?: string,
): Promise<Result<'read' | 'filter refused', ReadFailure>> {
  const filterKey = filterKind ?? JSON.stringify(query.filter ?? {});
  let filters = query.filter === undefined || session.refusedFilters.has(filterKey) ? null : JSON.stringify(query.filter);
  let first = PAGE;
  let emptyPages = 0;
  let isFilterInDoubt = false;
  const seen = new Set<string>();
  const seenRuns = new Set<string>();
  for (let after: string | null = null, pages = 0; pages < MOST_PAGES; ) {
    const answer: Result<z.infer<typeof runsShape>, WandbError> = await queryRuns(
      session,
      query,
      runsDocument,
      { filters, first, after },
      runsShape,
    );
    if (!answer.ok) {
      if (answer.error.tooLong === true && first > 1) {
        first = Math.ceil(first / 4);
        continue;
      }
      if (answer.error.kind !== 'invalid' || filters === null || after !== null) return err(failureOf(answer.error));
      if (filterKind !== undefined) return ok('filter refused');
      isFilterInDoubt = true;
      filters = null;
      continue;
    }
    // An answer without it shows that it was the filter, and not W&B, that was in trouble.
    if (isFilterInDoubt) refuse(session, filterKey);
    const page: RunsPage | null | undefined = answer.value.project?.runs;
    if (!page) return err(missingProject(query.project));
    pages += 1;
    const nodes = nodesOf(page);
    emptyPages = nodes.length === 0 ? emptyPages + 1 : 0;
    if (take(nodes.map((run) => taken(session, query, run))) === 'stop' || !page.pageInfo.hasNextPage) return ok('read');
    const isNew = nodes.some(({ name }) => !seenRuns.has(name));
    for (const { name } of nodes) seenRuns.add(name);
    const cursors: (string | null | undefined)[] = [page.pageInfo.endCursor, page.edges.at(-1)?.cursor];
    const next: string | undefined =
      cursors.find((cursor) => cursor !== undefined && cursor !== null && cursor !== '' && !seen.has(cursor)) ?? undefined;
    if (next === undefined) return isNew ? err(NO_CURSOR) : ok('read');
    if (emptyPages > MOST_EMPTY_PAGES) return err(NO_END);
    seen.add(next);
    after = next;
  }
  return err(NO_END);
}

const NO_CURSOR: ReadFailure = {
  kind: 'unavailable',
  message: 'W&B has more pages of a list of runs, but no new cursor: the list cannot be read to its end',
};
const NO_END: ReadFailure = {
  kind: 'unavailable',
  message: 'W&B lists runs without end, or one empty page after the other: the list was given up',
};

function taken(session: RunSession, { project, wanted }: ListQuery, run: RunFields): RunSnapshot {
  const snapshot = snapshotOf(run, wanted, session.sharedNames);
  session.remember(project, run, snapshot.createdAt);
  return snapshot;
}

/** Asks for the wanted values only, or, where the server refuses that, for all of them. */
async function queryRuns<T>(
  session: RunSession,
  { project, wanted, signal }: ListQuery,
  document: (options: RunFieldOptions) => string,
  variables: Readonly<Record<string, unknown>>,
  shape: z.ZodType<T>,
): Promise<Result<T, WandbError>> {
  const { summary, config } = wantedKeys(wanted);
  const fields = { summary: summary.length > 0, config: config.length > 0 };
  const asksKeys = fields.summary || fields.config;
  const about = { project, signal };
  if (asksKeys && !session.refusesKeys) {
    const keys = { ...(fields.summary ? { summary } : {}), ...(fields.config ? { config } : {}) };
    const answer = await session.query(document({ ...fields, hasKeys: true }), { ...variables, ...keys }, shape, about);
    if (answer.ok || answer.error.kind !== 'invalid') return answer;
  }
  const answer = await session.query(document({ ...fields, hasKeys: false }), variables, shape, about);
  if (answer.ok && asksKeys) session.refusesKeys = true;
  return answer;
}
