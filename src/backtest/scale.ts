/** A vertical axis: where a value is drawn, and its marks. */
export interface Scale {
  /** From 0, the lower end, to 1. Values outside of the axis are at its ends. */
  place(value: number): number;
  readonly marks: readonly number[];
  readonly isLogarithmic: boolean;
}

/** A positive line whose highest value is so many times its lowest is drawn on a logarithmic axis. */
const LOGARITHMIC_FROM = 500;

/** A few values that are so much further away than the others are cut off: else the others would be one flat line. */
const CUT_OFF_FROM = 5;
const OUTER_SHARE = 0.03;

/** The part of a line that is worth a plot, and whether some of its values are outside. */
export function shownRange(
  values: readonly number[],
  always: readonly number[],
): { readonly values: readonly number[]; readonly isCut: boolean } {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const outer = Math.floor(sorted.length * OUTER_SHARE);
  const inner = [...sorted.slice(outer, sorted.length - outer), ...always];
  const [whole, part] = [spread([...sorted, ...always]), spread(inner)];
  return part > 0 && whole > CUT_OFF_FROM * part ? { values: inner, isCut: true } : { values: [...sorted, ...always], isCut: false };
}

function spread(values: readonly number[]): number {
  const [low, high] = extent(values);
  return high - low;
}

function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** An axis around all of the values, with round marks. */
export function scaleOf(values: readonly number[], most: number): Scale {
  const [low, high] = extent(values.filter(Number.isFinite));
  if (low > high) return linear(0, 1, most);
  return low > 0 && high / low > LOGARITHMIC_FROM ? logarithmic(low, high, most) : linear(low, high, most);
}

function linear(low: number, high: number, most: number): Scale {
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  const [from, to] = [low - room, high + room];
  const step = roundStep((to - from) / most);
  const first = Math.ceil(from / step);
  const marks = Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { place: (value) => clamp((value - from) / (to - from)), marks, isLogarithmic: false };
}

function logarithmic(low: number, high: number, most: number): Scale {
  const [from, to] = [Math.log10(low) - 0.1, Math.log10(high) + 0.1];
  const every = Math.max(1, Math.ceil((to - from) / most));
  const first = Math.ceil(from);
  const marks = Array.from({ length: Math.floor((to - first) / every) + 1 }, (_, i) => 10 ** (first + i * every));
  const place = (value: number): number => (value > 0 ? clamp((Math.log10(value) - from) / (to - from)) : 0);
  return { place, marks, isLogarithmic: true };
}

/** Round marks along a range that begins and ends as it is. */
export function marksBetween(from: number, to: number, most: number): number[] {
  if (to <= from) return [from];
  const step = roundStep((to - from) / most);
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
