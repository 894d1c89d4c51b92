import { valueWords } from '../../src/backtest/condition-words.ts';
import { firingCounts } from '../../src/backtest/firing-counts.ts';
import { firesBelow } from '../../src/backtest/margin.ts';
import type { AutomationResult, Backtest, RunChart, Variant } from '../../src/backtest/result.ts';
import { count, lastedWords, missingWords, periodWords, rateWords, verdictWords } from '../../src/backtest/result-words.ts';
import {
  chartWords,
  dayWords,
  distanceWords,
  exactWords,
  lastedOf,
  shortOf,
  stepWords,
  timeWords,
  whereWords,
} from '../../src/backtest/value-words.ts';
import { limitNumber } from '../../src/backtest/variants.ts';
import { durationWords } from '../../src/lib/duration.ts';
import { bar, characterChart, sparkline } from './backtest-chart.ts';
import { renderTable } from './output.ts';
import { type StyledLine, span } from './styled.ts';

/** What is shown of one automation; the JSON and the report have more. */
const SHOWN = { fired: 3, near: 1, firings: 10, nearest: 3 } as const;
const CHART = { height: 7, mostWidth: 100, labels: 14 } as const;
const BAR_WIDTH = 24;

/** A back-test for a terminal: the same as the report, in characters. */
export function backtestLines(backtest: Backtest, columns: number): StyledLine[] {
  return [
    ...backtest.automations.flatMap((result) => [...automationLines(result, backtest, columns), []]),
    ...backtest.leftOut.map((line): StyledLine => [span('! ', 'yellow'), span(line)]),
    [span(summaryWords(backtest), 'dim')],
  ];
}

function summaryWords({ automations, runsRead, runsCached, points, requests, tookMs, ...period }: Backtest): string {
  const cached = runsCached === 0 ? '' : `, ${count(runsCached, 'run')} from the cache`;
  const what = `${count(automations.length, 'automation')}, ${count(runsRead, 'run')} and ${count(points, 'value')} in ${periodWords(period)}`;
  return `${what}; ${durationWords(tookMs)}, ${count(requests, 'request')}${cached}. Times are UTC.`;
}

function automationLines(result: AutomationResult, backtest: Backtest, columns: number): StyledLine[] {
  const { name, scope, engine, isEnabled, condition, runsFired, missing, notes } = result;
  const off = isEnabled ? '' : ' · disabled';
  return [
    [span(name, 'bold'), span(`  ${scope} · ${engine === 'relay' ? 'engine: relay' : 'evaluated by W&B'}${off}`, 'dim')],
    [span(condition)],
    [span(verdictWords(result, backtest), runsFired > 0 ? 'red' : 'bold')],
    ...missing.map((one): StyledLine => [span(missingWords(one), 'yellow')]),
    ...factLines(result, backtest),
    ...stripLines(result, backtest, columns),
    ...chartLines(result, columns),
    ...sensitivityLines(result),
    ...tableLines(result),
    ...notes.map((note): StyledLine => [span(`  * ${note}`, 'dim')]),
  ];
}

