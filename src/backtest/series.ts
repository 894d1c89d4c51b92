import type { Point } from '../engine/run.ts';

/**
 * What one run logged of one metric, in columns: a run may have millions of points. In the order of `x`, each place once.
 */
export interface Series {
  /** The name that was asked for: as in the config. */
  readonly metric: string;
  /** Steps; of a system metric seconds since the run began. */
  readonly x: Float64Array;
  /** Milliseconds since 1970. */
  readonly at: Float64Array;
  /** May be NaN or infinite. */
  readonly value: Float64Array;
  /** `seconds`: a system metric, which has no steps. */
  readonly axis: 'step' | 'seconds';
}

/** Collects points into columns. */
export interface SeriesBuilder {
  add(point: Point): void;
  build(): Series;
}

export function seriesBuilder(metric: string, axis: Series['axis']): SeriesBuilder {
  let room = 1024;
  let length = 0;
  let columns = [new Float64Array(room), new Float64Array(room), new Float64Array(room)] as const;
  const [X, AT, VALUE] = [0, 1, 2] as const;
  const grow = (): void => {
    room *= 2;
    const [x, at, value] = [new Float64Array(room), new Float64Array(room), new Float64Array(room)] as const;
    x.set(columns[X]);
    at.set(columns[AT]);
    value.set(columns[VALUE]);
    columns = [x, at, value];
  };
  return {
    add: (point) => {
      // Rows that were exported come twice, and a fork repeats steps: each place counts once (see the port).
      if (length > 0 && point.x <= (columns[X][length - 1] ?? Number.NEGATIVE_INFINITY)) return;
      if (length === room) grow();
      columns[X][length] = point.x;
      columns[AT][length] = point.at;
      columns[VALUE][length] = point.value;
      length++;
    },
    build: () => ({
      metric,
      axis,
      x: columns[X].slice(0, length),
      at: columns[AT].slice(0, length),
      value: columns[VALUE].slice(0, length),
    }),
  };
}
