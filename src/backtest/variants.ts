import { MAX_RELAY_WINDOW } from '../automation/automation-fit.ts';
import type { Amount, Condition, Rule } from '../engine/rule.ts';
import { numberWords } from '../event/metric-words.ts';
import { durationInConfig } from '../lib/duration.ts';

/** The same rule with another limit or window. */
export interface RuleVariant {
  readonly kind: 'limit' | 'window';
  readonly factor: number;
  readonly words: string;
  readonly rule: Rule;
}

const LIMIT_FACTORS = [0.8, 0.9, 1.1, 1.2] as const;
const WINDOW_FACTORS = [0.5, 2] as const;

/** The variants of a rule that are tried beside it: its limit × 0.8 to 1.2, its windows halved and doubled. */
export function variantsOf(rule: Rule): RuleVariant[] {
  const limits = LIMIT_FACTORS.flatMap((factor): RuleVariant[] => {
    const changed = withLimit(rule.condition, factor);
    return changed === undefined
      ? []
      : [{ kind: 'limit', factor, words: limitWords(changed) ?? '', rule: variant(rule, changed, `limit ${factor}`) }];
  });
  const windows = WINDOW_FACTORS.flatMap((factor): RuleVariant[] => {
    const changed = withWindow(rule.condition, factor);
    return changed === undefined || longestWindow(changed) > MAX_RELAY_WINDOW
      ? []
      : [{ kind: 'window', factor, words: windowWords(changed) ?? '', rule: variant(rule, changed, `window ${factor}`) }];
  });
  return [...limits, ...windows];
}

function variant(rule: Rule, condition: Condition, name: string): Rule {
  return { ...rule, condition, version: `${rule.version} ${name}` };
}

/** How many values the longest window of a condition holds; 0 without one. */
export function longestWindow(condition: Condition): number {
  switch (condition.kind) {
    case 'change':
      return Math.max(condition.window, condition.priorWindow);
    case 'threshold':
    case 'stall':
    case 'zscore':
      return condition.window;
    default:
      return 0;
  }
}

/** The limit of a condition, as people write it; `undefined` without one. */
export function limitWords(condition: Condition): string | undefined {
  switch (condition.kind) {
    case 'threshold':
    case 'zscore':
      return limitNumber(condition.threshold);
    case 'change':
      return amountWords(condition.amount);
    case 'stall':
      return amountWords(condition.lessThan);
    case 'state':
      return condition.longerThanMs > 0 ? durationInConfig(condition.longerThanMs) : undefined;
    default:
      return undefined;
  }
}

/** `5 values`, `10 values against 50` */
export function windowWords(condition: Condition): string | undefined {
  switch (condition.kind) {
    case 'change':
      return `${values(condition.window)} against ${condition.priorWindow}`;
    case 'threshold':
    case 'stall':
      return values(condition.window);
    case 'zscore':
      return condition.over === 'runs' ? `${condition.window} runs` : values(condition.window);
    default:
      return undefined;
  }
}

function values(count: number): string {
  return `${count} ${count === 1 ? 'value' : 'values'}`;
}

/** A limit as somebody would write it: `8.8`, without zeros at its end. */
export function limitNumber(value: number): string {
  const rounded = Number(value.toPrecision(6));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return numberWords(rounded);
  return rounded.toLocaleString('en', { maximumFractionDigits: 9 }).replace('-', '−');
}

/** `0.25` or `25 %` */
export function amountWords(amount: Amount): string {
  return amount.kind === 'absolute' ? limitNumber(amount.value) : `${limitNumber(amount.fraction * 100)} %`;
}

function withLimit(condition: Condition, factor: number): Condition | undefined {
  switch (condition.kind) {
    case 'threshold':
      // Of a limit of 0 every multiple is the same; of equality a multiple has no sense.
      if (condition.threshold === 0 || condition.comparison === 'equal_to' || condition.comparison === 'not_equal_to') return undefined;
      return { ...condition, threshold: scaled(condition.threshold, factor) };
    case 'zscore':
      return { ...condition, threshold: scaled(condition.threshold, factor) };
    case 'change':
      return { ...condition, amount: scaledAmount(condition.amount, factor) };
    case 'stall':
      return { ...condition, lessThan: scaledAmount(condition.lessThan, factor) };
    case 'state':
      return condition.longerThanMs > 0 ? { ...condition, longerThanMs: Math.round(condition.longerThanMs * factor) } : undefined;
    default:
      return undefined;
  }
}

function scaledAmount(amount: Amount, factor: number): Amount {
  return amount.kind === 'absolute'
    ? { kind: 'absolute', value: scaled(amount.value, factor) }
    : { kind: 'relative', fraction: scaled(amount.fraction, factor) };
}

/** Without the tail of binary fractions: 8 × 1.1 is 8.8. */
function scaled(value: number, factor: number): number {
  return Number((value * factor).toPrecision(12));
}

function withWindow(condition: Condition, factor: number): Condition | undefined {
  if (condition.kind === 'threshold' || condition.kind === 'change') {
    // Without an aggregate only the latest value counts.
    if (condition.aggregate === undefined) return undefined;
    const window = scaledWindow(condition.window, factor);
    const same = window === condition.window;
    if (condition.kind === 'threshold') return same ? undefined : { ...condition, window };
    const priorWindow = scaledWindow(condition.priorWindow, factor);
    return same && priorWindow === condition.priorWindow ? undefined : { ...condition, window, priorWindow };
  }
  if (condition.kind !== 'zscore' && condition.kind !== 'stall') return undefined;
  // Of fewer than two values there is neither a deviation nor a change.
  const window = Math.max(2, scaledWindow(condition.window, factor));
  return window === condition.window ? undefined : { ...condition, window };
}

function scaledWindow(window: number, factor: number): number {
  return Math.max(1, Math.round(window * factor));
}
