import type { Measure } from './measure.ts';
import type { NumberReader } from './number-store.ts';
import { MomentsWindow } from './window/moments-window.ts';

/** How many deviations a value is from a mean; NaN when there is no deviation, except for the mean itself. */
function zScore(value: number, mean: number, deviation: number): number {
  if (deviation === 0) return value === mean ? 0 : Number.NaN;
  return Number.isFinite(deviation) ? (value - mean) / deviation : Number.NaN;
}

/** Each value against the `window` values before it. It is not one of them itself: of n values none is ever more than √(n-1) deviations from their mean. */
export class ValuesZScore implements Measure {
  private readonly window: MomentsWindow;
  private mean = Number.NaN;
  private last = Number.NaN;

  constructor(size: number) {
    this.window = new MomentsWindow(new Float64Array(MomentsWindow.slots(size)), 0, size);
  }

  add(value: number): number {
    this.last = value;
    this.mean = this.window.mean();
    const score = zScore(value, this.mean, this.window.deviation());
    this.window.push(value);
    return score;
  }

  parts(): number[] {
    return [this.mean, this.last];
  }

  reset(): void {
    this.window.reset();
    this.mean = Number.NaN;
    this.last = Number.NaN;
  }

  save(out: number[]): void {
    out.push(this.mean, this.last);
    this.window.save(out);
  }

  restore(saved: NumberReader): void {
    this.mean = saved.next();
    this.last = saved.next();
    this.window.restore(saved);
  }
}

/** Each value against the summary values of the project's last runs. */
export class RunsZScore implements Measure {
  private readonly size: number;
  private mean = Number.NaN;
  private deviation = Number.NaN;
  private last = Number.NaN;

  constructor(size: number) {
    this.size = size;
  }

  /** The latest runs first. Values that are not finite are left out; with fewer than the window there is no z-score. */
  population(values: readonly number[]): void {
    const taken = values.filter(Number.isFinite).slice(0, this.size);
    const moments = new MomentsWindow(new Float64Array(MomentsWindow.slots(this.size)), 0, this.size);
    for (const value of taken) moments.push(value);
    this.mean = moments.mean();
    this.deviation = moments.deviation();
  }

  add(value: number): number {
    this.last = value;
    return zScore(value, this.mean, this.deviation);
  }

  parts(): number[] {
    return [this.mean, this.last];
  }

  /** The population is not the run's, so it stays. */
  reset(): void {
    this.last = Number.NaN;
  }

  save(out: number[]): void {
    out.push(this.mean, this.deviation, this.last);
  }

  restore(saved: NumberReader): void {
    this.mean = saved.next();
    this.deviation = saved.next();
    this.last = saved.next();
  }
}
