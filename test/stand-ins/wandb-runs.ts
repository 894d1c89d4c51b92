import { bareJson, type LoggedRow, type LoggedValue, type RowList, stepOf, textForNonfinite } from './wandb-rows.ts';
import { type WandbWorld, type WorldProject, type WorldRun, type WorldUser, worldId } from './wandb-world.ts';

export interface LiveRunOptions {
  readonly displayName?: string;
  readonly state?: string;
  readonly tags?: readonly string[];
  readonly group?: string;
  readonly jobType?: string;
  readonly host?: string;
  readonly sweepName?: string;
  readonly user?: WorldUser | null;
  /** Values by name, as `run.config` of the client; W&B wraps each in `{"value"}`. */
  readonly config?: Readonly<Record<string, LoggedValue>>;
  /** Milliseconds since 1970; default: now. */
  readonly createdAt?: number;
  readonly heartbeatAt?: number;
  /** What was logged before; may be made when it is read. */
  readonly rows?: RowList;
  /** As the real client does with `step=`: the newest row leaves only when a later step comes, or the run ends. */
  readonly holdsBack?: boolean;
  /** The clock; default: the machine's. */
  readonly now?: () => number;
}

/** W&B calls a run crashed that sent no heartbeat for five minutes (W&B documentation). */
const CRASHED_AFTER_MS = 5 * 60_000;
const ENDED: ReadonlySet<string> = new Set(['finished', 'failed', 'crashed', 'killed', 'preempted']);

/**
 * A run that goes on while it is watched, with W&B's rules: who heartbeats, what is held back, what a rewind drops.
 * Everything that it has sent can be seen at once; the 15 seconds that the client waits are the test's business.
 */
export class LiveRun implements WorldRun {
  readonly project: WorldProject;
  /** The run's id, as in its address. */
  readonly name: string;
  readonly id: string;
  readonly commit = null;
  readonly events: string[] = [];
  readonly createdAt: string;
  readonly user: WorldUser | null;
  displayName: string;
  tags: readonly string[];
  readonly group: string | null;
  readonly jobType: string | null;
  readonly host: string | null;
  readonly sweepName: string | null;
  heartbeatAt: string;
  /** Somebody asked for its end with `stopRun`. */
  stopRequested = false;
  readonly #now: () => number;
  readonly #holdsBack: boolean;
  readonly #own: LoggedRow[] = [];
  readonly #summary: Record<string, LoggedValue> = {};
  #config: Record<string, LoggedValue>;
  #before: RowList;
  #heldBack: LoggedRow | undefined;
  #firstStep = 0;
  #state: string;

  constructor(project: WorldProject, name: string, options: LiveRunOptions = {}, number = 1) {
    this.project = project;
    this.name = name;
    this.#now = options.now ?? Date.now;
    const created = options.createdAt ?? this.#now();
    this.id = worldId('Run', 90_000 + number);
    this.displayName = options.displayName ?? name;
    this.#state = options.state ?? 'running';
    this.tags = options.tags ?? [];
    this.group = options.group ?? null;
    this.jobType = options.jobType ?? null;
    this.host = options.host ?? null;
    this.sweepName = options.sweepName ?? null;
    this.user = options.user === undefined ? { username: 'ada', name: 'Ada Lovelace' } : options.user;
    this.createdAt = isoOf(created);
    this.heartbeatAt = isoOf(options.heartbeatAt ?? created);
    this.#holdsBack = options.holdsBack ?? false;
    this.#config = { ...options.config };
    this.#before = options.rows ?? [];
    this.#summarize(this.#before.at(this.#before.length - 1));
  }

  /** A running run without a heartbeat is shown as crashed, until data comes again. */
  get state(): string {
    const silentFor = this.#now() - Date.parse(this.heartbeatAt);
    return this.#state === 'running' && silentFor > CRASHED_AFTER_MS ? 'crashed' : this.#state;
  }

  set state(state: string) {
    this.#state = state;
  }

  /** What the server has; what is held back is not there yet. */
  get history(): RowList {
    const before = this.#before;
    const own = this.#own;
    if (own.length === 0) return before;
    return {
      length: before.length + own.length,
      at: (index) => (index < before.length ? before.at(index) : own[index - before.length]),
    };
  }

