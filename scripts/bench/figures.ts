import { median, quantile } from './statistics.ts';

/** What a figure should be. Without one it is only reported. */
export type Target = { readonly atLeast: number } | { readonly atMost: number } | { readonly below: number };

/** One line of the report. */
export interface Figure {
  readonly part: string;
  readonly name: string;
  /** Blank for a ratio. */
  readonly unit: '' | '/s' | 'ms' | 's' | 'KB' | 'MB' | 'µs' | '%';
  readonly measured: number;
  readonly target?: Target;
  /** The first and the third quartile of the rounds. */
  readonly middleHalf?: readonly [number, number];
}

/** Whether a figure meets its target; `undefined` when it has none. A figure that could not be measured does not meet it. */
export function isMet({ measured, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  if ('atLeast' in target) return measured >= target.atLeast;
  return 'atMost' in target ? measured <= target.atMost : measured < target.below;
}

/** The median of a figure's values, with their middle half. */
export function figureOf(figure: Omit<Figure, 'measured' | 'middleHalf'>, values: readonly number[]): Figure {
  return { ...figure, measured: median(values), middleHalf: [quantile(values, 0.25), quantile(values, 0.75)] };
}

export const FIGURE_COLUMNS = ['PART', 'FIGURE', 'MEASURED', 'MIDDLE HALF', 'TARGET', ''];

/** The cells of a figure under `FIGURE_COLUMNS`. */
export function figureRow(figure: Figure): string[] {
  const { part, name, unit, measured, middleHalf } = figure;
  const met = isMet(figure);
  const withUnit = (value: number) => `${numberText(value)}${unit === '' ? '' : ` ${unit}`}`;
  return [
    part,
    name,
    withUnit(measured),
    middleHalf === undefined ? '' : middleHalf.map(numberText).join(' to '),
    targetText(figure.target),
    met === undefined ? '' : met ? 'met' : 'not met',
  ];
}

function targetText(target: Target | undefined): string {
  if (target === undefined) return '';
  if ('atLeast' in target) return `at least ${target.atLeast}`;
  return 'atMost' in target ? `at most ${target.atMost}` : `under ${target.below}`;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return '?';
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}
