import type { JsonObject } from '../lib/json.ts';
import { Alarm } from './alarm.ts';
import { type CurrentValue, type Evaluation, type Firing, NOTHING } from './evaluation.ts';
import type { Rule } from './rule.ts';
import type { RunSnapshot } from './run.ts';
import { restoreEvaluation, saveEvaluation } from './saved-evaluation.ts';

/** A run is running, and has logged no new row for so long. */
export class SilenceEvaluation implements Evaluation {
  private readonly rule: Rule;
  private readonly forMs: number;
  private readonly alarm: Alarm;
  /** Not saved: it changes with every look at a run that does not change. */
  private silentMs = Number.NaN;
  private lastRowAt = Number.NaN;
  /** When it was seen to run again; -Infinity: it has run since it was first seen. */
  private resumedAt = Number.NEGATIVE_INFINITY;
  private wasRunning = true;

  constructor(rule: Rule, forMs: number, saved?: JsonObject) {
    this.rule = rule;
    this.forMs = forMs;
    this.alarm = new Alarm(rule);
    const numbers = restoreEvaluation(rule, this.alarm, saved);
    if (numbers === undefined) return;
    this.lastRowAt = numbers.next();
    this.resumedAt = numbers.next();
    this.wasRunning = numbers.next() === 1;
  }

  add(): readonly Firing[] {
    return NOTHING;
  }

  observe(
    run: RunSnapshot,
    { fill, now, lastRowAt }: { readonly fill: boolean; readonly now: number; readonly lastRowAt: number | undefined },
  ): readonly Firing[] {
    const isRunning = run.state.toLowerCase() === 'running';
    if (isRunning && !this.wasRunning) this.resumedAt = now;
    this.wasRunning = isRunning;
    this.lastRowAt = lastRowAt ?? Number.NaN;
    const since = Math.max(lastRowAt ?? run.createdAt, this.resumedAt);
    this.silentMs = isRunning ? Math.max(0, now - since) : Number.NaN;
    if (fill) return NOTHING;
    const kind = this.silentMs >= this.forMs ? this.beginOnce(now) : this.alarm.end();
    if (kind === undefined) return NOTHING;
    const value = isRunning ? { value: this.silentMs } : {};
    return [{ kind, at: now, ...value, status: run.state }];
  }

  population(): void {
    // No other runs are needed.
  }

  rewind(): void {
    // Rows of a rewound run are new rows.
  }

  current(): CurrentValue {
    return {
      value: Number.isNaN(this.silentMs) ? undefined : this.silentMs,
      at: Number.isNaN(this.lastRowAt) ? undefined : this.lastRowAt,
      isMet: this.alarm.isMet,
      lastFiredAt: this.alarm.lastFiredAt,
    };
  }

  save(): JsonObject {
    return saveEvaluation(this.rule, this.alarm, [this.lastRowAt, this.resumedAt, this.wasRunning ? 1 : 0]);
  }

  private beginOnce(at: number): 'firing' | undefined {
    return this.alarm.isMet ? undefined : this.alarm.begin(at);
  }
}
