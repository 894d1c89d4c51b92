import { type ComparedMetric, defaultMetrics, MOST_COMPARED } from '../../src/event/compared-metrics.ts';
import type { RelayEvent } from '../../src/event/event.ts';
import { changeWords, numberWords } from '../../src/event/metric-words.ts';
import { durationWords } from '../../src/lib/duration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts';
import { JsonNumber } from '../../src/lib/json-number.ts';
import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { link, mrkdwnName, plainName } from './mrkdwn.ts';

/** How the version that people decide about compares with the one that it replaces. Pure. */

/** Characters. With two numbers and their change beside it, a line fits on a phone. */
const NAME_WIDTH = 14;
const VERSION_WIDTH = 8;
/** Two numbers that look the same get more digits, up to this. */
const MOST_DIGITS = 9;

interface Row {
  readonly name: string;
  readonly before: string;
  readonly now: string;
  readonly change: string;
}

type Known = JsonObject | null | undefined;

/**
 * The metrics of both versions as a table that stays aligned on a phone, as mrkdwn; `undefined` when none are known of both.
 *
 * ```text
 *           v11     v12
 * val/loss  0.412 → 0.398  −3.4 %
 * ```
 *
 * @param named the route's `approval.compare`; left out: see `defaultMetrics`
 */
export function compareText(event: Pick<RelayEvent, 'version'>, wandb: Known, named?: readonly string[]): string | undefined {
  const replaced = wandb?.replaced;
  if (!isJsonObject(replaced) || !isJsonObject(replaced.metrics)) return undefined;
  const metrics = comparedIn(replaced.metrics);
  const names = (named ?? defaultMetrics(metrics)).filter((name) => Object.hasOwn(metrics, name)).slice(0, MOST_COMPARED);
  const rows = names.flatMap((name) => (metrics[name] === undefined ? [] : [rowOf(name, metrics[name])]));
  if (rows.length === 0) return undefined;
  const head = { name: '', before: versionOf(replaced.version), now: versionOf(event.version), change: '' };
  return `\`\`\`\n${aligned([head, ...rows]).join('\n')}\n\`\`\``;
}

/** Who trained the version, in which run: `Trained by ada in sweet-sweep-9 · 1 h`, as mrkdwn; `undefined` when no run is known. */
export function trainedBy(wandb: Known, sayUser: (user: string) => string = (user) => mrkdwnName(user)): string | undefined {
  const run = wandb?.run;
  if (!isJsonObject(run)) return undefined;
  const name = textIn(run.display_name) ?? textIn(run.name);
  const user = textIn(run.user);
  const seconds = run.duration_seconds;
  if (name === undefined && user === undefined) return undefined;
  const by = user === undefined ? '' : ` by ${sayUser(user)}`;
  const where = name === undefined ? '' : ` in ${link(textIn(run.url), name)}`;
  const time = typeof seconds === 'number' && seconds > 0 ? ` · ${durationWords(seconds * 1000)}` : '';
  return `Trained${by}${where}${time}`;
}

function comparedIn(metrics: JsonObject): Record<string, ComparedMetric> {
  const entries = Object.entries(metrics).flatMap(([name, pair]): [string, ComparedMetric][] =>
    isJsonObject(pair) ? [[name, { before: valueIn(pair.before), now: valueIn(pair.now) }]] : [],
  );
  return Object.fromEntries(entries);
}

function valueIn(value: JsonValue | undefined): number | string | null {
  if (value instanceof JsonNumber) return value.valueOf();
  return typeof value === 'number' || typeof value === 'string' ? value : null;
}

function rowOf(name: string, { before, now }: ComparedMetric): Row {
  const numbers = typeof before === 'number' && typeof now === 'number' ? ([before, now] as const) : undefined;
  const [beforeText, nowText] = numbers === undefined ? [cellOf(before), cellOf(now)] : toldApart(...numbers);
  const change = before === null ? 'new' : now === null ? 'gone' : numbers === undefined ? '' : changeOf(...numbers);
  return { name: nameOf(name), before: beforeText, now: nowText, change };
}

function cellOf(value: number | string | null): string {
  if (value === null) return '–';
  return typeof value === 'number' ? numberWords(value) : plainName(value, 9);
}

/** As few digits as people read, and as many as it takes to see that two numbers differ. */
function toldApart(before: number, now: number): [string, string] {
  const short: [string, string] = [numberWords(before), numberWords(now)];
  if (before === now || short[0] !== short[1]) return short;
  for (let digits = 4; digits <= MOST_DIGITS; digits++) {
    const [one, other] = [before, now].map((value) => value.toPrecision(digits));
    if (one !== undefined && other !== undefined && one !== other) return [one, other];
  }
  return short;
}

function changeOf(before: number, now: number): string {
  return before === now ? 'same' : (changeWords(before, now) ?? '');
}

/** The end of a long name tells more than its beginning. */
function nameOf(name: string): string {
  const clean = plainName(name, 200);
  const characters = [...clean];
  return characters.length <= NAME_WIDTH ? clean : `…${characters.slice(1 - NAME_WIDTH).join('')}`;
}

function versionOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? plainName(value, VERSION_WIDTH) : '';
}

function aligned(rows: readonly Row[]): string[] {
  const width = (column: keyof Row): number => Math.max(...rows.map((row) => [...row[column]].length));
  const [name, before, now] = [width('name'), width('before'), width('now')];
  return rows.map((row, i) => {
    const arrow = i === 0 ? ' ' : '→';
    const line = `${padded(row.name, name)}  ${padded(row.before, before)} ${arrow} ${padded(row.now, now)}  ${row.change}`;
    return escapeMrkdwn(line.trimEnd().replaceAll('`', '\u02CB'));
  });
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

function textIn(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
