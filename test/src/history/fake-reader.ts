import type { Point, RunSnapshot } from '../../../src/engine/run.ts';
import type { PointsAnswer, PointsQuery, ProjectRef, ReadFailure, RunReader } from '../../../src/engine/run-reader.ts';
import { err, ok, type Result } from '../../../src/lib/result.ts';

/** A run of `FakeReader`. */
export interface FakeRun {
  readonly run: RunSnapshot;
  /** The values of each metric, made when they are asked for; the index is the step. */
  readonly metrics: Readonly<Record<string, () => readonly number[]>>;
  /** Milliseconds between two steps; default a minute. */
  readonly stepMs?: number;
}

/** A run with everything that a test does not care about. */
export function runOf(name: string, changes: Partial<RunSnapshot> = {}): RunSnapshot {
  return {
    id: `id-${name}`,
    name,
    displayName: name,
    state: 'finished',
    createdAt: 0,
    heartbeatAt: 0,
    username: 'ada',
    userName: 'Ada',
    tags: [],
    group: undefined,
    jobType: undefined,
    sweep: undefined,
    lastStep: undefined,
    loggedMetrics: new Set(),
    summary: {},
    ...changes,
  };
}

/** Runs in memory, and failures when they are wanted. */
export class FakeReader implements RunReader {
  requests = 0;
  /** The answers to the next requests for points; after those it works. */
  readonly failures: ReadFailure[] = [];
  /** Runs have rows, and their system metrics cannot be read. */
  systemFailure: ReadFailure | undefined;
  /** Every query for points so far. */
  readonly queries: PointsQuery[] = [];
  /** Why runs cannot be listed; `undefined`: they can. */
  listFailure: ReadFailure | undefined;
  /** Is called before every answer with points. */
  onPoints: () => void = () => undefined;
  readonly #projects: Readonly<Record<string, readonly FakeRun[]>>;

  constructor(projects: Readonly<Record<string, readonly FakeRun[]>>) {
    this.#projects = projects;
  }

  async projects(entity: string): Promise<Result<string[], ReadFailure>> {
    this.requests++;
    return ok(Object.keys(this.#projects).flatMap((key) => (key.startsWith(`${entity}/`) ? [key.slice(entity.length + 1)] : [])));
  }

  async runsSince(project: ProjectRef, { since, limit }: { since: number; limit?: number }): Promise<Result<RunSnapshot[], ReadFailure>> {
    this.requests++;
    if (this.listFailure !== undefined) return err(this.listFailure);
    const runs = this.#runs(project).map(({ run }) => run);
    return ok(
      runs
        .filter(({ heartbeatAt }) => heartbeatAt >= since)
        .toSorted((a, b) => b.heartbeatAt - a.heartbeatAt)
        .slice(0, limit),
    );
  }

  async runsNamed(project: ProjectRef, names: readonly string[]): Promise<Result<RunSnapshot[], ReadFailure>> {
    this.requests++;
    return ok(
      this.#runs(project)
        .map(({ run }) => run)
        .filter(({ name }) => names.includes(name)),
    );
  }

  async points(project: ProjectRef, queries: readonly PointsQuery[], signal: AbortSignal): Promise<Result<PointsAnswer[], ReadFailure>> {
    this.requests++;
    this.onPoints();
    if (signal.aborted) return err({ kind: 'unavailable', message: 'aborted' });
    const failure = this.failures.shift();
    if (failure !== undefined) return err(failure);
    this.queries.push(...queries);
    return ok(queries.flatMap((query) => this.#answer(project, query)));
  }

  async metricNames(project: ProjectRef): Promise<Result<readonly string[] | null, ReadFailure>> {
    this.requests++;
    return ok([...new Set(this.#runs(project).flatMap(({ metrics }) => Object.keys(metrics)))]);
  }

  async stop(): Promise<Result<void, ReadFailure>> {
    return ok(undefined);
  }

  quota(): undefined {
    return undefined;
  }

  #runs({ entity, project }: ProjectRef): readonly FakeRun[] {
    return this.#projects[`${entity}/${project}`] ?? [];
  }

  #answer(project: ProjectRef, { run, metrics, afterStep, upToStep, systemAfter }: PointsQuery): PointsAnswer[] {
    const found = this.#runs(project).find((one) => one.run.name === run);
    if (found === undefined) return [];
    const points = metrics.flatMap((metric) => pointsOf(found, metric).filter(({ x }) => x > afterStep && x <= upToStep));
    const failed = this.systemFailure === undefined ? {} : { systemFailure: this.systemFailure };
    return [{ run, points, readUpTo: upToStep, systemReadUpTo: systemAfter, ...failed }];
  }
}

/** What a run logged of a metric. */
export function pointsOf({ run, metrics, stepMs = 60_000 }: FakeRun, metric: string): Point[] {
  return (metrics[metric]?.() ?? []).map((value, step) => ({ metric, x: step, at: run.createdAt + step * stepMs, value }));
}
