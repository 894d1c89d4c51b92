import type { Point } from '../engine/run.ts';
import type { PointsAnswer, PointsQuery } from '../engine/run-reader.ts';
import { type LoggedJson, loggedNumber, loggedTime, loggedValue } from './logged-json.ts';
import { divide, type StepRange } from './step-range.ts';

/** What a run's list entry says, as far as its rows depend on it. */
export interface RunFacts {
  /** Every row is known to have a `_timestamp`. */
  readonly isStamped: boolean;
  readonly createdAt: number | undefined;
  /** How many rows it has, where that is known. */
  readonly rows: number | undefined;
  /** For rows without any time. */
  readonly now: number;
}

/** The answer to one spec: its rows; `undefined`: none came; `'too long'`: there is more than can be read at once. */
export type SpecAnswer = readonly unknown[] | undefined | 'too long';

/** A range that is not answered is asked for so many times. */
const MOST_TRIES = 2;

/** So many metrics may have a range that is full of rows: a million values. */
const METRICS_AT_ONCE = 100;

/** How the times of rows are read: with each metric, on their own, or, where these are too many, with each metric once more. */
type Stamps = 'with metrics' | 'alone' | 'twice';

interface Row {
  readonly x: number;
  readonly at: number | undefined;
  readonly value: number;
}

/**
 * How far the reading of one run is. Pure: `next` gives the specs of what to read now, `take` gets their answers.
 *
 * The last row of the run must be seen, in the specs of the last range; or else that range is read again together with a spec
 * for the row itself. So a row that was counted, but is not there yet, is not skipped.
 */
export class RunProgress {
  readonly query: PointsQuery;
  readonly #metrics: readonly string[];
  readonly #facts: RunFacts;
  readonly #points = new Map<string, Point[]>();
  #todo: StepRange[];
  #stamps: Stamps;
  #tries = 0;
  #isLastLook = false;
  #readTo: number;
  /** The highest step of any row that came. */
  #seen: number;
  #isDone = false;
  #latestAt: number | undefined;

