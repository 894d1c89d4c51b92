import type { JsonObject } from '../lib/json.ts';
import { Alarm } from './alarm.ts';
import { type CurrentValue, type Evaluation, type Firing, NOTHING } from './evaluation.ts';
import type { Condition, Rule } from './rule.ts';
import { isLive, type RunSnapshot } from './run.ts';
import { restoreEvaluation, saveEvaluation } from './saved-evaluation.ts';

/** States from which a run may come back by itself: W&B sets a crashed run to running when data comes again. */
const MAY_COME_BACK: readonly string[] = ['crashed', 'preempted'];

type StateCondition = Extract<Condition, { kind: 'state' }>;

/** The run came into one of the states. Each of them counts: from one to another is a transition. */
export class StateEvaluation implements Evaluation {
  private readonly rule: Rule;
  private readonly condition: StateCondition;
  private readonly alarm: Alarm;
  private state = '';
  private since = Number.NaN;
  /** Not saved: it changes with every look at a run that does not change. */
  private lastAt = Number.NaN;
  /** The state that meets the condition; empty: none does. */
  private met = '';

  constructor(rule: Rule, condition: StateCondition, saved?: JsonObject) {
    this.rule = rule;
    this.condition = condition;
    this.alarm = new Alarm(rule);
    const numbers = restoreEvaluation(rule, this.alarm, saved);
    if (numbers === undefined) return;
    this.since = numbers.next();
    this.state = typeof saved?.state === 'string' ? saved.state : '';
    this.met = typeof saved?.met === 'string' ? saved.met : '';
  }

  add(): readonly Firing[] {
    return NOTHING;
  }

  observe(run: RunSnapshot, { fill, now }: { readonly fill: boolean; readonly now: number }): readonly Firing[] {
    const state = run.state.toLowerCase();
    if (state !== this.state) this.since = now;
    this.state = state;
    this.lastAt = now;
    const met = this.isListed(run, state, now) && (fill || this.hasLasted(state, now)) ? this.counted(state) : '';
    const before = this.met;
    if (met === before) return NOTHING;
    // Crashed may become failed while the grace runs: that is one transition, not two.
    this.met = met;
    if (fill) {
      if (met !== '') this.alarm.assume();
      return NOTHING;
    }
    const kind = met === '' ? this.alarm.end() : this.alarm.begin(now);
    return kind === undefined ? NOTHING : [{ kind, at: now, status: run.state }];
  }

  population(): void {
    // No other runs are needed.
  }

  rewind(): void {
    // A state has no steps.
  }

  current(): CurrentValue {
    return {
      value: undefined,
      at: Number.isNaN(this.lastAt) ? undefined : this.lastAt,
      isMet: this.alarm.isMet,
      lastFiredAt: this.alarm.lastFiredAt,
    };
  }

  save(): JsonObject {
    return saveEvaluation(this.rule, this.alarm, [this.since], { state: this.state, met: this.met });
  }

  private isListed(run: RunSnapshot, state: string, now: number): boolean {
    return this.condition.states.includes(state) && durationOf(run, now) >= this.condition.longerThanMs;
  }

  private hasLasted(state: string, now: number): boolean {
    return !MAY_COME_BACK.includes(state) || now - this.since >= this.condition.graceMs;
  }

  /** To an automation for failed runs a crash is a failure. */
  private counted(state: string): string {
    return state === 'crashed' && this.condition.states.includes('failed') ? 'failed' : state;
  }
}

/** How long a run took, or has taken until now: milliseconds. */
function durationOf(run: RunSnapshot, now: number): number {
  return (isLive(run) ? now : run.heartbeatAt) - run.createdAt;
}
