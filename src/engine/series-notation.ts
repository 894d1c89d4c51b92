import { err, ok, type Result } from '../lib/result.ts';

/**
 * The short notation of the series in tests of automations. It is the one of Prometheus' rule tests (`promtool test rules`), with
 * words for states beside numbers:
 *
 * - `3`, `-0.5`, `1e-3`, `NaN`, `Inf`, `-Inf`: one value
 * - `2.8x10`: the value, then 10 times again
 * - `9+1x3`: 9, then 3 more values, each 1 more: 9 10 11 12; `9-1x3`: each 1 less
 * - `_`: no value at this step; `_x5`: none at 5 steps
 * - `running x10 crashed`: states; the repetition may stand apart, of values too
 */

/** More steps than this are no test of one run. */
export const MAX_STEPS = 20_000;

export interface NotationProblem {
  /** In characters, from the start of the text. */
  readonly offset: number;
  readonly message: string;
}

const NUMBER = String.raw`(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const SPECIAL = '(?:nan|[+-]?inf(?:inity)?)';
const VALUE = new RegExp(`^([+-]?${NUMBER}|${SPECIAL}|_)(?:([+-]${NUMBER})?x(\\d+))?$`, 'i');
const REPEAT = /^x(\d+)$/i;

/** Reads the values of a series: one for each step, `undefined` where there is none. */
export function parseSeries(text: string): Result<(number | undefined)[], NotationProblem> {
  const values: (number | undefined)[] = [];
  for (const token of tokensOf(text)) {
    const added = addValues(token.text, values);
    if (added !== undefined) return err({ offset: token.offset, message: added });
  }
  return values.length === 0 ? err({ offset: 0, message: 'has no value: write at least one, or _ for none' }) : ok(values);
}

/** Adds what one token stands for, or returns why it cannot be read. */
function addValues(token: string, values: (number | undefined)[]): string | undefined {
  const again = REPEAT.exec(token)?.[1];
  if (again !== undefined) {
    if (values.length === 0) return `${JSON.stringify(token)} repeats nothing: write a value before it`;
    return tooMany(values.length, Number(again)) ?? repeat(values, values.at(-1), Number(again));
  }
  const [whole, value = '', delta, count] = VALUE.exec(token) ?? [];
  if (whole === undefined) return explain(token);
  const times = Number(count ?? 0);
  const problem = tooMany(values.length, times + 1);
  if (problem !== undefined) return problem;
  if (value === '_') {
    if (delta !== undefined) return `${JSON.stringify(token)} adds to no value`;
    // As in Prometheus: `_x5` is five steps without a value, and `3x5` is six values.
    return repeat(values, undefined, count === undefined ? 1 : times);
  }
  const first = numberOf(value);
  const step = delta === undefined ? 0 : Number(delta);
  for (let i = 0; i <= times; i += 1) values.push(i === 0 || step === 0 ? first : sum(first, step * i));
  return undefined;
}

function repeat<T>(list: T[], item: T, times: number): undefined {
  for (let i = 0; i < times; i += 1) list.push(item);
}

/** Without what doubles add: 0.1 + 3 × 0.1 is 0.4. */
function sum(first: number, more: number): number {
  return Number((first + more).toPrecision(15));
}

function numberOf(text: string): number {
  const word = text.toLowerCase();
  if (word === 'nan') return Number.NaN;
  if (word.includes('inf')) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

function tooMany(before: number, more: number): string | undefined {
  return before + more > MAX_STEPS ? `more than ${MAX_STEPS} steps: a test has at most so many` : undefined;
}

function explain(token: string): string {
  const shown = JSON.stringify(token);
  if (/^stale$/i.test(token)) return `${shown} is Prometheus' end of a series: write _ for a step without a value`;
  if (/^(null|none|nil|-|–)$/i.test(token)) return `${shown} is no value: write _ for a step without a value`;
  if (/^[[(]|[\])]$/.test(token)) return `${shown}: write the values without brackets`;
  if (/^[^,]+,+$/.test(token)) return `${shown}: separate the values by spaces, without commas`;
  if (/^\d+,\d+$/.test(token)) return `${shown} has a comma: write ${token.replace(',', '.')}, or two values with a space between them`;
  if (/[*×]\d+$/.test(token)) return `${shown}: write x for a repetition: ${token.replace(/[*×](\d+)$/, 'x$1')}`;
  return `${shown} is no value: write a number, NaN, Inf, _ (none), 3x10 (3, then 10 times again) or 3+1x10 (each 1 more)`;
}

/**
 * Reads a list of states: one for each interval.
 *
 * @param known the states that there are
 */
export function parseStates(text: string, known: readonly string[]): Result<string[], NotationProblem> {
  const states: string[] = [];
  for (const { text: token, offset } of tokensOf(text)) {
    const problem = (message: string) => err({ offset, message });
    const again = REPEAT.exec(token)?.[1];
    const [, word = token, count = '0'] =
      again === undefined ? (/^([a-z]+)x(\d+)$/i.exec(token) ?? []) : [undefined, states.at(-1) ?? '', again];
    if (again !== undefined && word === '') return problem(`${JSON.stringify(token)} repeats nothing: write a state before it`);
    const state = word.toLowerCase();
    if (!known.includes(state)) return problem(`${JSON.stringify(token)} is no state: there are ${known.join(', ')}`);
    const times = Number(count) + (again === undefined ? 1 : 0);
    const many = tooMany(states.length, times);
    if (many !== undefined) return problem(many);
    repeat(states, state, times);
  }
  return states.length === 0 ? err({ offset: 0, message: 'has no state: write at least one' }) : ok(states);
}

function tokensOf(text: string): { readonly text: string; readonly offset: number }[] {
  return [...text.matchAll(/\S+/g)].map((found) => ({ text: found[0], offset: found.index }));
}
