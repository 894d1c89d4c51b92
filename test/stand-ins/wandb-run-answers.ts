import { GraphQLError } from 'graphql';
import { passes } from './wandb-filter.ts';
import type { Misbehaviour } from './wandb-misbehaviour.ts';
import { historyKeysOf, type LoggedRow, leavesOf, sampledRows, textForNonfinite, textRows, thinned, valueAt } from './wandb-rows.ts';
import { LiveRun } from './wandb-runs.ts';
import { type WandbWorld, type WorldProject, type WorldRun, type WorldUser, worldId } from './wandb-world.ts';

/** Runs as GraphQL sees them. */

export interface RunsArguments {
  readonly filters?: string | null;
  readonly order?: string | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

interface RunNeighbours {
  readonly project: (project: WorldProject) => object | null;
}

/** W&B's pages are no longer than this, whatever is asked for. */
const LONGEST_PAGE = 100;

/** The fields of a project that list runs, and what they logged. */
export function runLists(own: () => WorldRun[], neighbours: RunNeighbours, misbehaviour: Misbehaviour) {
  return {
    runCount: ({ filters }: RunsArguments) => matching(own(), filters, misbehaviour).length,
    runs: (given: RunsArguments) => {
      const found = ordered(matching(own(), given.filters, misbehaviour), given.order);
      const first = Math.min(given.first ?? 50, LONGEST_PAGE);
      const cursor = readCursor(given.after);
      if (misbehaviour.take('empty-pages')) {
        return {
          totalCount: found.length,
          pageInfo: { hasNextPage: true, endCursor: cursorAt(cursor.start, cursor.empty + 1) },
          edges: [],
        };
      }
      const start = cursor.start > 0 && misbehaviour.take('repeated-runs') ? cursor.start - 1 : cursor.start;
      const end = Math.min(start + first, found.length);
      const endCursor = misbehaviour.take('stuck-cursor') ? cursorAt(0) : cursorAt(end);
      return {
        totalCount: found.length,
        pageInfo: { hasNextPage: end < found.length, endCursor },
        edges: found.slice(start, end).map((run, i) => ({
          cursor: cursorAt(start + i + 1),
          node: runView(run, neighbours, misbehaviour),
        })),
      };
    },
    fields: ({ first, after, pattern }: { first?: number | null; after?: string | null; pattern?: string | null }) => {
      const names = new Map<string, string>();
      for (const run of own()) {
        const last = run.history.at(run.history.length - 1) ?? {};
        for (const [name, value] of leavesOf(last)) names.set(`summary_metrics.${name}`, typeof value);
        for (const [name, value] of leavesOf(unwrapped(run))) names.set(`config.${name}.value`, typeof value);
      }
      const all = [...names]
        .filter(([path]) => !pattern || path.includes(pattern.replaceAll('%', '')))
        .sort(([a], [b]) => (a < b ? -1 : 1));
      const { start } = readCursor(after);
      const end = Math.min(start + Math.min(first ?? 50, LONGEST_PAGE), all.length);
      return {
        pageInfo: { hasNextPage: end < all.length, endCursor: cursorAt(end) },
        edges: all.slice(start, end).map(([path, type]) => ({ node: { path, type } })),
      };
    },
  };
}

function matching(runs: readonly WorldRun[], filters: string | null | undefined, misbehaviour: Misbehaviour): WorldRun[] {
  const filter: unknown = filters ? JSON.parse(filters) : {};
  const asksOthers = Object.keys(filter as object).some((key) => key !== 'name');
  if (asksOthers && misbehaviour.take('refused-filters')) throw new GraphQLError('filters are not supported here');
  return runs.filter((run) => passes(filter, filterFields(run)));
}

/** What W&B can filter runs by; `display_name` is the word of an automation's filter. */
function filterFields(run: WorldRun): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    name: run.name,
    displayName: run.displayName,
    display_name: run.displayName,
    state: run.state,
    tags: run.tags,
    username: run.user?.username,
    group: run.group ?? undefined,
    jobType: run.jobType ?? undefined,
    host: run.host ?? undefined,
    createdAt: run.createdAt,
    duration: (Date.parse(run.heartbeatAt) - Date.parse(run.createdAt)) / 1000,
  };
  return new Proxy(fields, {
    has: (target, key) => key in target || /^(config|summary_metrics)\../.test(String(key)),
    get: (target, key) => (key in target ? target[String(key)] : deepField(run, String(key))),
  });
}

function deepField(run: WorldRun, key: string): unknown {
  const name = key.slice(key.indexOf('.') + 1);
  if (key.startsWith('config.')) return valueAt(unwrapped(run), name.replace(/\.value$/, ''));
  return valueAt(JSON.parse(run.summaryMetrics ?? '{}') as LoggedRow, name);
}

