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
  /** The latest point; after a restart only its place and time. `undefined`: there was none. */
  private latest: Point | undefined;
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
    this.latest = point;
    const compared = this.measure.add(point.value);
    this.compared = compared;
    if (fill || Number.isNaN(compared)) {
      this.alarm.interrupt();
      return NOTHING;
    }
    const isMet = meets(this.condition, compared);
    return this.alarm.isSteady(isMet) ? NOTHING : this.judge(isMet, point, now);
  }

  /** Whether it is a point of this metric, after the latest. */
  takes({ metric, x }: Point): boolean {
    return (metric === this.metric || metric === this.otherName) && (this.latest === undefined || x > this.latest.x);
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
    this.latest = undefined;
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
      at: this.latest?.at,
      isMet: this.alarm.isMet,
      lastFiredAt: this.alarm.lastFiredAt,
    };
  }

  save(): JsonObject {
    const numbers = [this.latest?.x ?? Number.NaN, this.latest?.at ?? Number.NaN, this.compared];
    this.measure.save(numbers);
    return saveEvaluation(this.rule, this.alarm, numbers);
  }

  private judge(isMet: boolean, point: Point, now: number): readonly Firing[] {
    const at = Math.min(point.at, now);
    const kind = this.alarm.judge(isMet, at);
    if (kind === undefined) return NOTHING;
    return [{ kind, at, x: point.x, metric: point.metric, value: this.compared, values: this.measure.parts(this.compared) }];
  }

  private restore(saved: NumberReader): void {
    const [x, at] = [saved.next(), saved.next()];
    if (!Number.isNaN(x)) this.latest = { metric: this.metric, x, at, value: Number.NaN };
    this.compared = saved.next();
    this.measure.restore(saved);
  }
}
