import type { JsonObject } from '../lib/json.ts';
import type { Match } from '../route/match.ts';
import { Alarm } from './alarm.ts';
import { type CurrentValue, type Evaluation, type Firing, NOTHING } from './evaluation.ts';
import { metricMatcher } from './metric-name.ts';
import type { Rule } from './rule.ts';
import type { Point } from './run.ts';
import { restoreEvaluation, saveEvaluation } from './saved-evaluation.ts';

/** So many metrics are remembered that were not finite; more than that change nothing while these are not. */
const MAX_REMEMBERED = 32;

interface Remembered {
  x: number;
  /** So many values in a row that are not finite; 0: finite again. */
  streak: number;
}

/**
 * NaN or an infinity was logged. It holds while the latest value of any of the metrics is not finite. Memory is constant:
 * only metrics that ever were not finite are remembered, and not too many of them.
 */
export class NonfiniteEvaluation implements Evaluation {
  private readonly rule: Rule;
  private readonly matches: (metric: string) => boolean;
  private readonly alarm: Alarm;
  private readonly remembered = new Map<string, Remembered>();
  private lastAt = Number.NaN;
  private lastValue = Number.NaN;

  constructor(rule: Rule, metrics: Match, saved?: JsonObject) {
    this.rule = rule;
    this.matches = metricMatcher(metrics);
    // Points in a row are counted for each metric, here.
    this.alarm = new Alarm({ ...rule, forPoints: 1 });
    const numbers = restoreEvaluation(rule, this.alarm, saved);
    if (numbers === undefined) return;
    this.lastAt = numbers.next();
    this.lastValue = numbers.next();
    for (const name of Array.isArray(saved?.metrics) ? saved.metrics : []) {
      this.remembered.set(String(name), { x: numbers.next(), streak: numbers.next() });
    }
  }

  add(point: Point, { fill, now }: { readonly fill: boolean; readonly now: number }): readonly Firing[] {
    const { metric, x, value } = point;
    if (!this.matches(metric)) return NOTHING;
    const known = this.remembered.get(metric);
    if (known !== undefined && x <= known.x) return NOTHING;
    const at = Math.min(point.at, now);
    this.lastAt = at;
    this.lastValue = value;
    const isGood = Number.isFinite(value);
    if (known !== undefined || (!isGood && this.hasRoom())) {
      this.remembered.set(metric, { x, streak: isGood || fill ? 0 : (known?.streak ?? 0) + 1 });
    }
    if (fill) return NOTHING;
    const kind = this.isAnyNonfinite() ? this.beginOnce(at) : this.alarm.end();
    return kind === undefined ? NOTHING : [{ kind, at, x, metric, value, values: [value] }];
  }

  observe(): readonly Firing[] {
    return NOTHING;
  }

  population(): void {
    // No other runs are needed.
  }

  rewind(): void {
    for (const metric of this.remembered.values()) metric.x = Number.NEGATIVE_INFINITY;
  }

  current(): CurrentValue {
    const isLogged = !Number.isNaN(this.lastAt);
    return {
      value: isLogged ? this.lastValue : undefined,
      at: isLogged ? this.lastAt : undefined,
      isMet: this.alarm.isMet,
      lastFiredAt: this.alarm.lastFiredAt,
    };
  }

  save(): JsonObject {
    const numbers = [this.lastAt, this.lastValue];
    for (const { x, streak } of this.remembered.values()) numbers.push(x, streak);
    return saveEvaluation(this.rule, this.alarm, numbers, { metrics: [...this.remembered.keys()] });
  }

  private beginOnce(at: number): 'firing' | undefined {
    return this.alarm.isMet ? undefined : this.alarm.begin(at);
  }

  private isAnyNonfinite(): boolean {
    for (const { streak } of this.remembered.values()) if (streak >= this.rule.forPoints) return true;
    return false;
  }

  /** Makes room by forgetting a metric that is finite again. */
  private hasRoom(): boolean {
    if (this.remembered.size < MAX_REMEMBERED) return true;
    for (const [name, { streak }] of this.remembered) {
      if (streak === 0) return this.remembered.delete(name);
    }
    return false;
  }
}
