/** Of charts, and of lists that have them. */
export const CHART_STYLE = `
figure { margin: 0; min-width: 0; }
.activity { display: grid; gap: .25rem; align-content: start; }
.activity svg.chart { height: 3rem; }
.activity .row { gap: 0 .75rem; }
.activity .ends { display: flex; justify-content: space-between; font-size: .75rem; }
.activity .failed { white-space: nowrap; }
.activity b { font-size: 1.125rem; }
.failed { color: var(--bad); font-weight: 600; }
.charts { display: grid; gap: .5rem 1.25rem; grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; }
.card > .body.charts.large { grid-template-columns: minmax(0, 1fr); gap: 1.5rem; }
.charts.large svg.chart { height: auto; }
.charts.large .chart text { font-size: .8125rem; }
.chart .grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; opacity: .6; }
.chart .axis { stroke: var(--quiet); stroke-width: 1; }
.counting { align-self: end; padding: .25rem 0; }
.checked { counter-reset: place; }
.checked > li { counter-increment: place; grid-template-columns: minmax(0, 1fr) 27rem; gap: .5rem 2rem; align-items: start; }
.checked .about { display: grid; gap: .375rem; min-width: 0; }
.checked .what::before { content: counter(place) ". "; color: var(--quiet); font-weight: 400; }
.conditions { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; margin: 0; padding: 0; }
.conditions > li { background: var(--mute-back); border-radius: .25rem; padding: .0625rem .4375rem; font-size: .875rem; overflow-wrap: anywhere; }
.chart.run .line { fill: none; stroke: var(--busy); stroke-width: 1.75; stroke-linejoin: round; }
.chart.run .dot { fill: var(--busy); }
.chart.run .limit { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 4; }
.chart.run .beyond { fill: var(--bad); opacity: .07; }
.chart.run .fired { fill: var(--bad); stroke: var(--card); stroke-width: 1.5; }
.chart.run .ended { fill: var(--card); stroke: var(--good); stroke-width: 2; }
.chart.run .limit-name { fill: var(--bad); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
.runs { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0; padding: 0; font-size: .875rem; color: var(--quiet); }
.legend svg { width: 1.5rem; height: .75rem; vertical-align: middle; margin-right: .375rem; overflow: visible; display: inline; }
table.numbers { width: auto; min-width: 14rem; font-size: .875rem; }
table.numbers th, table.numbers td { padding: .1875rem .75rem .1875rem 0; }
@media (min-width: 52rem) { .charts.large .chart text { font-size: .6875rem; } .card > .body.charts.large { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 60rem) { .checked > li { grid-template-columns: minmax(0, 1fr); } }
`;