function unwrapped(run: WorldRun): LoggedRow {
  const config = JSON.parse(run.config ?? '{}') as Record<string, { value?: LoggedRow[string] } | null>;
  return Object.fromEntries(Object.entries(config).flatMap(([name, one]) => (one?.value === undefined ? [] : [[name, one.value]])));
}

function ordered(runs: WorldRun[], order: string | null | undefined): WorldRun[] {
  if (!order) return runs;
  const key = order.replace(/^[+-]/, '');
  const orderValue = (run: WorldRun): number => {
    if (key === 'heartbeat_at') return Date.parse(run.heartbeatAt);
    if (key === 'created_at') return Date.parse(run.createdAt);
    if (!/^(config|summary_metrics)\../.test(key)) throw new GraphQLError(`cannot order by ${key}`);
    return Number(deepField(run, key) ?? Number.NEGATIVE_INFINITY);
  };
  const sign = order.startsWith('-') ? -1 : 1;
  return runs.toSorted((a, b) => sign * (orderValue(a) - orderValue(b)));
}

/** Where the next page begins, and how many empty ones came before it: every cursor is new. */
function cursorAt(index: number, emptyPages = 0): string {
  return Buffer.from(`offset:${index}:${emptyPages}`).toString('base64');
}

function readCursor(after: string | null | undefined): { start: number; empty: number } {
  if (!after) return { start: 0, empty: 0 };
  const found = /^offset:(\d+):(\d+)$/.exec(Buffer.from(after, 'base64').toString());
  if (found === null) throw new GraphQLError('invalid cursor');
  return { start: Number(found[1]), empty: Number(found[2]) };
}

/** The plain fields only: a field that is a method of a run is none of GraphQL's business. */
export function runView(run: WorldRun, neighbours: RunNeighbours, misbehaviour: Misbehaviour): object {
  const rows = () => (misbehaviour.take('late-rows') ? allButLast(run.history) : run.history);
  return {
    __typename: 'Run',
    id: run.id ?? worldId('Run', 901),
    name: run.name,
    displayName: run.displayName,
    state: run.state,
    createdAt: run.createdAt,
    heartbeatAt: run.heartbeatAt,
    tags: run.tags,
    group: run.group ?? null,
    jobType: run.jobType ?? null,
    notes: null,
    commit: run.commit,
    sweepName: run.sweepName ?? null,
    config: ({ keys }: { keys?: string[] | null }) => onlyKeys(run.config, keys),
    summaryMetrics: ({ keys }: { keys?: string[] | null }) => onlyKeys(run.summaryMetrics, keys),
    computeSeconds: Math.round((Date.parse(run.heartbeatAt) - Date.parse(run.createdAt)) / 1000),
    eventsLineCount: run.events.length,
    systemMetrics: null,
    historyLineCount: run.history.length,
    historyKeys: () => historyKeysOf(run.history),
    history: (given: { minStep?: number | null; maxStep?: number | null; samples?: number | null }) =>
      misbehaviour.take('no-history') ? null : spoiled(textRows(rows(), given), misbehaviour),
    sampledHistory: ({ specs }: { specs: readonly string[] }) => {
      if (misbehaviour.take('no-history')) return null;
      const source = rows();
      const answered = misbehaviour.take('fewer-specs') ? specs.slice(0, -1) : specs;
      return answered.map((spec) => spoiled(sampledRows(source, spec), misbehaviour));
    },
    events: ({ samples }: { samples?: number | null }) => spoiled(thinned(run.events, samples ?? 500), misbehaviour),
    user: run.user === null ? null : userView(run.user),
    project: () => neighbours.project(run.project),
  };
}

function spoiled<T>(rows: T[], misbehaviour: Misbehaviour): T[] {
  const twice = misbehaviour.take('repeated-rows') ? rows.flatMap((row) => [row, row]) : rows;
  return misbehaviour.take('mixed-rows') ? twice.toReversed() : twice;
}

function allButLast(rows: WorldRun['history']): WorldRun['history'] {
  return { length: Math.max(0, rows.length - 1), at: (index) => rows.at(index) };
}

/** Only what was asked for, under the names that were asked for. */
function onlyKeys(json: string | null, keys: readonly string[] | null | undefined): string | null {
  if (json === null || keys === null || keys === undefined) return json;
  const all = JSON.parse(json) as LoggedRow;
  const found = keys.flatMap((key) => {
    const value = valueAt(all, key);
    return value === undefined ? [] : [[key, textForNonfinite(value)] as const];
  });
  return JSON.stringify(Object.fromEntries(found));
}

export function userView(user: WorldUser): object {
  return { __typename: 'User', id: worldId('User', 701), ...user };
}

/** Asks a run to end: its process does so when it next asks the server, which is at once here. */
export function stopRun(world: WandbWorld, id: string): boolean {
  const run = world.runs.find((one) => one.id === id);
  if (run === undefined) throw new GraphQLError(`run ${id} not found`);
  if (!(run instanceof LiveRun) || run.state !== 'running') return false;
  run.stopRequested = true;
  run.setState('killed');
  return true;
}
