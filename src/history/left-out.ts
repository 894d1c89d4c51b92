import { count } from '../backtest/result-words.ts';
import type { Subject } from '../backtest/subject.ts';
import type { ProjectRef } from '../engine/run-reader.ts';
import { durationInConfig } from '../lib/duration.ts';
import type { ListedRun } from './run-list.ts';

/** Collects what a back-test did not read, so that no number looks more complete than it is. */
export class LeftOut {
  readonly #maxRuns: number;
  readonly #timeLimitMs: number;
  readonly #projects = new Map<string, string>();
  readonly #cut = new Map<Subject, string[]>();
  readonly #unreadable = new Map<string, number>();
  readonly #cutOff: string[] = [];
  /** Runs that each automation is about and that were not read. */
  readonly #notRead = new Map<Subject, number>();
  #late = 0;

  constructor({ maxRuns, timeLimitMs }: { readonly maxRuns: number; readonly timeLimitMs: number }) {
    this.#maxRuns = maxRuns;
    this.#timeLimitMs = timeLimitMs;
  }

  /** A project whose runs could not be listed. */
  project({ entity, project }: ProjectRef, message: string): void {
    this.#projects.set(`${entity}/${project}`, message);
  }

  /** An automation that has more runs in a project than are read. */
  cut(subject: Subject, { entity, project }: ProjectRef): void {
    this.#cut.set(subject, [...(this.#cut.get(subject) ?? []), `${entity}/${project}`]);
  }

  /** Runs that the time limit has left out. */
  late(runs: readonly ListedRun[]): void {
    this.#late += runs.length;
    this.#count(runs);
  }

  unreadable(runs: readonly ListedRun[], message: string): void {
    this.#unreadable.set(message, (this.#unreadable.get(message) ?? 0) + runs.length);
    this.#count(runs);
  }

  /** How many runs an automation is about and that were not read. */
  notRead(subject: Subject): number {
    return this.#notRead.get(subject) ?? 0;
  }

  #count(runs: readonly ListedRun[]): void {
    for (const { subjects } of runs) for (const subject of subjects) this.#notRead.set(subject, this.notRead(subject) + 1);
  }

  /** A run whose history ends before its last step. */
  cutOff(run: string): void {
    this.#cutOff.push(run);
  }

  /** Why there is no result at all; `undefined`: there is one. */
  nothingRead(lists: number): string | undefined {
    const [first] = this.#projects.values();
    return first !== undefined && this.#projects.size >= Math.max(1, lists) ? first : undefined;
  }

  notesOf(subject: Subject): string[] {
    const projects = this.#cut.get(subject);
    if (projects === undefined) return [];
    return [
      `More than ${count(this.#maxRuns, 'run')} in ${projects.join(', ')}: only the latest ${this.#maxRuns.toLocaleString('en')} were looked at (--max-runs)`,
    ];
  }

  /** @param isAnyRead false: nothing was read, so what is left out is everything */
  sentences(isAnyRead: boolean): string[] {
    const cut = new Set([...this.#cut.values()].flat());
    const names = this.#cutOff.slice(0, 3).join(', ');
    const more = this.#cutOff.length > 3 ? ` and ${this.#cutOff.length - 3} more` : '';
    return [
      ...[...cut].map(
        (project) => `${project} has more than ${count(this.#maxRuns, 'run')} in this time: the older ones were left out (--max-runs)`,
      ),
      ...(this.#late === 0
        ? []
        : [
            `The time limit of ${durationInConfig(this.#timeLimitMs)} was reached: ${count(this.#late, 'run')} were left out${isAnyRead ? ', the older ones' : ''} (--time-limit)`,
          ]),
      ...[...this.#projects].map(([project, message]) => `${project} was left out: ${message}`),
      ...[...this.#unreadable].map(([message, runs]) => `${count(runs, 'run')} could not be read: ${message}`),
      ...(this.#cutOff.length === 0
        ? []
        : [`W&B returned less than the whole history of ${count(this.#cutOff.length, 'run')}: ${names}${more}`]),
    ];
  }
}