  constructor(query: PointsQuery, metrics: readonly string[], facts: RunFacts) {
    this.query = query;
    this.#metrics = [...new Set(metrics)];
    this.#facts = facts;
    this.#stamps = facts.isStamped ? 'with metrics' : 'alone';
    this.#readTo = query.afterStep;
    this.#seen = query.afterStep;
    this.#todo = [];
    for (const metric of metrics) this.#points.set(metric, []);
    if (metrics.length === 0 || query.upToStep <= query.afterStep) this.#finish(Math.max(query.upToStep, query.afterStep));
    else this.#todo = divide(firstRange(query), this.#rowsAtOnce());
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  get hasAdvanced(): boolean {
    return this.#readTo > this.query.afterStep;
  }

  get metrics(): readonly string[] {
    return this.#metrics;
  }

  get pointCount(): number {
    let count = 0;
    for (const points of this.#points.values()) count += points.length;
    return count;
  }

  /** The specs to ask for next, as JSON text; the first one says how far the history goes. */
  next(): string[] {
    const [range] = this.#todo;
    if (range === undefined || this.#isDone) return [];
    const spec = (keys: readonly string[], { min, max, samples } = range) =>
      JSON.stringify({ keys: [...new Set(['_step', ...keys])], samples, minStep: min, maxStep: max });
    const plain = this.#metrics.map((metric) => spec([metric]));
    const stamped = this.#metrics.map((metric) => spec(['_timestamp', metric]));
    const { upToStep } = this.query;
    const last = this.#isLastLook ? [spec([], { ...range, min: Math.floor(upToStep), max: Math.ceil(upToStep) })] : [];
    switch (this.#stamps) {
      case 'with metrics':
        return [...last, ...stamped];
      case 'alone':
        return [...last, spec(['_timestamp']), ...plain];
      case 'twice':
        return [...last, ...plain, ...stamped];
    }
  }

  /**
   * Takes the answers to `next`.
   *
   * @param together how many of the first specs went in one request: only they prove how far the history goes
   */
  take(answers: readonly SpecAnswer[], together: number): void {
    const [range] = this.#todo;
    if (range === undefined) return;
    if (answers.some((answer) => answer === 'too long')) {
      this.#divide([], 2);
      return;
    }
    const whole = answers.filter((answer) => answer !== undefined && answer !== 'too long');
    if (whole.length < answers.length || answers.length === 0) {
      this.#tries += 1;
      if (this.#tries >= MOST_TRIES) this.#finish(this.#readTo);
      return;
    }
    const rows = whole.map((answer) => answer.filter(isRow));
    if (this.#isFull(rows, range)) return;
    this.#tries = 0;
    this.#absorb(rows);
    for (const row of rows.slice(0, together).flat()) this.#sawStep(loggedNumber(row._step));
    this.#advance(range);
  }

  /** Rows that were read whole, in any order. Of `history`, which has all metrics in each row. */
  takeRows(rows: readonly LoggedJson[], readTo: number): void {
    for (const metric of this.#metrics) this.#add(metric, rows, NO_STAMPS);
    for (const row of rows) this.#sawStep(loggedNumber(row._step));
    this.#readTo = Math.max(this.#readTo, readTo, Math.min(this.#seen, this.query.upToStep));
    if (this.#readTo >= this.query.upToStep) this.#finish(this.#seen >= this.query.upToStep ? this.query.upToStep : this.#seen);
  }

  /** Nothing more is read of this run in this call. */
  stop(): void {
    this.#finish(this.#readTo);
  }

  answer(): Omit<PointsAnswer, 'systemReadUpTo'> {
    return { run: this.query.run, points: [...this.#points.values()].flat(), readUpTo: this.#readTo };
  }

  #finish(readTo: number): void {
    this.#isDone = true;
    this.#todo = [];
    this.#readTo = readTo;
  }

  #sawStep(step: number | undefined): void {
    if (step !== undefined && Number.isFinite(step)) this.#seen = Math.max(this.#seen, step);
  }

  /** Divides the range, or asks in another way, when W&B may have left out rows. */
  #isFull(rows: readonly LoggedJson[][], range: StepRange): boolean {
    const isFull = (one: readonly LoggedJson[]) => one.length >= range.samples;
    if (!rows.some(isFull)) return false;
    const stampsAt = this.#isLastLook ? 1 : 0;
    if (this.#stamps === 'alone' && rows.every((one, i) => i === stampsAt || !isFull(one))) {
      this.#stamps = 'twice';
      return true;
    }
    const [longest] = rows.toSorted((a, b) => b.length - a.length);
    const steps = (longest ?? []).flatMap((row) => loggedNumber(row._step) ?? []);
    this.#divide(steps, Math.max(2, Math.min(64, Math.ceil((this.#expectedRows() ?? range.samples * 2) / range.samples) * 2)));
    return true;
  }

  #divide(steps: readonly number[], pieces: number): void {
    const [range, ...rest] = this.#todo;
    if (range === undefined) return;
    const parts = divide(range, undefined, { steps, pieces });
    if (parts.length === 0) this.#finish(this.#readTo);
    else this.#todo = [...parts, ...rest];
    this.#isLastLook = false;
  }

  #advance(range: StepRange): void {
    const { upToStep } = this.query;
    this.#todo = this.#todo.slice(1);
    if (this.#todo.length > 0) {
      this.#readTo = Math.max(this.#readTo, Math.min(range.max, upToStep));
      if (this.#stamps === 'twice') this.#stamps = 'alone';
    } else if (this.#seen >= upToStep) this.#finish(upToStep);
    else if (this.#isLastLook) this.#finish(Math.max(this.#readTo, Math.min(this.#seen, upToStep)));
    else {
      this.#isLastLook = true;
      this.#todo = [{ ...range, min: Math.max(range.min, Math.floor(this.#seen)) }];
    }
  }

  #absorb(rows: readonly LoggedJson[][]): void {
    const own = this.#isLastLook ? rows.slice(1) : rows;
    const count = this.#metrics.length;
    const values = this.#stamps === 'alone' ? own.slice(1) : own.slice(0, count);
    const stamps =
      this.#stamps === 'with metrics' ? NO_STAMPS : stampsIn(this.#stamps === 'alone' ? (own[0] ?? []) : own.slice(-count).flat());
    for (const [i, metric] of this.#metrics.entries()) this.#add(metric, values[i] ?? [], stamps);
  }

  /** Adds the points of a range, each place once: rows that were exported come twice, and a fork repeats steps. */
  #add(metric: string, rows: readonly LoggedJson[], stamps: ReadonlyMap<number, number>): void {
    const points = this.#points.get(metric);
    if (points === undefined) return;
    const { afterStep, upToStep } = this.query;
    const from = points.at(-1)?.x ?? afterStep;
    const found: Row[] = [];
    let isSorted = true;
    for (const row of rows) {
      const x = loggedNumber(row._step);
      const value = loggedNumber(loggedValue(row, metric));
      if (x === undefined || value === undefined || !(x > from && x <= upToStep)) continue;
      isSorted &&= x > (found.at(-1)?.x ?? from);
      found.push({ x, at: loggedTime(row._timestamp) ?? stamps.get(x), value });
    }
    // Of rows of one step the last one counts; sorting keeps their order.
    const sorted = isSorted ? found : found.toSorted((a, b) => a.x - b.x).filter(({ x }, i, all) => x !== all[i + 1]?.x);
    const firstAt = sorted.find(({ at }) => at !== undefined)?.at;
    for (const { x, at, value } of sorted) {
      // Without a time of its own a row counts as of the row before.
      const when: number = at ?? points.at(-1)?.at ?? this.#latestAt ?? firstAt ?? this.#facts.createdAt ?? this.#facts.now;
      points.push({ metric, x, at: when, value });
    }
    const last = points.at(-1)?.at;
    if (last !== undefined) this.#latestAt = Math.max(this.#latestAt ?? last, last);
  }

  /** The rows of all metrics of a range are in memory at once: of many metrics a range is shorter. */
  #rowsAtOnce(): number | undefined {
    const rows = this.#expectedRows();
    return rows === undefined ? undefined : rows * Math.max(1, this.#metrics.length / METRICS_AT_ONCE);
  }

  /** How many rows the whole range may have, evenly spread; `undefined` where the run's rows were not counted. */
  #expectedRows(): number | undefined {
    const { afterStep, upToStep } = this.query;
    if (this.#facts.rows === undefined || upToStep <= 0) return undefined;
    return (this.#facts.rows * (upToStep - Math.max(0, afterStep))) / upToStep;
  }
}

/**
 * Both ends of a range count, and they are whole numbers. A step may have a fraction, so the range begins with the row that was
 * read last: the next one may be between it and the next whole step.
 */
function firstRange({ afterStep, upToStep }: PointsQuery): Pick<StepRange, 'min' | 'max'> {
  return { min: Math.max(0, Math.floor(afterStep)), max: Math.ceil(upToStep) };
}

function isRow(value: unknown): value is LoggedJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const NO_STAMPS: ReadonlyMap<number, number> = new Map();

/** The time of each step, of rows that have it. */
function stampsIn(rows: readonly LoggedJson[]): Map<number, number> {
  const stamps = new Map<number, number>();
  for (const row of rows) {
    const step = loggedNumber(row._step);
    const at = loggedTime(row._timestamp);
    if (step !== undefined && at !== undefined) stamps.set(step, at);
  }
  return stamps;
}
