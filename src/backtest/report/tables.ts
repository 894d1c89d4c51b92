import { type Html, html, NOTHING } from '../../lib/safe-html.ts';
import { visible } from '../../lib/visible.ts';
import type { AutomationResult, TestedRun, Variant } from '../result.ts';
import { count } from '../result-words.ts';
import { distanceWords, exactWords, lastedOf, shortOf, timeWords, whereWords } from '../value-words.ts';

/** Rows that are shown at once, and rows at all: the JSON has every one. */
const ROWS = { open: 10, most: 200 } as const;

/** Every firing with its numbers. */
export function firingsTable(result: AutomationResult): Html {
  const { firings, rule } = result;
  if (firings.length === 0) return NOTHING;
  const isState = rule.condition.kind === 'state';
  const hasMargin = firings.some(({ margin }) => margin !== undefined);
  const head = isState
    ? ['Run', 'When (UTC)', 'State']
    : ['Run', 'When (UTC)', 'Where', 'Value', ...(hasMargin ? ['Beyond the limit'] : []), 'Stayed true for'];
  const rows = firings.slice(0, ROWS.most).map((firing) => {
    const { run, at, status, value, margin } = firing;
    const first = [runCell(run), cell('', timeWords(at), 'when')];
    if (isState) return [...first, cell('', visible(status ?? ''))];
    const exact = value === undefined ? '' : exactWords(result, value);
    return [
      ...first,
      cell('', whereWords(firing), 'number'),
      cell('value', exact, 'number'),
      ...(hasMargin ? [cell('beyond the limit by', margin === undefined ? '' : distanceWords(result, margin), 'number')] : []),
      cell('true for', lastedOf(firing), 'number'),
    ];
  });
  const left = firings.length - rows.length;
  return html`<h3>Firings</h3>${foldedTable(head, rows, numbersFrom(isState ? head.length : 2))}${left === 0 ? NOTHING : html`<p class="small soft">${count(left, 'older firing')} more: see the JSON.</p>`}`;
}

/** The runs that came closest without firing. */
export function nearestTable(result: AutomationResult): Html {
  if (result.nearest.length === 0) return NOTHING;
  const rows = result.nearest.map((miss) => [
    runCell(miss.run),
    cell('', timeWords(miss.at), 'when'),
    cell('', whereWords(miss), 'number'),
    cell('value', exactWords(result, miss.value), 'number'),
    cell('missing', shortOf(result, miss), 'number'),
  ]);
  return html`<h3>Closest without firing</h3>${table(['Run', 'When (UTC)', 'Where', 'Value', 'Missing'], rows, numbersFrom(2))}`;
}

/** What other limits and windows would have made of the same runs. */
export function sensitivityTables(result: AutomationResult): Html {
  const kinds = (['limit', 'window'] as const)
    .map((kind) => result.variants.filter((one) => one.kind === kind))
    .filter((rows) => rows.length > 0);
  if (kinds.length === 0 || result.runsWithMetric === 0) return NOTHING;
  return html`<h3>With another limit or window</h3><div class="two">${kinds.map((rows) => sensitivityTable(rows, result.runs))}</div>`;
}

function sensitivityTable(rows: readonly Variant[], runs: number): Html {
  const [first] = rows;
  const head = first?.kind === 'limit' ? 'Limit' : 'Window';
  const body = rows.map(
    ({ words, factor, firings, runsFired }) =>
      html`<tr${factor === 1 ? html` class="own"` : NOTHING}><td>${words}${factor === 1 ? ' (as it is)' : ''}</td><td class="share wide">${bar(runsFired, runs)}</td><td class="number">${runsFired}</td><td class="number">${firings}</td></tr>`,
  );
  return html`<table><thead><tr><th scope="col">${head}</th><th scope="col"><span class="soft">of ${count(runs, 'run')}</span></th><th scope="col" class="number">Runs</th><th scope="col" class="number">Firings</th></tr></thead><tbody>${body}</tbody></table>`;
}

function bar(part: number, whole: number): Html {
  const width = whole === 0 ? 0 : Math.max(part === 0 ? 0 : 0.8, (part / whole) * 100);
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect x="0" y="1" width="${Math.round(width * 10) / 10}" height="8"/></svg>`;
}

function runCell({ displayName, name, url, username }: TestedRun): Html {
  const who = username === undefined ? NOTHING : html` <span class="soft small">${visible(username)}</span>`;
  return html`<td role="cell"><a href="${url}" title="${visible(name)}">${visible(displayName)}</a>${who}</td>`;
}

function cell(label: string, text: string, className = ''): Html {
  if (text === '') return html`<td role="cell"></td>`;
  return html`<td role="cell"${label === '' ? NOTHING : html` data-label="${label}"`}${className === '' ? NOTHING : html` class="${className}"`}>${text}</td>`;
}

/** Columns of numbers, aligned to the right. */
function numbersFrom(index: number): (column: number) => boolean {
  return (column) => column >= index;
}

function table(head: readonly string[], rows: readonly (readonly Html[])[], isNumber: (column: number) => boolean): Html {
  const titles = head.map(
    (title, i) => html`<th scope="col" role="columnheader"${isNumber(i) ? html` class="number"` : NOTHING}>${title}</th>`,
  );
  // The roles stay when a phone lays the rows out in another way.
  return html`<table class="rows" role="table"><thead role="rowgroup"><tr role="row">${titles}</tr></thead><tbody role="rowgroup">${rows.map((cells) => html`<tr role="row">${cells}</tr>`)}</tbody></table>`;
}

function foldedTable(head: readonly string[], rows: readonly (readonly Html[])[], isNumber: (column: number) => boolean): Html {
  const more = rows.slice(ROWS.open);
  const shown = table(head, rows.slice(0, ROWS.open), isNumber);
  return more.length === 0 ? shown : html`${shown}<details><summary>${more.length} more</summary>${table(head, more, isNumber)}</details>`;
}
