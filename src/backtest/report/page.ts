import { createHash } from 'node:crypto';
import { durationWords } from '../../lib/duration.ts';
import { type Html, html, NOTHING } from '../../lib/safe-html.ts';
import { visible } from '../../lib/visible.ts';
import type { AutomationResult, Backtest } from '../result.ts';
import { count, periodWords } from '../result-words.ts';
import { dayWords } from '../value-words.ts';
import { automationSection } from './section.ts';
import { STYLES } from './styles.ts';

/** What the page says besides the back-test itself. */
export interface ReportSetting {
  readonly entity: string;
  /** The config's namespace: which automations these are. */
  readonly namespace: string;
}

/**
 * A back-test as one HTML file: no scripts, nothing that is loaded. It reads on paper, on a phone, in dark and in light. Names
 * from W&B and from the config are escaped, and the page's own policy allows nothing but its style sheet.
 */
export function backtestHtml(backtest: Backtest, setting: ReportSetting): string {
  const title = `Back-test of ${setting.namespace}`;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLES).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  // The style sheet is constant, and between its tags no character is escaped.
  const before = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<title>${visible(title)}</title>
`;
  const after = html`
</head>
<body>
<main>
${header(backtest, setting)}
${leftOut(backtest)}
${backtest.automations.map((result, i) => automationSection(result, backtest, i))}
${footer(backtest)}
</main>
</body>
</html>
`;
  return `${before.html}<style>${STYLES}</style>${after.html}`;
}

function header(backtest: Backtest, { entity, namespace }: ReportSetting): Html {
  const { since, until, automations, runsRead, points } = backtest;
  const rows = automations.map(overviewRow);
  return html`<header>
<h1>What ${automations.length === 1 ? 'this automation' : `these ${automations.length} automations`} would have done</h1>
<p class="soft">${visible(entity)} · ${visible(namespace)} · ${dayWords(since)} to ${dayWords(until)} ${new Date(until).getUTCFullYear()} (${periodWords(backtest)}) · ${count(runsRead, 'run')}, ${count(points, 'value')}</p>
</header>
${automations.length < 2 ? NOTHING : html`<div class="card"><table><thead><tr><th scope="col">Automation</th><th scope="col"><span class="soft">share of its runs</span></th><th scope="col" class="number">Runs fired</th><th scope="col" class="number">Firings</th></tr></thead><tbody>${rows}</tbody></table></div>`}`;
}

function overviewRow(result: AutomationResult, index: number): Html {
  const { name, runs, runsFired, firings, skipped } = result;
  const width = runs === 0 ? 0 : Math.max(runsFired === 0 ? 0 : 0.8, (runsFired / runs) * 100);
  const bar = html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect x="0" y="1" width="${Math.round(width * 10) / 10}" height="8"/></svg>`;
  const link = html`<td><a href="#automation-${index + 1}">${visible(name)}</a></td>`;
  if (skipped !== undefined) return html`<tr>${link}<td colspan="3" class="soft">not simulated</td></tr>`;
  return html`<tr class="own">${link}<td class="share wide">${bar}</td><td class="number">${runsFired} of ${runs}</td><td class="number">${firings.length}</td></tr>`;
}

function leftOut({ leftOut: lines }: Backtest): Html {
  if (lines.length === 0) return NOTHING;
  return html`<div class="card warning" role="note"><b>Not everything was read</b><ul>${lines.map((line) => html`<li>${visible(line)}</li>`)}</ul></div>`;
}

function footer({ until, requests, runsCached, tookMs }: Backtest): Html {
  const cached = runsCached === 0 ? '' : `, ${count(runsCached, 'run')} from the cache`;
  return html`<footer>
<p>Lines are thinned: of each stretch the lowest and the highest value are drawn. The numbers in the tables are exact to seven digits, and the JSON has every digit. Times are UTC, by the clock of the run's machine.</p>
<p>Each automation is taken as live since before the period: what was already true when it began does not fire again. Runs are those with a sign of life in it.</p>
<p>Made by wandb-relay backtest on ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC in ${durationWords(tookMs)} (${count(requests, 'request')} to W&amp;B${cached}).</p>
</footer>`;
}
