import type { NumberReader } from './number-store.ts';
import type { Rule } from './rule.ts';

/**
 * When a condition that is met becomes a firing: as it begins, and not before `refireMs` has passed since the last firing.
 * A beginning within that time is dropped, not put off.
 */
export class Alarm {
  private readonly refireMs: number;
  private readonly forPoints: number;
  private readonly resolve: boolean;
  private met = false;
  /** It has fired, and the condition has not ended since. */
  private isOpen = false;
  private streak = 0;
  private firedAt = Number.NaN;

  constructor({ refireMs, forPoints, resolve }: Pick<Rule, 'refireMs' | 'forPoints' | 'resolve'>) {
    this.refireMs = refireMs === 'never' ? Number.POSITIVE_INFINITY : refireMs;
    this.forPoints = forPoints;
    this.resolve = resolve;
  }

  get isMet(): boolean {
    return this.met;
  }

  get lastFiredAt(): number | undefined {
    return Number.isNaN(this.firedAt) ? undefined : this.firedAt;
  }

  /** Whether `judge` would do nothing. */
  isSteady(isMet: boolean): boolean {
    return isMet ? this.met : !this.met && this.streak === 0 && !this.isOpen;
  }

  /** Takes whether a point meets the condition. */
  judge(isMet: boolean, at: number): 'firing' | 'resolved' | undefined {
    if (!isMet) {
      this.streak = 0;
      return this.end();
    }
    if (this.met) return undefined;
    this.streak += 1;
    return this.streak < this.forPoints ? undefined : this.begin(at);
  }

  /** A point that neither meets the condition nor ends it. It interrupts points in a row. */
  interrupt(): void {
    this.streak = 0;
  }

  /** The condition begins, or begins again. */
  begin(at: number): 'firing' | undefined {
    this.met = true;
    this.streak = 0;
    if (at - this.firedAt < this.refireMs) return undefined;
    this.firedAt = at;
    this.isOpen = true;
    return 'firing';
  }

  /** The condition was met already when it was first seen. */
  assume(): void {
    this.met = true;
  }

  end(): 'resolved' | undefined {
    this.met = false;
    const wasOpen = this.isOpen;
    this.isOpen = false;
    return wasOpen && this.resolve ? 'resolved' : undefined;
  }

  save(out: number[]): void {
    out.push(this.firedAt, this.isOpen ? 1 : 0, this.met ? 1 : 0, this.streak);
  }

  /** @param isSameVersion false: another condition was saved, so only what has fired is kept */
  restore(saved: NumberReader, isSameVersion: boolean): void {
    this.firedAt = saved.next();
    this.isOpen = saved.next() === 1;
    const met = saved.next() === 1;
    const streak = saved.next();
    if (!isSameVersion) return;
    this.met = met;
    this.streak = streak;
  }
}
