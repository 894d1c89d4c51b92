import * as z from 'zod';
import type { PointsAnswer, PointsQuery, ProjectRef, ReadFailure } from '../engine/run-reader.ts';
import { isSystemMetric } from '../engine/system-metrics.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { runRowsDocument } from './run-documents.ts';
import { failureOf, missingProject } from './run-failure.ts';
import { RunProgress, type SpecAnswer } from './run-progress.ts';
import type { RunSession } from './run-session.ts';
import { readSystemPoints, type SystemQuery, type SystemRead } from './run-system-points.ts';
import { readRowsAsText } from './run-text-rows.ts';
import type { WandbError } from './wandb-error.ts';

/** W&B's own MCP server sends no more in one request. */
const SPECS_PER_REQUEST = 8;
/** For more specs of one run, ten requests a range, whole rows are asked for. */
const MOST_SPECS = 10 * SPECS_PER_REQUEST;
/** So many points are kept in memory. Then the answer ends, and says how far it goes. */
const MOST_POINTS = 1_000_000;

const rowsShape = z.object({
  project: z.record(z.string(), z.object({ sampledHistory: z.array(z.unknown()).nullish() }).nullish()).nullish(),
});

interface Asked {
  readonly run: RunProgress;
  readonly specs: readonly string[];
}

/**
 * All points of several runs, exactly.
 *
 * W&B thins out a range only when it has more rows than `samples` (measured), so a range of which fewer came back is whole;
 * any other is divided. Each metric is a spec of its own, because a row must have all keys of its spec.
 * A failure after some ranges were read ends the answer there: `readUpTo` says how far, and the next call meets the failure.
 */
export async function readPoints(
  session: RunSession,
  project: ProjectRef,
  queries: readonly PointsQuery[],
  signal: AbortSignal,
): Promise<Result<PointsAnswer[], ReadFailure>> {
  const runs: RunProgress[] = [];
  const system: SystemQuery[] = [];
  for (const query of queries) {
    const known = session.known(project, query.run);
    // A run may log a metric of its own under the name of a system metric.
    const isSystem = (metric: string) => isSystemMetric(metric) && known?.systemLike.includes(metric) !== true;
    const facts = { isStamped: known?.isStamped ?? false, createdAt: known?.createdAt, rows: known?.rows, now: session.now() };
    runs.push(
      new RunProgress(
        query,
        query.metrics.filter((metric) => !isSystem(metric)),
        facts,
      ),
    );
    system.push({ query, metrics: query.metrics.filter(isSystem), createdAt: known?.createdAt });
  }
  const hasRows = (run: RunProgress) => run.metrics.length > 0 && run.hasAdvanced;
  const rowFailure = await readRows(session, project, runs, signal);
  if (rowFailure !== undefined && !runs.some(hasRows)) return err(rowFailure);
  const read: SystemRead =
    rowFailure === undefined ? await readSystemPoints(session, project, system, signal) : { found: new Map(), failure: rowFailure };
  if (read.failure !== undefined && read.found.size === 0 && !runs.some(hasRows)) return err(read.failure);
  return ok(runs.map((run, i) => withSystem(run, system[i]?.metrics.length === 0 ? NOT_ASKED : read)));
}

const NOT_ASKED: SystemRead = { found: new Map() };

function withSystem(run: RunProgress, { found, failure }: SystemRead): PointsAnswer {
  const rows = run.answer();
  const system = found.get(run.query);
  const failed = failure === undefined ? {} : { systemFailure: failure };
  if (system === undefined) return { ...rows, systemReadUpTo: run.query.systemAfter, ...failed };
  const waits = system.waits ? ({ systemWaits: true } as const) : {};
  return { ...rows, points: [...rows.points, ...system.points], systemReadUpTo: system.readUpTo, ...waits };
}

/** Reads until every run is done. */
async function readRows(
  session: RunSession,
  project: ProjectRef,
  runs: readonly RunProgress[],
  signal: AbortSignal,
): Promise<ReadFailure | undefined> {
  let points = 0;
  for (let open = runs.filter((run) => !run.isDone); open.length > 0; open = open.filter((run) => !run.isDone)) {
    const wide = session.refusesText ? [] : open.filter((run) => run.next().length > MOST_SPECS);
    for (const run of wide) {
      const failure = await readRowsAsText(session, project, run, signal, MOST_POINTS - points);
      // A server that refuses it, too, is asked for the metrics a few at a time.
      if (failure?.kind === 'refused' && !session.refusesSampled) session.refusesText = true;
      else if (failure !== undefined) return failure;
      points += run.pointCount;
      if (points >= MOST_POINTS) return stopAll(runs);
    }
    const narrow = session.refusesText ? open.filter((run) => !run.isDone) : open.filter((run) => !wide.includes(run));
    for (const request of session.refusesSampled ? [] : requestsFor(narrow)) {
      const before = pointsOf(request);
      const failure = await readRequest(session, project, request, signal);
      if (session.refusesSampled) break;
      if (failure !== undefined) return failure;
      points += pointsOf(request) - before;
      if (points >= MOST_POINTS) return stopAll(runs);
    }
    if (!session.refusesSampled) continue;
    for (const run of open.filter((one) => !one.isDone)) {
      const failure = await readRowsAsText(session, project, run, signal, MOST_POINTS - points);
      if (failure !== undefined) return failure;
      points += run.pointCount;
      if (points >= MOST_POINTS) return stopAll(runs);
    }
  }
  return undefined;
}

