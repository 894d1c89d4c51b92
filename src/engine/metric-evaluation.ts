import type { JsonObject } from '../lib/json.ts';
import { Alarm } from './alarm.ts';
import { type CurrentValue, type Evaluation, type Firing, NOTHING } from './evaluation.ts';
import { createMeasure, type Measure, RunsZScore } from './measure.ts';
import { otherMetricName } from './metric-name.ts';
import type { NumberReader } from './number-store.ts';
import type { MetricCondition, Rule } from './rule.ts';
import type { Point } from './run.ts';
import { restoreEvaluation, saveEvaluation } from './saved-evaluation.ts';
import { meets } from './verdict.ts';

/** A condition on the values of one metric. */
export class MetricEvaluation implements Evaluation {
  private readonly rule: Rule;
  private readonly condition: MetricCondition;
  private readonly metric: string;
  private readonly otherName: string;
  private readonly measure: Measure;
  private readonly alarm: Alarm;
  private lastX = Number.NEGATIVE_INFINITY;
  private lastAt = Number.NaN;
  private compared = Number.NaN;

  constructor(rule: Rule, condition: MetricCondition, saved?: JsonObject) {
    this.rule = rule;
    this.condition = condition;
    this.metric = condition.metric;
    this.otherName = otherMetricName(condition.metric);
    this.measure = createMeasure(condition);
    this.alarm = new Alarm(rule);
    const numbers = restoreEvaluation(rule, this.alarm, saved);
    if (numbers !== undefined) this.restore(numbers);
  }

  add(point: Point, { fill, now }: { readonly fill: boolean; readonly now: number }): readonly Firing[] {
    if (!this.takes(point)) return NOTHING;
    const at = Math.min(point.at, now);
    this.lastX = point.x;
    this.lastAt = at;
    this.compared = this.measure.add(point.value);
    if (fill || Number.isNaN(this.compared)) {
      this.alarm.interrupt();
      return NOTHING;
    }
    const kind = this.alarm.judge(meets(this.condition, this.compared), at);
    if (kind === undefined) return NOTHING;
    return [{ kind, at, x: point.x, metric: point.metric, value: this.compared, values: this.measure.parts() }];
  }

  /** Whether it is a point of this metric, after the latest. */
  takes({ metric, x }: Point): boolean {
    return (metric === this.metric || metric === this.otherName) && x > this.lastX;
  }

  observe(): readonly Firing[] {
    return NOTHING;
  }

  population(values: readonly number[]): void {
    if (this.measure instanceof RunsZScore) this.measure.population(values);
  }

  rewind(): void {
    this.measure.reset();
    this.alarm.interrupt();
    this.lastX = Number.NEGATIVE_INFINITY;
    this.compared = Number.NaN;
  }

  /** The number that was last compared; NaN: none. */
  get lastCompared(): number {
    return this.compared;
  }

  get isMet(): boolean {
    return this.alarm.isMet;
  }

  current(): CurrentValue {
    return {
      value: Number.isNaN(this.compared) ? undefined : this.compared,
      at: Number.isNaN(this.lastAt) ? undefined : this.lastAt,
      isMet: this.alarm.isMet,
      lastFiredAt: this.alarm.lastFiredAt,
    };
  }

  save(): JsonObject {
    const numbers = [this.lastX, this.lastAt, this.compared];
    this.measure.save(numbers);
    return saveEvaluation(this.rule, this.alarm, numbers);
  }

  private restore(saved: NumberReader): void {
    this.lastX = saved.next();
    this.lastAt = saved.next();
    this.compared = saved.next();
    this.measure.restore(saved);
  }
}
