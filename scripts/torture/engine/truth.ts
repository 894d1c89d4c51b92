import { readConfig } from '../../../src/config/config.ts';
import { compileRules } from '../../../src/engine/compile.ts';
import type { Evaluation, Firing } from '../../../src/engine/evaluation.ts';
import type { Rule } from '../../../src/engine/rule.ts';
import type { Point, RunSnapshot } from '../../../src/engine/run.ts';
import { startEvaluation } from '../../../src/engine/start-evaluation.ts';
import { CONFIG } from './scenario.ts';

export function config() {
  const read = readConfig(CONFIG, 'wandb-relay.yaml');
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

/** What must fire on one run: the same rules, evaluated once, by nobody who is killed. */
export class Truth {
  readonly fired: string[] = [];
  private readonly run: string;
  private readonly rules: readonly { readonly rule: Rule; readonly evaluation: Evaluation }[];
  private points: Point[] = [];
  /** Rows up to here were there before the run was rewound. */
  private fillUpTo = -1;
  private now = 0;

  constructor(run: string) {
    const { automations, entity } = config();
    this.run = run;
    this.rules = compileRules(automations, entity).map((rule) => ({ rule, evaluation: startEvaluation(rule) }));
  }

  log(point: Point): void {
    this.points.push(point);
    this.add(point);
  }

  rewind(rows: number): void {
    this.fillUpTo = Math.max(this.fillUpTo, this.points.length - 1);
    this.points = this.points.slice(0, rows);
    for (const { evaluation } of this.rules) evaluation.rewind();
    for (const point of this.points) this.add(point);
  }

  state(state: string): void {
    // Further apart than `refire`.
    this.now += 1_000;
    const run = { name: this.run, state, createdAt: 0, heartbeatAt: 0 } as RunSnapshot;
    for (const { rule, evaluation } of this.rules)
      this.note(rule, evaluation.observe(run, { fill: false, now: this.now, lastRowAt: undefined }));
  }

  private add(point: Point): void {
    const fill = point.x <= this.fillUpTo;
    for (const { rule, evaluation } of this.rules) this.note(rule, evaluation.add(point, { fill, now: point.at }));
  }

  private note(rule: Rule, firings: readonly Firing[]): void {
    for (const { x, status } of firings) this.fired.push(firingName(rule.name, this.run, x ?? status));
  }
}

export function firingName(automation: string | undefined, run: string | undefined, where: number | string | undefined): string {
  return `${automation} ${run} ${where}`;
}