function stopAll(runs: readonly RunProgress[]): undefined {
  for (const run of runs) if (!run.isDone) run.stop();
}

function pointsOf(request: readonly Asked[]): number {
  return request.reduce((sum, { run }) => sum + run.pointCount, 0);
}

/** As many runs in one request as have room in it. A run is never spread over two, unless it alone has too many metrics. */
function requestsFor(runs: readonly RunProgress[]): Asked[][] {
  const requests: Asked[][] = [];
  let room = 0;
  for (const run of runs) {
    const specs = run.next();
    if (specs.length > room) {
      requests.push([]);
      room = SPECS_PER_REQUEST;
    }
    requests.at(-1)?.push({ run, specs });
    room -= specs.length;
  }
  return requests;
}

async function readRequest(
  session: RunSession,
  project: ProjectRef,
  request: readonly Asked[],
  signal: AbortSignal,
): Promise<ReadFailure | undefined> {
  const [first] = request;
  if (request.length === 1 && first !== undefined && first.specs.length > SPECS_PER_REQUEST) {
    return await readInParts(session, project, first, signal);
  }
  const answer = await ask(session, project, request, signal);
  if (!answer.ok) {
    if (answer.error.tooLong === true) return await readApart(session, project, request, signal);
    return await refusedOrFailed(session, project, answer.error, request, signal);
  }
  for (const [i, { run, specs }] of request.entries()) run.take(answer.value[i] ?? specs.map(() => undefined), specs.length);
  return undefined;
}

/** The answer was too long: each run on its own, and of a single run a shorter range. */
async function readApart(
  session: RunSession,
  project: ProjectRef,
  request: readonly Asked[],
  signal: AbortSignal,
): Promise<ReadFailure | undefined> {
  if (request.length === 1) {
    for (const { run, specs } of request)
      run.take(
        specs.map((): SpecAnswer => 'too long'),
        0,
      );
    return undefined;
  }
  for (const asked of request) {
    const failure = await readRequest(session, project, [asked], signal);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** A run with more metrics than fit in one request. */
async function readInParts(
  session: RunSession,
  project: ProjectRef,
  { run, specs }: Asked,
  signal: AbortSignal,
): Promise<ReadFailure | undefined> {
  const answers: SpecAnswer[] = [];
  for (let start = 0; start < specs.length; start += SPECS_PER_REQUEST) {
    const part = { run, specs: specs.slice(start, start + SPECS_PER_REQUEST) };
    const answer = await ask(session, project, [part], signal);
    if (!answer.ok) {
      if (answer.error.tooLong === true) return await readApart(session, project, [{ run, specs }], signal);
      return await refusedOrFailed(session, project, answer.error, [part], signal);
    }
    answers.push(...(answer.value[0] ?? part.specs.map(() => undefined)));
  }
  run.take(answers, SPECS_PER_REQUEST);
  return undefined;
}

/** Of each run in order the answers to its specs; shorter than asked when W&B's answer was. */
async function ask(
  session: RunSession,
  project: ProjectRef,
  request: readonly Asked[],
  signal: AbortSignal,
): Promise<Result<SpecAnswer[][], WandbError>> {
  const variables = Object.fromEntries(
    request.flatMap(({ run, specs }, i): [string, unknown][] => [
      [`r${i}`, run.query.run],
      [`s${i}`, specs],
    ]),
  );
  const answer = await session.query(runRowsDocument(request.length), variables, rowsShape, { project, signal });
  if (!answer.ok) return answer;
  const found = answer.value.project;
  if (!found) return err({ kind: 'not_found', status: null, message: missingProject(project).message });
  return ok(
    request.map(({ specs }, i) => {
      const rows = found[`r${i}`]?.sampledHistory ?? [];
      return specs.map((_spec, j) => (Array.isArray(rows[j]) ? (rows[j] as unknown[]) : undefined));
    }),
  );
}

/** A server that refuses `sampledHistory`, but not `history`, is asked for that from now on. */
async function refusedOrFailed(
  session: RunSession,
  project: ProjectRef,
  error: WandbError,
  request: readonly Asked[],
  signal: AbortSignal,
): Promise<ReadFailure | undefined> {
  const [first] = request;
  if (error.kind !== 'invalid' || first === undefined) return failureOf(error);
  const failure = await readRowsAsText(session, project, first.run, signal, MOST_POINTS);
  if (failure !== undefined) return failureOf(error);
  session.refusesSampled = true;
  return undefined;
}