  get lastStep(): number {
    let last = Number.NEGATIVE_INFINITY;
    for (const row of this.#own) last = Math.max(last, stepOf(row));
    const before = this.#before.at(this.#before.length - 1);
    last = Math.max(last, before === undefined ? -1 : stepOf(before));
    return last;
  }

  get summaryMetrics(): string {
    return JSON.stringify(textForNonfinite(this.#summary));
  }

  get config(): string {
    const wrapped = Object.entries(this.#config).map(([name, value]) => [name, { value }]);
    return JSON.stringify(Object.fromEntries(wrapped));
  }

  /** Values that a person, or the run itself, changes later. */
  setConfig(name: string, value: LoggedValue): void {
    this.#config = { ...this.#config, [name]: value };
  }

  /**
   * Logs a row and heartbeats.
   *
   * @param options.step default: the step after the last one
   * @param options.timestamp seconds; `null`: the row has none
   */
  log(values: LoggedRow, options: { readonly step?: number; readonly timestamp?: number | null } = {}): this {
    const now = this.#now();
    const step = options.step ?? this.#nextStep();
    const seconds = options.timestamp === undefined ? now / 1000 : options.timestamp;
    const row: LoggedRow = {
      ...values,
      _step: step,
      ...(seconds === null ? {} : { _timestamp: seconds }),
      _runtime: (now - Date.parse(this.createdAt)) / 1000,
    };
    if (this.#holdsBack) this.#sendLikeTheClient(row, options.step !== undefined);
    else this.#send(row);
    return this.heartbeat();
  }

  /** A row of system metrics: names without `system.`; NaN and infinities stand bare in it. */
  logSystem(values: LoggedRow, options: { readonly runtime?: number; readonly timestamp?: number | null } = {}): this {
    const now = this.#now();
    const runtime = options.runtime ?? (now - Date.parse(this.createdAt)) / 1000;
    const seconds = options.timestamp === undefined ? now / 1000 : options.timestamp;
    const named = Object.fromEntries(Object.entries(values).map(([name, value]) => [`system.${name}`, value]));
    const line = { ...named, _wandb: true, _runtime: runtime, ...(seconds === null ? {} : { _timestamp: seconds }) };
    this.events.push(bareJson(line));
    return this.heartbeat();
  }

  /** An empty request of a quiet run. A run that was taken for crashed is running again. */
  heartbeat(): this {
    this.heartbeatAt = isoOf(this.#now());
    if (this.#state === 'crashed') this.#state = 'running';
    return this;
  }

  /**
   * Ends the run, or begins it again. Finished and failed send what was held back, and a heartbeat; crashed and killed are
   * found out by the server: no heartbeat, and what was held back is lost.
   */
  setState(state: string): this {
    const isHardEnd = ['crashed', 'killed', 'preempted'].includes(state);
    if (ENDED.has(state) && !isHardEnd && this.#heldBack !== undefined) this.#send(this.#heldBack);
    if (ENDED.has(state)) this.#heldBack = undefined;
    if (!isHardEnd) this.heartbeatAt = isoOf(this.#now());
    this.#state = state;
    return this;
  }

  /** Goes on after its end: the next step is the last one + 1. */
  resume(): this {
    return this.setState('running');
  }

  /** Keeps the id, drops the rows after a step, and runs again. */
  rewind(step: number): this {
    this.#heldBack = undefined;
    const kept = allRows(this.history).filter((row) => stepOf(row) <= step);
    this.#before = [];
    this.#own.splice(0, this.#own.length, ...kept);
    for (const name of Object.keys(this.#summary)) delete this.#summary[name];
    for (const row of kept) this.#summarize(row);
    return this.setState('running');
  }

  /** A row once more, as after an export, or a fork that repeats steps. */
  repeat(step: number): this {
    const row = allRows(this.history).find((one) => stepOf(one) === step);
    if (row !== undefined) this.#own.push(row);
    return this;
  }

  /** How a fork names its parent. */
  setBranchPoint(parent: LiveRun, step: number): void {
    this.setConfig('_wandb', { branch_point: { run_id: parent.name, step } });
  }

  /** A fork's first step. */
  startAt(step: number): void {
    this.#firstStep = step;
  }

  #nextStep(): number {
    const held = this.#heldBack === undefined ? -1 : stepOf(this.#heldBack);
    return Math.max(this.lastStep + 1, held + 1, this.#firstStep);
  }

  /** A row of the same step is added to, one of an earlier step is dropped (client). */
  #sendLikeTheClient(row: LoggedRow, hasStep: boolean): void {
    const held = this.#heldBack;
    if (stepOf(row) < Math.max(this.lastStep, held === undefined ? -1 : stepOf(held))) return;
    this.#heldBack = undefined;
    const merged = held !== undefined && stepOf(held) === stepOf(row) ? { ...held, ...row } : row;
    if (held !== undefined && merged === row) this.#send(held);
    if (hasStep) this.#heldBack = merged;
    else this.#send(merged);
  }

  #send(row: LoggedRow): void {
    this.#own.push(row);
    this.#summarize(row);
  }

  #summarize(row: LoggedRow | undefined): void {
    for (const [name, value] of Object.entries(row ?? {})) this.#summary[name] = value;
  }
}

/** A run that goes on at the stand-in, from now on. */
export function liveRun(world: WandbWorld, project: WorldProject, name: string, options: LiveRunOptions = {}): LiveRun {
  const run = new LiveRun(project, name, options, world.runs.length + 1);
  world.runs.push(run);
  return run;
}

/** A fork: a new run that begins at `step` + 1, or repeats the parent's last steps first. */
export function forkOf(
  world: WandbWorld,
  parent: LiveRun,
  name: string,
  step: number,
  options: LiveRunOptions & { readonly repeats?: number } = {},
): LiveRun {
  const repeated = allRows(parent.history).filter((row) => stepOf(row) <= step && stepOf(row) > step - (options.repeats ?? 0));
  const before: RowList = repeated.length > 0 ? repeated : (options.rows ?? []);
  const fork = liveRun(world, parent.project, name, { ...options, rows: before });
  fork.setBranchPoint(parent, step);
  if (repeated.length === 0) fork.startAt(step + 1);
  return fork;
}

function allRows(rows: RowList): LoggedRow[] {
  return Array.from({ length: rows.length }, (_none, i) => rows.at(i) ?? {});
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
