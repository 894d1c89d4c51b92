import type { JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { type Mistake, mistake } from './mistake.ts';

const NUMBER = /^[+-]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const PERCENT = /^([+-]?[\d.]+)\s*%$/;

/** A number that was written as text: in quotes, with a decimal comma, or as a percentage. */
export function numberMistakes(value: JsonValue | undefined, path: ConfigPath, percentages: 'allowed' | 'refused'): Mistake[] {
  if (typeof value !== 'string') return [];
  const word = String(path.at(-1));
  const text = value.trim();
  const percent = PERCENT.exec(text)?.[1];
  if (percent !== undefined) {
    if (percentages === 'allowed') return [];
    const fraction = Number(`${percent}e-2`);
    const hint = Number.isFinite(fraction) ? `: write ${word}: ${fraction}, if the metric is a fraction` : '';
    return [mistake(path, `a percentage is possible only in run_metric_change${hint}`)];
  }
  if (NUMBER.test(text)) return [mistake(path, `is text: remove the quotes: ${word}: ${Number(text.replaceAll('_', ''))}`)];
  const comma = /^[+-]?\d+,\d+$/.test(text) ? text.replace(',', '.') : undefined;
  return comma === undefined ? [] : [mistake(path, `has a decimal comma: write ${word}: ${comma}`)];
}
