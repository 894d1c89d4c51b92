import type { Point, RunSnapshot } from '../../../src/engine/run.ts';
import type { PointsAnswer, PointsQuery, ProjectRef, Quota, ReadFailure, RunReader } from '../../../src/engine/run-reader.ts';
import { err, ok, type Result } from '../../../src/lib/result.ts';

/** A run that a test logs to. Times are milliseconds since 1970. */
export class FakeRun {
  snapshot: RunSnapshot;
  points: Point[] = [];
  /** Rows that W&B has listed, and does not give out yet. */
  hidden = 0;
  private readonly clock: () => number;

  constructor(name: string, clock: () => number, changes: Partial<RunSnapshot> = {}) {
    this.clock = clock;
    this.snapshot = {
      id: `id-${name}`,
      name,
      displayName: name,
      state: 'running',
      createdAt: clock(),
      heartbeatAt: clock(),
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

  /** Logs a row for each value of a metric, from the next step on. */
  log(metric: string, ...values: number[]): this {
    for (const value of values) this.row({ [metric]: value });
    return this;
  }

  row(values: Readonly<Record<string, number>>): this {
    const x = (this.snapshot.lastStep ?? -1) + 1;
    const at = this.clock();
    for (const [metric, value] of Object.entries(values)) this.points.push({ metric, x, at, value });
    const loggedMetrics = new Set([...this.snapshot.loggedMetrics, ...Object.keys(values)]);
    return this.set({ lastStep: x, loggedMetrics, summary: { ...this.snapshot.summary, ...values } });
  }

  /** A system metric, at the run's age, by a clock that may be ahead. */
  system(metric: string, value: number, aheadMs = 0): this {
    const at = this.clock() + aheadMs;
    this.points.push({ metric, x: (at - this.snapshot.createdAt) / 1000, at, value });
    return this.set({});
  }

  rewind(step: number): this {
    this.points = this.points.filter(({ x }) => x <= step);
    return this.set({ lastStep: step });
  }

  /** With a heartbeat. */
  set(changes: Partial<RunSnapshot>): this {
    this.snapshot = { ...this.snapshot, heartbeatAt: this.clock(), ...changes };
    return this;
  }

  /** Without one: as W&B itself does when a run crashes or is killed. */
  become(state: string): this {
    this.snapshot = { ...this.snapshot, state };
    return this;
  }
}

type Call = { readonly kind: 'projects' | 'runsSince' | 'runsNamed' | 'points'; readonly project: string; readonly asked: unknown };

/** W&B as the watcher sees it, with runs that tests change, and failures that they ask for. */
export class FakeWandb implements RunReader {
  readonly projectsOf = new Map<string, string[]>();
  readonly runs = new Map<string, FakeRun[]>();
  readonly calls: Call[] = [];
  requests = 0;
  limit: Quota | undefined;
  /** Asked before each answer: a failure, or nothing. A promise holds the answer back. */
  trouble: (call: Call, signal: AbortSignal) => ReadFailure | undefined | Promise<ReadFailure | undefined> = () => undefined;
  /** No answer about points goes further than so many steps. */
  mostSteps = Number.POSITIVE_INFINITY;
  private readonly clock: () => number;

  constructor(clock: () => number) {
    this.clock = clock;
  }

  run(name: string, changes: Partial<RunSnapshot> = {}, project = 'acme/train'): FakeRun {
    const run = new FakeRun(name, this.clock, changes);
    this.runs.set(project, [...(this.runs.get(project) ?? []), run]);
    return run;
  }

  remove(name: string, project = 'acme/train'): void {
    this.runs.set(
      project,
      this.of(project).filter((run) => run.snapshot.name !== name),
    );
  }

  count(kind: Call['kind']): number {
    return this.calls.filter((call) => call.kind === kind).length;
  }

  private of(project: string): FakeRun[] {
    return this.runs.get(project) ?? [];
  }

  private async answer<T>(call: Call, signal: AbortSignal, value: () => T): Promise<Result<T, ReadFailure>> {
    this.calls.push(call);
    this.requests += 1;
    const failure = await this.trouble(call, signal);
    if (failure !== undefined) return err(failure);
    return signal.aborted ? err({ kind: 'unavailable', message: 'W&B: no response in time' }) : ok(value());
  }

  projects(entity: string, signal: AbortSignal): Promise<Result<string[], ReadFailure>> {
    return this.answer({ kind: 'projects', project: entity, asked: null }, signal, () => this.projectsOf.get(entity) ?? []);
  }

  runsSince(project: ProjectRef, options: Parameters<RunReader['runsSince']>[1]): Promise<Result<RunSnapshot[], ReadFailure>> {
    const name = `${project.entity}/${project.project}`;
    return this.answer({ kind: 'runsSince', project: name, asked: options }, options.signal, () =>
      this.of(name)
        .map(({ snapshot }) => snapshot)
        .filter(({ heartbeatAt }) => heartbeatAt >= options.since)
        .toSorted((a, b) => b.heartbeatAt - a.heartbeatAt)
        .slice(0, options.limit ?? Number.POSITIVE_INFINITY),
    );
  }

  runsNamed(
    project: ProjectRef,
    names: readonly string[],
    options: Parameters<RunReader['runsNamed']>[2],
  ): Promise<Result<RunSnapshot[], ReadFailure>> {
    const name = `${project.entity}/${project.project}`;
    return this.answer({ kind: 'runsNamed', project: name, asked: names }, options.signal, () =>
      this.of(name)
        .map(({ snapshot }) => snapshot)
        .filter((run) => names.includes(run.name)),
    );
  }

  points(project: ProjectRef, queries: readonly PointsQuery[], signal: AbortSignal): Promise<Result<PointsAnswer[], ReadFailure>> {
    const name = `${project.entity}/${project.project}`;
    return this.answer({ kind: 'points', project: name, asked: queries }, signal, () =>
      queries.flatMap((query) => {
        const run = this.of(name).find(({ snapshot }) => snapshot.name === query.run);
        return run === undefined ? [] : [this.pointsOf(run, query)];
      }),
    );
  }

  private pointsOf(run: FakeRun, { run: name, metrics, afterStep, upToStep, systemAfter, systemUpTo }: PointsQuery): PointsAnswer {
    const known = Math.min(upToStep, (run.snapshot.lastStep ?? -1) - run.hidden);
    const readUpTo = Math.max(afterStep, Math.min(known, afterStep + this.mostSteps));
    const isSystem = (metric: string) => !run.snapshot.loggedMetrics.has(metric);
    const points = run.points.filter(({ metric, x, at }) => {
      if (!metrics.includes(metric)) return false;
      return isSystem(metric) ? at > systemAfter && at <= systemUpTo : x > afterStep && x <= readUpTo;
    });
    const systemReadUpTo = Math.max(
      systemAfter,
      ...run.points.filter(({ metric, at }) => isSystem(metric) && at <= systemUpTo).map(({ at }) => at),
    );
    const waits = run.points.some(({ metric, at }) => metrics.includes(metric) && isSystem(metric) && at > systemUpTo);
    return { run: name, points, readUpTo, systemReadUpTo, ...(waits ? { systemWaits: true } : {}) };
  }

  metricNames(): Promise<Result<readonly string[] | null, ReadFailure>> {
    return Promise.resolve(ok(null));
  }

  stop(): Promise<Result<void, ReadFailure>> {
    return Promise.resolve(ok(undefined));
  }

  quota(): Quota | undefined {
    return this.limit;
  }
}
