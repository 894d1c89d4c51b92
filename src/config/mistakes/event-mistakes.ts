import { isJsonObject, type JsonValue } from '../../lib/json.ts';
import { meantWord } from '../known-words.ts';
import type { ConfigPath } from '../locator.ts';
import { eventFieldMistakes } from './engine-mistakes.ts';
import { matchMistakes } from './match-mistakes.ts';
import { entriesOf, fieldOf, keyMistake, type Mistake, mistake, yamlText } from './mistake.ts';
import { numberMistakes } from './number-mistakes.ts';

const COMPARISONS = ['above', 'above_or_equal_to', 'below', 'below_or_equal_to', 'equal_to', 'not_equal_to'];
const CHANGES = ['increases_by', 'decreases_by', 'changes_by'];

/**
 * Mistakes in the `event` of an automation.
 *
 * @param isRelay the automation has `engine: relay`
 */
export function eventMistakes(event: JsonValue | undefined, path: ConfigPath, events: readonly string[], isRelay: boolean): Mistake[] {
  if (typeof event === 'string') {
    const meant = meantWord(event, events) ?? 'link_artifact';
    return [mistake(path, `must be a mapping: write event: { ${meant}: {${meant.startsWith('run_') ? ' … ' : ''}} }`)];
  }
  return entriesOf(event).flatMap(([type, fields]): Mistake[] => {
    const here = [...path, type];
    if (!events.includes(type)) return [];
    if (fields === null && type.startsWith('run_')) return [mistake(here, 'is blank: write its fields below it')];
    if (Array.isArray(fields) && type === 'run_state')
      return [mistake(here, `write run_state: { states: [${fields.map(String).join(', ')}] }`)];
    if (typeof fields === 'string' && !type.startsWith('run_')) {
      const word = type.endsWith('_tag') ? 'tag' : 'alias';
      return [mistake(here, `must be a mapping: write ${type}: { ${word}: ${JSON.stringify(fields)} }`)];
    }
    return [...fieldMistakes(type, fields, here, isRelay), ...eventFieldMistakes(type, fields, here)];
  });
}

function fieldMistakes(type: string, fields: JsonValue, path: ConfigPath, isRelay: boolean): Mistake[] {
  switch (type) {
    case 'run_metric':
      return [...windowMistakes(fields, path), ...thresholdMistakes(fields, path)];
    case 'run_metric_change':
      return [...windowMistakes(fields, path), ...changeMistakes(fields, path)];
    case 'run_metric_zscore':
      return [...windowMistakes(fields, path), ...numberMistakes(fieldOf(fields, 'threshold'), [...path, 'threshold'], 'refused')];
    case 'run_state':
      return stateMistakes(fieldOf(fields, 'states'), [...path, 'states'], isRelay);
    case 'run_metric_nonfinite':
      return nonfiniteMistakes(fields, path);
    case 'run_metric_stall':
      return [...windowMistakes(fields, path), ...changeAmountMistakes(fieldOf(fields, 'less_than'), [...path, 'less_than'])];
    case 'run_silent':
      return [];
    default:
      return (['alias', 'tag'] as const).flatMap((word) => {
        const right = type.endsWith('_tag') ? 'tag' : 'alias';
        const match = fieldOf(fields, word);
        if (match === undefined || word === right) return matchMistakes(match, [...path, word]);
        return [
          keyMistake(
            [...path, word],
            `unknown key: ${type} has ${right === 'tag' ? 'a tag' : 'an alias'}, not ${word === 'tag' ? 'a tag' : 'an alias'}: write ${right}`,
          ),
        ];
      });
  }
}

function windowMistakes(fields: JsonValue, path: ConfigPath): Mistake[] {
  return ['window', 'prior_window'].flatMap((word) => numberMistakes(fieldOf(fields, word), [...path, word], 'refused'));
}

/** `threshold: 0.6`, `value: 0.6`, with or without an operator beside it: W&B's app and API have the two apart. */
function thresholdMistakes(fields: JsonValue, path: ConfigPath): Mistake[] {
  const found = COMPARISONS.flatMap((word) => numberMistakes(fieldOf(fields, word), [...path, word], 'refused'));
  if (found.length > 0 || COMPARISONS.some((word) => fieldOf(fields, word) !== undefined)) return found;
  const value = ['threshold', 'value', 'limit'].find((word) => fieldOf(fields, word) !== undefined);
  if (value === undefined) return [];
  const operator = ['cmp_op', 'cmp', 'op', 'operator', 'comparison'].find((word) => fieldOf(fields, word) !== undefined);
  const comparison = operator === undefined ? undefined : meantWord(String(fieldOf(fields, operator)), COMPARISONS);
  const number = String(fieldOf(fields, value));
  const advice =
    comparison === undefined
      ? `the comparison names the threshold: write above: ${number}, or one of ${COMPARISONS.slice(1).join(', ')}`
      : `write ${comparison}: ${number}`;
  const rest = operator === undefined ? [] : [keyMistake([...path, operator], '', COMPARISONS)];
  return [keyMistake([...path, value], advice, COMPARISONS), ...rest];
}

