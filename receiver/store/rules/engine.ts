import { CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import type { Accepted, NewEvent } from '../delivery.ts';
import {
  EngineMemoryTooLargeError,
  type EngineProgress,
  MOST_RULE_DETAIL_BYTES,
  MOST_RUN_STATE_BYTES,
  type ProjectLease,
  type ProjectMemory,
  type RuleMemory,
  type RunMemory,
} from '../engine.ts';
import { acceptEvents } from './inbox.ts';
import type { LookUp } from './inbox-known.ts';
import { type Columns, exec, firstRow, rows, upsertRows, type Work } from './work.ts';

/** One statement, so that of two receivers one gets it. */
export function* leaseProject({ project, owner }: ProjectLease, now: number, leaseMs: number, renew = false): Work<boolean> {
  if (renew) {
    const renewal = 'UPDATE engine_leases SET lease_until = $3, leased_at = $4 WHERE project = $1 AND owner = $2';
    return (yield* exec(renewal, project, owner, now + leaseMs, now)) > 0;
  }
  const taken = yield* exec(
    `INSERT INTO engine_leases (project, owner, lease_until, leased_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (project) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until, leased_at = excluded.leased_at
     WHERE engine_leases.owner IS NULL OR engine_leases.owner = excluded.owner OR engine_leases.lease_until <= excluded.leased_at`,
    project,
    owner,
    now + leaseMs,
    now,
  );
  return taken > 0;
}

export function* releaseProjects(owner: string): Work<void> {
  yield* exec('UPDATE engine_leases SET owner = NULL WHERE owner = $1', owner);
}

interface ProjectRow {
  readonly project: string;
  readonly round: string;
  readonly watermark: number;
  readonly read_at: number | null;
  readonly problem: string | null;
  readonly rules: string;
}

const PROJECT_COLUMNS: Columns = {
  project: 'text',
  round: 'text',
  watermark: 'bigint',
  read_at: 'bigint',
  problem: 'text',
  rules: 'text',
};
const PROJECT_UPDATE = { key: ['project'], columns: ['round', 'watermark', 'read_at', 'problem', 'rules'] };

const SELECT_PROJECT = 'SELECT project, round, watermark, read_at, problem, rules FROM engine_projects';

/** A longer problem is cut: it is a sentence for people. In characters. */
const LONGEST_PROBLEM = 2_000;

export function* engineProject(project: string, now: number): Work<ProjectMemory | undefined> {
  const row = yield* firstRow<ProjectRow>(`${SELECT_PROJECT} WHERE project = $1`, project);
  return row && memoryOf(row, now);
}

export function* engineProjects(): Work<ProjectMemory[]> {
  const all = yield* rows<ProjectRow>(`${SELECT_PROJECT} ORDER BY project COLLATE "C"`);
  return all.map((row) => memoryOf(row, Number.POSITIVE_INFINITY));
}

function memoryOf({ project, round, watermark, read_at, problem, rules }: ProjectRow, now: number): ProjectMemory {
  return { project, round, watermark, readAt: read_at, problem, rules: rulesOf(rules, now) };
}

/**
 * A version that was first seen by a clock that was ahead was first seen now: what fires until that clock's time has come would
 * be lost otherwise.
 */
function rulesOf(stored: string, now: number): RuleMemory[] {
  const all = JSON.parse(stored) as RuleMemory[];
  return all.map((rule) => (rule.firstSeenAt > now + CLOCK_TOLERANCE_MS ? { ...rule, firstSeenAt: now } : rule));
}

interface RunRow {
  readonly run: string;
  readonly at: number;
  readonly ended_at: number | null;
  readonly state: string;
}

export function* engineRuns(project: string, runs: readonly string[]): Work<RunMemory[]> {
  if (runs.length === 0) return [];
  const found = yield* rows<RunRow>(
    'SELECT run, at, ended_at, state FROM engine_runs WHERE project = $1 AND run = ANY ($2) ORDER BY run COLLATE "C"',
    project,
    [...new Set(runs)],
  );
  return found.map(({ run, at, ended_at, state }) => ({ run, isLive: ended_at === null, at, state: JSON.parse(state) as JsonObject }));
}

export function* liveEngineRuns(project: string): Work<string[]> {
  const live = yield* rows<{ run: string }>(
    'SELECT run FROM engine_runs WHERE project = $1 AND ended_at IS NULL ORDER BY run COLLATE "C"',
    project,
  );
  return live.map(({ run }) => run);
}

/**
 * Stores a round; see `EngineStore.advanceEngine`. The lease's row is the lock of its project: nobody takes the lease over, or
 * stores another round, before this one is stored whole.
 */
export function* advanceEngine(lease: ProjectLease, progress: EngineProgress, lookUp: LookUp): Work<Accepted[] | 'lost'> {
  const { project, owner } = lease;
  const runs = runValues(project, progress.runs);
  checkDetails(project, progress.rules);
  const held = yield* firstRow<{ owner: string | null; lease_until: number }>(
    'SELECT owner, lease_until FROM engine_leases WHERE project = $1 FOR UPDATE',
    project,
  );
  const stored = yield* firstRow<ProjectRow>(`${SELECT_PROJECT} WHERE project = $1`, project);
  if (stored?.round === progress.round) return yield* acceptedBefore(progress.events);
  if (held?.owner !== owner || held.lease_until <= progress.now || (stored?.round ?? null) !== progress.after) return 'lost';
  const { round, watermark, readAt, problem } = progress;
  const rules = JSON.stringify(mergeRules(rulesOf(stored?.rules ?? '[]', progress.now), progress));
  const row = [project, round, watermark, readAt, problem?.slice(0, LONGEST_PROBLEM) ?? null, rules];
  yield* upsertRows('engine_projects', PROJECT_COLUMNS, [row], PROJECT_UPDATE);
  yield* keepRuns(project, runs);
  return progress.events.length === 0 ? [] : yield* acceptEvents(progress.events, 0, lookUp);
}

/** The events of a round that was stored before, as they were answered then. */
function* acceptedBefore(events: readonly NewEvent[]): Work<Accepted[]> {
  if (events.length === 0) return [];
  const deliveries = yield* rows<{ id: string; event_id: string; route: string; target: string }>(
    'SELECT id, event_id, route, target FROM deliveries WHERE event_id = ANY ($1) AND ephemeral = 0 ORDER BY seq',
    events.map(({ id }) => id),
  );
  return events.map((event) => ({
    status: 'accepted',
    id: event.id,
    deliveries: deliveries.filter(({ event_id }) => event_id === event.id).map(({ id, route, target }) => ({ id, route, target })),
  }));
}

function mergeRules(stored: readonly RuleMemory[], { rules, forgetRules = [], now }: EngineProgress): RuleMemory[] {
  const merged = new Map(stored.map((rule) => [rule.rule, rule]));
  for (const rule of forgetRules) merged.delete(rule);
  for (const rule of rules) {
    const before = merged.get(rule.rule);
    const isSame = before?.version === rule.version;
    // A caller may have it from before a clock was corrected.
    merged.set(rule.rule, { ...rule, firstSeenAt: isSame ? before.firstSeenAt : Math.min(rule.firstSeenAt, now) });
  }
  return [...merged.values()];
}

const RUN_COLUMNS: Columns = { project: 'text', run: 'text', at: 'bigint', ended_at: 'bigint', state: 'text' };
/** For the other update: each has a text of its own. */
const CHANGED_RUN_COLUMNS: Columns = { ...RUN_COLUMNS };
const RUN_KEY = ['project', 'run'];
type RunValues = readonly [project: string, run: string, at: number, endedAt: number | null, state: string];

/**
 * A run that goes on is one row, without an entry of an index: those are written only when a run begins or ends. Cloudflare
 * counts each.
 */
function* keepRuns(project: string, runs: readonly RunValues[]): Work<void> {
  if (runs.length === 0) return;
  const live = yield* rows<{ run: string }>(
    'SELECT run FROM engine_runs WHERE project = $1 AND run = ANY ($2) AND ended_at IS NULL',
    project,
    runs.map(([, run]) => run),
  );
  const wasLive = new Set(live.map(({ run }) => run));
  const goOn = runs.filter(([, run, , endedAt]) => endedAt === null && wasLive.has(run));
  const others = runs.filter((values) => !goOn.includes(values));
  yield* upsertRows('engine_runs', RUN_COLUMNS, goOn, { key: RUN_KEY, columns: ['at', 'state'] });
  yield* upsertRows('engine_runs', CHANGED_RUN_COLUMNS, others, { key: RUN_KEY, columns: ['at', 'ended_at', 'state'] });
}

/** @throws EngineMemoryTooLargeError */
function runValues(project: string, runs: readonly RunMemory[]): RunValues[] {
  // Of a run that is named twice the last one counts.
  return [...new Map(runs.map((each) => [each.run, each])).values()].map(({ run, isLive, at, state }) => {
    const text = JSON.stringify(state);
    checkSize(text, MOST_RUN_STATE_BYTES, `the run ${project}/${run}`);
    return [project, run, at, isLive ? null : at, text];
  });
}

/** @throws EngineMemoryTooLargeError */
function checkDetails(project: string, rules: readonly RuleMemory[]): void {
  for (const { rule, detail } of rules) checkSize(JSON.stringify(detail), MOST_RULE_DETAIL_BYTES, `the automation ${rule} in ${project}`);
}

function checkSize(text: string, mostBytes: number, of: string): void {
  // No text has fewer bytes than characters: nearly always there is nothing to count.
  const bytes = text.length * 3 <= mostBytes ? 0 : new TextEncoder().encode(text).length;
  if (bytes <= mostBytes) return;
  throw new EngineMemoryTooLargeError(
    `what is remembered of ${of} is ${Math.ceil(bytes / 1024)} KB, and at most ${mostBytes / 1024} KB can be stored: its automations are too many, or their windows too long`,
  );
}

/** See `EngineStore.pruneEngineRuns`. */
export function* pruneEngineRuns(before: number, limit: number): Work<number> {
  const forgotten = yield* exec(
    `DELETE FROM engine_runs WHERE (project, run) IN
       (SELECT project, run FROM engine_runs WHERE ended_at IS NOT NULL AND ended_at < $1 ORDER BY ended_at LIMIT $2)`,
    before,
    limit,
  );
  const unwatched = yield* rows<{ project: string }>(
    'SELECT project FROM engine_leases WHERE lease_until < $1 AND leased_at < $1 ORDER BY project COLLATE "C" FOR UPDATE',
    before,
  );
  let left = limit - forgotten;
  for (const { project } of unwatched) {
    if (left <= 0) break;
    left -= yield* exec(
      `DELETE FROM engine_runs WHERE (project, run) IN
         (SELECT project, run FROM engine_runs WHERE project = $1 ORDER BY run COLLATE "C" LIMIT $2)`,
      project,
      left,
    );
    if (left <= 0) break;
    yield* exec('DELETE FROM engine_projects WHERE project = $1', project);
    yield* exec('DELETE FROM engine_leases WHERE project = $1', project);
  }
  return limit - left;
}