function factLines(result: AutomationResult, backtest: Backtest): StyledLine[] {
  const { notFinite } = result;
  const lasted = lastedWords(result);
  const facts = [
    rateWords(result, backtest),
    lasted === undefined ? undefined : `stayed true for ${lasted} (${durationWords(result.metMs)} in all)`,
    notFinite.values === 0 ? undefined : `${count(notFinite.values, 'value')} NaN or infinite on ${count(notFinite.runs, 'run')}`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? [] : [[span(facts.join(' · '))]];
}

function stripLines(result: AutomationResult, backtest: Backtest, columns: number): StyledLine[] {
  if (result.firings.length === 0) return [];
  const { word, counts } = firingCounts(result, backtest);
  const [from, to] = [backtest.since, backtest.until].map(word === 'hour' ? timeWords : dayWords);
  const room = columns - `  ${from} ${to}  a ${word}`.length;
  if (counts.length > room) return [];
  return [[span(`  ${from} `, 'dim'), span(sparkline(counts), 'red'), span(` ${to}, by ${word}`, 'dim')]];
}

function chartLines(result: AutomationResult, columns: number): StyledLine[] {
  const fired = result.charts.filter(({ firedAt }) => firedAt.length > 0).slice(0, SHOWN.fired);
  const near = result.charts.filter(({ firedAt }) => firedAt.length === 0).slice(0, SHOWN.near);
  return [...fired, ...near].flatMap((chart) => [[], ...oneChart(result, chart, columns)]);
}

function oneChart(result: AutomationResult, chart: RunChart, columns: number): StyledLine[] {
  const panel = chart.panels.at(-1);
  if (panel === undefined) return [];
  const { condition } = result.rule;
  const isPercent = panel.limits.length > 0 && valueWords(condition, 1).endsWith('%');
  const where = (x: number): string => (chart.axis === 'step' ? `step ${stepWords(x)}` : durationWords(x * 1000));
  const drawn = characterChart({
    line: panel.compared.length > 0 ? panel.compared : panel.logged,
    from: chart.from,
    to: chart.to,
    limits: panel.limits,
    side: firesBelow(condition) ? 'below' : 'above',
    firedAt: chart.firedAt,
    nearestAt: panel.nearest?.[0],
    width: Math.max(20, Math.min(CHART.mostWidth, columns - CHART.labels)),
    height: CHART.height,
    words: (value) => `${limitNumber(Number((isPercent ? value * 100 : value).toPrecision(3)))}${isPercent ? ' %' : ''}`,
    ends: [where(chart.from), where(chart.to)],
  });
  const { displayName, state, username } = chart.run;
  const who = username === undefined ? state : `${username}, ${state}`;
  return [
    [span('  '), span(displayName, 'bold'), span(` (${who}): `, 'dim'), span(chartWords(result, chart))],
    [span(`  ${panel.label}`, 'dim')],
    ...drawn,
  ];
}

function sensitivityLines({ variants, runs, runsWithMetric }: AutomationResult): StyledLine[] {
  if (variants.length === 0 || runsWithMetric === 0) return [];
  const width = Math.max(...variants.map(({ words }) => words.length));
  return (['limit', 'window'] as const).flatMap((kind) => {
    const rows = variants.filter((one) => one.kind === kind);
    return rows.length === 0 ? [] : [[], [span(`  With another ${kind}`, 'bold')], ...rows.map((row) => variantLine(row, runs, width))];
  });
}

function variantLine({ words, factor, firings, runsFired }: Variant, runs: number, width: number): StyledLine {
  const isOwn = factor === 1;
  const numbers = `${runsFired} of ${runs} runs, ${count(firings, 'firing')}`;
  return [
    span(`  ${isOwn ? '▸' : ' '} ${words.padStart(width)}  `, isOwn ? 'bold' : undefined),
    span(bar(runsFired, runs, BAR_WIDTH).padEnd(BAR_WIDTH), isOwn ? 'red' : 'dim'),
    span(`  ${numbers}`, isOwn ? 'bold' : undefined),
  ];
}

function tableLines(result: AutomationResult): StyledLine[] {
  return [...firingLines(result), ...nearestLines(result)];
}

function firingLines(result: AutomationResult): StyledLine[] {
  const { firings, rule } = result;
  if (firings.length === 0) return [];
  const isState = rule.condition.kind === 'state';
  const head = isState ? ['RUN', 'WHEN', 'STATE'] : ['RUN', 'WHEN', 'WHERE', 'VALUE', 'BEYOND', 'TRUE FOR'];
  const rows = firings.slice(0, SHOWN.firings).map((firing) => {
    const { run, at, status, value, margin } = firing;
    const first = [run.displayName, timeWords(at)];
    if (isState) return [...first, status ?? ''];
    return [
      ...first,
      whereWords(firing),
      value === undefined ? '' : exactWords(result, value),
      margin === undefined ? '' : distanceWords(result, margin),
      lastedOf(firing),
    ];
  });
  return [[], [span('  Firings', 'bold')], ...indented(head, rows), ...moreLines(firings.length - rows.length)];
}

function nearestLines(result: AutomationResult): StyledLine[] {
  if (result.nearest.length === 0) return [];
  const rows = result.nearest
    .slice(0, SHOWN.nearest)
    .map((miss) => [miss.run.displayName, timeWords(miss.at), whereWords(miss), exactWords(result, miss.value), shortOf(result, miss)]);
  return [[], [span('  Closest without firing', 'bold')], ...indented(['RUN', 'WHEN', 'WHERE', 'VALUE', 'MISSING'], rows)];
}

function indented(head: readonly string[], rows: readonly (readonly string[])[]): StyledLine[] {
  return renderTable(head, rows).map((line, i): StyledLine => [span(`  ${line}`, i === 0 ? 'dim' : undefined)]);
}

function moreLines(left: number): StyledLine[] {
  return left <= 0 ? [] : [[span(`  and ${left} more: --json and --report have them`, 'dim')]];
}
