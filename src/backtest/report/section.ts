import { durationWords } from '../../lib/duration.ts';
import { type Html, html, NOTHING } from '../../lib/safe-html.ts';
import { visible } from '../../lib/visible.ts';
import { comparedName } from '../condition-words.ts';
import type { AutomationResult, Backtest, RunChart } from '../result.ts';
import { count, lastedWords, missingWords, rateWords, verdictWords } from '../result-words.ts';
import { chartWords } from '../value-words.ts';
import { chartSvg } from './chart.ts';
import { firingStrip } from './strip.ts';
import { firingsTable, nearestTable, sensitivityTables } from './tables.ts';

/** One automation of the report. */
export function automationSection(result: AutomationResult, backtest: Backtest, index: number): Html {
  const { name, condition, scope, engine, isEnabled, missing, notes } = result;
  return html`<section class="card" id="automation-${index + 1}">
<div class="head"><h2>${visible(name)}<span class="chip">${visible(scope)}</span><span class="chip">${engine === 'relay' ? 'engine: relay' : 'evaluated by W&B'}</span>${isEnabled ? NOTHING : html`<span class="chip">disabled</span>`}</h2>
<p class="condition">${visible(condition)}</p>
<p class="verdict">${visible(verdictWords(result, backtest))}</p></div>
${missing.map((one) => html`<p class="soft">${visible(missingWords(one))}</p>`)}
${factsList(result, backtest)}
${firingStrip(result, backtest)}
${charts(result)}
${sensitivityTables(result)}
${firingsTable(result)}
${nearestTable(result)}
${notes.length === 0 ? NOTHING : html`<ul class="notes">${notes.map((note) => html`<li>${visible(note)}.</li>`)}</ul>`}
</section>`;
}

function factsList(result: AutomationResult, backtest: Backtest): Html {
  const { runs, runsWithMetric, points, notFinite, skipped, rule } = result;
  if (skipped !== undefined || runs === 0) return NOTHING;
  const lasted = lastedWords(result);
  const rate = rateWords(result, backtest);
  const facts: [string, string, string][] = [
    ...(rate === undefined ? [] : [['How often', rate, ''] as [string, string, string]]),
    ...(lasted === undefined ? [] : [['Stayed true for', lasted, `${durationWords(result.metMs)} in all`] as [string, string, string]]),
    ...(rule.condition.kind === 'state' || runsWithMetric === 0
      ? []
      : [['Runs with the metric', String(runsWithMetric), `of ${runs}, ${count(points, 'value')}`] as [string, string, string]]),
    ...(notFinite.values === 0
      ? []
      : [['NaN or infinite', notFinite.values.toLocaleString('en'), `on ${count(notFinite.runs, 'run')}`] as [string, string, string]]),
  ];
  return html`<dl class="facts">${facts.map(([title, value, rest]) => html`<div><dt>${title}</dt><dd>${value}${rest === '' ? NOTHING : html` <span>${rest}</span>`}</dd></div>`)}</dl>`;
}

function charts(result: AutomationResult): Html {
  const { charts: all } = result;
  if (all.length === 0) return NOTHING;
  const fired = all.filter(({ firedAt }) => firedAt.length > 0);
  const near = all.filter(({ firedAt }) => firedAt.length === 0);
  const left = result.runsFired - fired.length;
  return html`${fired.length === 0 ? NOTHING : html`<h3>${left > 0 ? `The latest ${fired.length} of ${result.runsFired} runs on which it would have fired` : 'Runs on which it would have fired'}</h3>${legend(result, fired)}<div class="charts">${fired.map((chart) => figure(result, chart))}</div>`}
${near.length === 0 ? NOTHING : html`<h3>Runs that came closest</h3>${fired.length === 0 ? legend(result, near) : NOTHING}<div class="charts">${near.map((chart) => figure(result, chart))}</div>`}`;
}

function figure(result: AutomationResult, chart: RunChart): Html {
  const { run } = chart;
  const what = chartWords(result, chart);
  const lines = chart.panels.map(({ label }) => label).join(' and ');
  return html`<figure><figcaption><b><a href="${run.url}">${visible(run.displayName)}</a></b><span class="chip">${visible(run.state)}</span><br><span class="soft">${what}</span></figcaption>${chartSvg(result, chart, visible(`${lines} of ${run.displayName}: ${what}`))}</figure>`;
}

function legend({ rule: { condition } }: AutomationResult, shown: readonly RunChart[]): Html {
  const panels = shown.flatMap((chart) => chart.panels);
  const hasRaw = panels.some(({ logged, compared }) => logged.length > 0 && compared.length > 0);
  const line = (className: string): Html =>
    html`<svg viewBox="0 0 22 10" aria-hidden="true"><line x1="1" x2="21" y1="5" y2="5" class="${className}"/></svg>`;
  const dot = (className: string): Html =>
    html`<svg viewBox="0 0 22 10" aria-hidden="true"><circle cx="11" cy="5" r="4" class="${className}"/></svg>`;
  const name = condition.kind === 'threshold' ? comparedName(condition) : 'value';
  const items = [
    ...(hasRaw && condition.kind === 'threshold' ? [html`<li>${line('raw')}${visible(condition.metric)}, as logged</li>`] : []),
    html`<li>${line('logged')}${visible(name)}</li>`,
    ...(panels.some(({ limits }) => limits.length > 0) ? [html`<li>${line('limit')}limit</li>`] : []),
    ...(shown.some(({ firedAt }) => firedAt.length > 0) ? [html`<li>${dot('fired')}fired</li>`] : []),
    ...(panels.some(({ nearest }) => nearest !== undefined) ? [html`<li>${dot('nearest')}closest</li>`] : []),
    ...(shown.some(({ notFiniteAt }) => notFiniteAt.length > 0) ? [html`<li>${line('nan')}NaN or infinite</li>`] : []),
  ];
  return html`<ul class="legend">${items}</ul>`;
}
