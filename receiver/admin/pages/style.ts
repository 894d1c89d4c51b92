import { CHART_STYLE } from './chart-style.ts';

/**
 * The one style sheet. Colours have names and two values, for light and dark; each pair of text and background has a contrast of
 * at least 4.5 (WCAG 2.2, 1.4.3). Sizes are in rem, so that they follow the reader's font.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f7f9, #14161a);
  --card: light-dark(#ffffff, #1c1f25);
  --raised: light-dark(#eef0f4, #262a32);
  --line: light-dark(#d9dde5, #343944);
  --text: light-dark(#1b1f27, #e8eaef);
  --quiet: light-dark(#566071, #a3acbb);
  --link: light-dark(#0b57c2, #86b7ff);
  --focus: light-dark(#0b57c2, #86b7ff);
  --good: light-dark(#0f6b3c, #6fd69c);
  --good-back: light-dark(#e2f4e9, #12321f);
  --bad: light-dark(#b3202a, #ff9a9a);
  --bad-back: light-dark(#fdeaea, #40181b);
  --wait: light-dark(#7d5200, #f2c46d);
  --wait-back: light-dark(#fdf2d9, #3a2b0b);
  --busy: light-dark(#0b57c2, #86b7ff);
  --busy-back: light-dark(#e5effc, #15294a);
  --mute-back: light-dark(#eceff3, #2a2f38);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  --radius: .5rem;
}
* { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; }
a:not(:hover) { text-decoration-color: color-mix(in srgb, currentColor 35%, transparent); }
:focus-visible { outline: .1875rem solid var(--focus); outline-offset: .125rem; border-radius: .1875rem; }
h1 { font-size: 1.375rem; line-height: 1.25; margin: 0; text-wrap: balance; }
h2 { font-size: 1.0625rem; margin: 0; }
h3 { font-size: .9375rem; margin: 0; }
p, dl, ul, ol { margin: 0; }
a, b, code, em, small, span, strong { unicode-bidi: isolate; }
code, pre, kbd { font-family: var(--mono); font-size: .875em; }
pre { margin: 0; padding: .75rem; background: var(--raised); border-radius: var(--radius); overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
time { white-space: nowrap; font-variant-numeric: tabular-nums; }
time[title] { cursor: help; }
time[data-short] { white-space: normal; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: .5rem; top: .5rem; background: var(--card); padding: .5rem .75rem; z-index: 2; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top-inner { max-width: 76rem; margin: 0 auto; padding: 0 1rem; display: flex; align-items: center; gap: .25rem 1.25rem; flex-wrap: wrap; }
.brand { font-weight: 650; color: var(--text); text-decoration: none; padding: .75rem 0; white-space: nowrap; display: inline-flex; align-items: center; gap: .5rem; }
.brand svg { width: 1.125rem; height: 1.125rem; }
.top nav { flex: 1; min-width: 0; }
.menu { display: flex; gap: .125rem; margin: 0; padding: 0; list-style: none; overflow-x: auto; }
.menu a { display: block; padding: .75rem .625rem; color: var(--quiet); text-decoration: none; border-bottom: .1875rem solid transparent; white-space: nowrap; }
.menu a:hover { color: var(--text); }
.menu a[aria-current] { color: var(--text); border-color: var(--link); font-weight: 600; }
.who { display: flex; gap: .75rem; align-items: center; color: var(--quiet); font-size: .875rem; padding: .5rem 0; }
.sources { display: flex; gap: .375rem; align-items: center; font-size: .875rem; color: var(--quiet); }
.sources label { display: flex; gap: .375rem; align-items: center; }
.sources select { width: auto; max-width: 9rem; min-height: 2rem; padding: .125rem .375rem; font-size: .875rem; }
.page { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; display: grid; gap: 1.25rem; }
.page > * { min-width: 0; }
.head { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: baseline; justify-content: space-between; }
.head .lead { color: var(--quiet); flex-basis: 100%; }
.banner { background: var(--wait-back); color: var(--wait); border-bottom: 1px solid var(--line); }
.banner.bad { background: var(--bad-back); color: var(--bad); }
.banner-inner { max-width: 76rem; margin: 0 auto; padding: .625rem 1rem; display: flex; gap: .5rem 1rem; flex-wrap: wrap; align-items: center; font-weight: 550; }
.banner a { color: inherit; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); overflow: clip; }
.card > header { padding: .75rem 1rem; border-bottom: 1px solid var(--line); display: flex; gap: .25rem 1rem; flex-wrap: wrap; align-items: baseline; justify-content: space-between; }
.card > .body { padding: 1rem; display: grid; gap: .75rem; }
.card > .body > * { min-width: 0; }
.card.bad { border-left: .25rem solid var(--bad); }
.card.wait { border-left: .25rem solid var(--wait); }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.num { font-variant-numeric: tabular-nums; }
.stack { display: grid; gap: .5rem; }
.row { display: flex; flex-wrap: wrap; gap: .375rem .75rem; align-items: center; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.version { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.version.behind { color: var(--wait); font-weight: 600; }
table.ledger td:last-child .row { flex-wrap: nowrap; white-space: nowrap; }
.arrow { color: var(--quiet); font-weight: 400; }
.message { border-left: .25rem solid var(--line); padding: .25rem .75rem; display: grid; gap: .375rem; overflow-wrap: anywhere; white-space: pre-line; }
.planned > p code { overflow-wrap: anywhere; }
.planned pre { max-height: 24rem; overflow: auto; }
.why { padding-left: 1.25rem; margin-top: .5rem; overflow-wrap: anywhere; }
.grow { flex: 1 1 16rem; }
.bar-end { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; justify-content: space-between; }
.split { display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
.list { list-style: none; margin: 0; padding: 0; }
.list > li { padding: .75rem 1rem; border-top: 1px solid var(--line); display: grid; gap: .25rem; }
.list > li:first-child { border-top: 0; }
.list > li > form, .list > li > .row { min-width: 0; }
.list > li:hover { background: color-mix(in srgb, var(--raised) 45%, transparent); }
.what { font-weight: 550; overflow-wrap: anywhere; }
.what .quiet { font-weight: 400; }
.what a { color: inherit; }
.todo { max-width: 60rem; overflow-wrap: anywhere; }
.badge { display: inline-flex; align-items: center; gap: .375rem; padding: .0625rem .5rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; background: var(--mute-back); color: var(--quiet); }
.badge::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%; background: currentColor; }
.badge.good { background: var(--good-back); color: var(--good); }
.badge.bad { background: var(--bad-back); color: var(--bad); }
.badge.wait { background: var(--wait-back); color: var(--wait); }
.badge.busy { background: var(--busy-back); color: var(--busy); }
.badge.busy::before { animation: pulse 1.6s ease-in-out infinite; }
@keyframes pulse { 50% { opacity: .25; } }
.tiles { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: .75rem 1rem; text-decoration: none; color: inherit; display: grid; align-content: start; }
a.tile:hover { border-color: var(--link); }
.tile b { font-size: 1.625rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile.bad b { color: var(--bad); }
.tile.wait b { color: var(--wait); }
.tile.good b { color: var(--good); }
.tile span { color: var(--quiet); font-size: .875rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .8125rem; white-space: nowrap; }
th, td { padding: .5rem 1rem; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; }
td.num, th.num { text-align: right; }
td { overflow-wrap: break-word; max-width: 18rem; }
td a, td .what, td.what { overflow-wrap: anywhere; }
table.ledger td { max-width: 9rem; }
table.ledger td:nth-child(2) { max-width: 20rem; }
table.events { table-layout: fixed; }
table.events th:first-child { width: 15rem; }
table.events th:last-child { width: 12rem; }
table.events th:last-child, table.events td.when { text-align: right; overflow-wrap: anywhere; }
table.events tbody tr:hover { background: color-mix(in srgb, var(--raised) 45%, transparent); }
.routes { white-space: normal; overflow-wrap: anywhere; }
dl.facts { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: .25rem 1rem; }
dl.facts dt { color: var(--quiet); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.filters { display: flex; flex-wrap: wrap; gap: .625rem; align-items: end; }
.filters > .fields, .filters > details > .fields { display: grid; gap: .625rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr)); }
.filters > .fields { flex: 1 1 36rem; }
.filters > .fields > .wide { grid-column: span 2; }
.filters > details { order: 1; flex-basis: 100%; }
.filters > details > .fields { padding-top: .5rem; }
form.bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
form.bar > .wide { flex: 1 1 14rem; max-width: 32rem; }
label { display: grid; gap: .125rem; font-size: .8125rem; color: var(--quiet); }
label.check { display: flex; gap: .5rem; align-items: center; font-size: .9375rem; color: var(--text); }
input, select, textarea, button, .button { font: inherit; font-size: .9375rem; color: var(--text); background: var(--card); border: 1px solid light-dark(#8a93a3, #6c7686); border-radius: .375rem; padding: .375rem .625rem; min-height: 2.375rem; max-width: 100%; }
input:not([type=checkbox]), textarea, select { min-width: 0; width: 100%; }
input[type=checkbox] { min-height: 1.125rem; width: 1.125rem; height: 1.125rem; accent-color: var(--link); }
textarea { font-family: var(--mono); font-size: .875rem; line-height: 1.5; min-height: 12rem; }
button, .button { cursor: pointer; font-weight: 550; text-decoration: none; display: inline-flex; align-items: center; justify-content: center; gap: .375rem; background: var(--card); }
button:hover, .button:hover { background: var(--raised); }
button.main, .button.main { background: light-dark(#0b57c2, #2f6fdb); border-color: transparent; color: #fff; }
button.main:hover, .button.main:hover { background: light-dark(#08469d, #4580e2); }
button.danger { color: var(--bad); border-color: var(--bad); }
button.danger:hover { background: var(--bad-back); }
button.plain { border-color: transparent; background: none; color: var(--link); padding-inline: .25rem; }
details > summary { cursor: pointer; color: var(--link); width: fit-content; }
details.more > summary { padding: .75rem 1rem; }
.card > details.more:not(:nth-child(2)) > summary { border-top: 1px solid var(--line); width: auto; }
.card > details.more > .list { border-top: 1px solid var(--line); }
.timeline { list-style: none; margin: 0; padding: 0 0 0 1rem; border-left: .125rem solid var(--line); display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; }
.timeline > li { position: relative; display: grid; gap: .125rem; min-width: 0; overflow-wrap: anywhere; }
.timeline > li::before { content: ""; position: absolute; left: -1.4375rem; top: .4375rem; width: .75rem; height: .75rem; border-radius: 50%; background: var(--card); border: .1875rem solid var(--quiet); }
.timeline > li.good::before { border-color: var(--good); }
.timeline > li.bad::before { border-color: var(--bad); }
.timeline > li.wait::before { border-color: var(--wait); }
.empty { padding: 2.5rem 1rem; text-align: center; color: var(--quiet); display: grid; gap: .5rem; justify-items: center; }
.empty strong { color: var(--text); font-size: 1.0625rem; }
.notice { border-radius: var(--radius); padding: .75rem 1rem; background: var(--busy-back); color: var(--text); border: 1px solid var(--line); }
.notice.good { background: var(--good-back); }
.notice.bad { background: var(--bad-back); }
svg.chart { display: block; width: 100%; height: auto; overflow: visible; }
svg.chart.small { width: 15rem; height: 2.25rem; max-width: 100%; }
.chart .bar { fill: var(--busy); } .chart .bar.bad { fill: var(--bad); }
.chart .series { fill: none; stroke: var(--busy); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.chart .limit { stroke: var(--bad); stroke-dasharray: 4 3; vector-effect: non-scaling-stroke; }
.chart .mark { fill: var(--bad); }
.chart .axis { stroke: var(--line); vector-effect: non-scaling-stroke; }
.chart text { fill: var(--quiet); font-size: .6875rem; }
${CHART_STYLE}.pager { display: flex; justify-content: center; gap: .75rem; padding: .75rem; }
.live { display: inline-flex; gap: .375rem; align-items: center; font-size: .8125rem; color: var(--quiet); }
.live::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%; background: var(--quiet); }
.live[data-live=on]::before { background: var(--good); }
.page.narrow { max-width: 26rem; padding-top: 10vh; }
@media (min-width: 60rem) {
  .split.two { grid-template-columns: minmax(0, 1fr) 24rem; align-items: start; }
  .list > li.act { grid-template-columns: minmax(0, 1fr) auto; gap: 1rem; align-items: center; }
}
@media (max-width: 40rem) {
  .top nav { order: 3; flex-basis: 100%; margin: 0 -1rem; }
  .menu { padding: 0 .5rem; flex-wrap: wrap; }
  .menu a { padding: .375rem .5rem; }
  .who { margin-left: auto; }
  form.bar { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); }
  form.bar > .wide { grid-column: 1 / -1; }
  form.bar button { align-self: end; }
  form.bar .grow, form.bar .wide { grid-column: 1 / -1; }
  table.cards, table.cards tbody, table.cards tr, table.cards td { display: block; }
  table.cards thead { position: absolute; left: -999rem; }
  table.cards tr { border-top: 1px solid var(--line); padding: .625rem 1rem; display: grid; gap: .25rem; }
  table.cards tr:first-child { border-top: 0; }
  table.cards td { border: 0; padding: 0; text-align: left; max-width: none; min-width: 0; overflow-wrap: anywhere; }
  table.ledger td:nth-child(n) { max-width: none; }
  table.cards tr { grid-template-columns: minmax(0, 1fr); }
  table.cards td:empty { display: none; }
  table.cards td[data-label]::before { content: attr(data-label) ": "; color: var(--quiet); font-size: .8125rem; }
  table.ledger td[data-label] > div { display: inline; }
  table.ledger td[data-label] > div::before { content: " · "; }
  table.events tr { grid-template-columns: minmax(0, 1fr) auto; }
  table.events td.what { grid-column: 1 / -1; grid-row: 2; }
  .filters > .fields, .filters > details > .fields { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .filters > .fields { flex-basis: 100%; }
  .filters > button { order: 2; flex: 1; }
  th, td { padding: .5rem .75rem; }
  dl.facts { grid-template-columns: minmax(0, 6.5rem) minmax(0, 1fr); }
  dl.facts dt { overflow-wrap: break-word; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
@media print { .top, form, button, .pager { display: none; } .card { break-inside: avoid; } }
`;
