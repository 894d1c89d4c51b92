import { evaluateSeries } from '../../../../src/engine/series.ts';
import { ruleOf } from '../rules.ts';

/** A case of the table in docs/engine.md, by its name there. */
export type Cases = Record<string, () => void>;

type Words = Record<string, unknown>;

/** No value at this step. */
export const _ = undefined;

export const INFINITY = Number.POSITIVE_INFINITY;
export const NAN = Number.NaN;

interface Given {
  readonly more?: Words;
  readonly metric?: string;
  readonly population?: readonly number[];
  readonly intervalMs?: number;
}

/** The steps at which an automation for one metric fires, at one step a minute. */
export function firesAt(event: Words, values: readonly (number | undefined)[], given: Given = {}): number[] {
  return signalsOf(event, values, given)
    .filter(({ kind }) => kind === 'firing')
    .map(({ step }) => step);
}

/** Where a condition begins and ends. */
export function signalsOf(event: Words, values: readonly (number | undefined)[], given: Given = {}): { kind: string; step: number }[] {
  return evaluate(event, values, given).firings.map(({ kind, step }) => ({ kind, step }));
}

/** The number that is compared at each step. */
export function comparedAt(event: Words, values: readonly (number | undefined)[], given: Given = {}): (number | undefined)[] {
  return evaluate(event, values, given).steps.map(({ value }) => value);
}

function evaluate(
  event: Words,
  values: readonly (number | undefined)[],
  { more, metric = 'loss', population, intervalMs = 60_000 }: Given,
) {
  return evaluateSeries(ruleOf(event, more), {
    series: { [metric]: values },
    states: [],
    intervalMs,
    ...(population === undefined ? {} : { population }),
  });
}

/** The steps at which an automation for states fires, at one state a minute. */
export function statesFireAt(event: Words, states: readonly string[], more: Words = {}): number[] {
  return stateSignals(event, states, more)
    .filter(({ kind }) => kind === 'firing')
    .map(({ step }) => step);
}

export function stateSignals(event: Words, states: readonly string[], more: Words = {}): { kind: string; step: number; status?: string }[] {
  const { firings } = evaluateSeries(ruleOf(event, more), { series: {}, states, intervalMs: 60_000 });
  return firings.map(({ kind, step, status }) => ({ kind, step, ...(status === undefined ? {} : { status }) }));
}

/** The same thing some times. */
export function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}