/** `frac: 0.25` and `diff: 2` are the Python client's; there the direction is the method. */
function changeMistakes(fields: JsonValue, path: ConfigPath): Mistake[] {
  const found = CHANGES.flatMap((word) => changeAmountMistakes(fieldOf(fields, word), [...path, word]));
  const python = ['frac', 'diff', 'by', 'change_amount', 'amount', 'threshold', 'value'].find(
    (word) => fieldOf(fields, word) !== undefined,
  );
  if (python === undefined) return found;
  const amount = fieldOf(fields, python);
  const isShare = python === 'frac' && typeof amount === 'number';
  const written = isShare ? percentOf(amount) : String(amount);
  const note = isShare && amount >= 10 ? ` (frac: ${amount} is ${written}; for ${amount}% write ${amount}%)` : '';
  return [
    ...found,
    keyMistake([...path, python], `write increases_by: ${written}, decreases_by: ${written} or changes_by: ${written}${note}`, CHANGES),
  ];
}

function changeAmountMistakes(amount: JsonValue | undefined, path: ConfigPath): Mistake[] {
  const word = String(path.at(-1));
  if (isJsonObject(amount)) {
    const [key, value] = Object.entries(amount)[0] ?? [];
    if (key === 'frac' && typeof value === 'number') return [mistake(path, `write ${word}: ${percentOf(value)}`)];
    if (key === 'diff' && typeof value === 'number') return [mistake(path, `write ${word}: ${value}`)];
    return [];
  }
  if (typeof amount === 'number' && amount < 0 && word !== 'changes_by') {
    return [mistake(path, `must be positive: write ${word === 'increases_by' ? 'for a fall decreases_by' : word}: ${-amount}`)];
  }
  if (typeof amount === 'string' && /^\d+(\.\d+)?\s+%$/.test(amount))
    return [mistake(path, `write it without the space: ${word}: ${amount.replace(/\s/g, '')}`)];
  return numberMistakes(amount, path, 'allowed');
}

function percentOf(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(12))}%`;
}

/** States that no automation is for, and other words for those that there are. What W&B lacks is in `automation-fit.ts`. */
function stateMistakes(states: JsonValue | undefined, path: ConfigPath, isRelay: boolean): Mistake[] {
  if (typeof states === 'string') return [mistake(path, `must be a list: write states: [${states.toLowerCase()}]`)];
  if (!Array.isArray(states)) return [];
  return states.flatMap((state, i): Mistake[] => {
    const here = [...path, i];
    const word = String(state).toLowerCase();
    if (['stopped', 'cancelled', 'canceled', 'terminated', 'aborted', 'interrupted', 'kill'].includes(word)) {
      return [mistake(here, isRelay ? 'W&B calls it killed: write killed' : KILLED)];
    }
    if (['crash', 'lost'].includes(word)) {
      return [mistake(here, isRelay ? 'W&B calls it crashed: write crashed' : 'W&B counts a crashed run as failed: write failed')];
    }
    if (word === 'preempting' && isRelay) return [mistake(here, 'such a run is about to be preempted: write preempted')];
    if (['preempting', 'pending'].includes(word)) {
      const all = isRelay ? 'running, finished, failed, crashed, killed, preempted' : 'running, finished, failed';
      return [mistake(here, `there is no automation for ${word} runs. The states are ${all}`)];
    }
    return [];
  });
}

const KILLED =
  'a killed run triggers nothing in W&B: write killed and add "engine: relay", so that the receiver evaluates it. W&B\'s states are running, finished, failed';

/** Several metrics are a MATCH, in `metrics`. */
function nonfiniteMistakes(fields: JsonValue, path: ConfigPath): Mistake[] {
  const metric = fieldOf(fields, 'metric');
  if (Array.isArray(metric)) {
    return [
      mistake([...path, 'metric'], `is one metric: write metrics: { in: [${metric.map((one) => yamlText(String(one))).join(', ')}] }`),
    ];
  }
  if (isJsonObject(metric)) return [mistake([...path, 'metric'], 'is one metric: write metrics for a pattern')];
  return matchMistakes(fieldOf(fields, 'metrics'), [...path, 'metrics']);
}
