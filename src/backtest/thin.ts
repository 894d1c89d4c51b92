/** A line to draw: `[x, y]`, and `null` where it has a gap. */
export type Line = readonly ([number, number] | null)[];

/**
 * A line of at most about twice `stretches` points that looks like the whole: of each stretch its lowest and its highest value,
 * in order. Values that are not finite leave a gap.
 */
export function thinnedLine(x: Float64Array, y: Float64Array, stretches: number): Line {
  const [first, last] = [x[0], x[x.length - 1]];
  if (first === undefined || last === undefined) return [];
  const isShort = x.length <= 2 * stretches;
  const width = (last - first) / stretches || 1;
  const line: ([number, number] | null)[] = [];
  const point = (i: number): [number, number] => [x[i] ?? 0, y[i] ?? 0];
  for (let from = 0; from < x.length; ) {
    const end = isShort ? from + 1 : endOfStretch(x, from, first + (Math.floor(((x[from] ?? 0) - first) / width) + 1) * width);
    const [low, high] = extremes(y, from, end);
    if (low >= 0) line.push(...(low === high ? [point(low)] : [point(Math.min(low, high)), point(Math.max(low, high))]));
    else if (line.length > 0 && line.at(-1) !== null) line.push(null);
    from = end;
  }
  return line;
}

function endOfStretch(x: Float64Array, from: number, limit: number): number {
  let end = from + 1;
  while (end < x.length && (x[end] ?? 0) < limit) end++;
  return end;
}

/** The places of the lowest and the highest finite value; -1 without one. */
function extremes(y: Float64Array, from: number, end: number): [number, number] {
  let [low, high] = [-1, -1];
  for (let i = from; i < end; i++) {
    const value = y[i] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    if (low < 0 || value < (y[low] ?? 0)) low = i;
    if (high < 0 || value > (y[high] ?? 0)) high = i;
  }
  return [low, high];
}
