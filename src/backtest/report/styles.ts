/** The report's style sheet. Constant: the page's policy allows it by its digest, and no other. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --text: #1a2230; --soft: #57606f; --faint: #eceff3;
  --blue: #1262b3; --grey: #8b95a5; --red: #c81e4a; --wash: #c81e4a; --amber: #9a5b00; --amber-page: #fff6e0; --amber-line: #edd28f; --chip: #e8edf4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10141a; --card: #181e26; --line: #2f3843; --text: #e8ecf1; --soft: #a3adba; --faint: #242c36;
    --blue: #6cb2f7; --grey: #77828f; --red: #ff6f91; --wash: #ff6f91; --amber: #f0bd61; --amber-page: #2b2416; --amber-line: #5b4a22; --chip: #2a333e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 19px; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 13px; margin: 22px 0 8px; color: var(--soft); font-weight: 600; }
p { margin: 0 0 8px; }
a { color: var(--blue); text-decoration-thickness: 1px; text-underline-offset: 2px; }
.soft { color: var(--soft); }
.small { font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; margin-top: 18px; }
.warning { background: var(--amber-page); border-color: var(--amber-line); padding: 12px 18px; }
.warning ul { margin: 4px 0 0; padding-left: 18px; }
.chip { display: inline-block; background: var(--chip); color: var(--soft); border-radius: 99px; padding: 0 9px; font-size: 12px; line-height: 20px; margin-left: 6px; vertical-align: 2px; white-space: nowrap; font-weight: 400; letter-spacing: 0; }
.condition { font-size: 15px; margin: 3px 0 12px; color: var(--soft); overflow-wrap: anywhere; }
.verdict { font-size: 17px; margin: 0; font-weight: 600; }
.facts { display: flex; flex-wrap: wrap; gap: 10px 34px; margin: 14px 0 0; padding: 0; }
.facts div { min-width: 92px; }
.facts dt { font-size: 12px; color: var(--soft); }
.facts dd { margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }
.facts dd span { font-size: 13px; font-weight: 400; color: var(--soft); }
.strip { margin-top: 14px; }
.strip svg { display: block; width: 100%; height: 34px; }
.strip .ends { display: flex; justify-content: space-between; font-size: 12px; color: var(--soft); }
.bar { fill: var(--red); }
.base { stroke: var(--line); stroke-width: 1; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(310px, 1fr)); gap: 16px 18px; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figcaption { font-size: 13px; line-height: 1.4; margin-bottom: 2px; overflow-wrap: anywhere; }
figcaption b { font-weight: 600; }
figure svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); }
svg .name { fill: var(--text); }
svg .limit-name { fill: var(--red); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
.grid { stroke: var(--faint); stroke-width: 1; }
.axis { stroke: var(--line); stroke-width: 1; }
.logged { fill: none; stroke: var(--blue); stroke-width: 1.6; stroke-linejoin: round; }
.raw { fill: none; stroke: var(--grey); stroke-width: 1; stroke-linejoin: round; opacity: 0.75; }
.limit { stroke: var(--red); stroke-width: 1.4; stroke-dasharray: 5 4; }
.beyond { fill: var(--wash); opacity: 0.07; }
.fired-line { stroke: var(--red); stroke-width: 1; opacity: 0.55; }
.fired { fill: var(--red); stroke: var(--card); stroke-width: 1.5; }
.nearest { fill: var(--card); stroke: var(--amber); stroke-width: 2; }
.nan { stroke: var(--amber); stroke-width: 2; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0 0 10px; padding: 0; list-style: none; font-size: 12px; color: var(--soft); }
.legend svg { width: 22px; height: 10px; vertical-align: -1px; margin-right: 5px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; font-size: 12px; color: var(--soft); padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line); }
td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--faint); vertical-align: top; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.wide { width: 40%; }
.own td { font-weight: 600; }
.share svg { display: block; width: 100%; height: 12px; margin-top: 5px; }
.share rect { fill: var(--grey); }
.own .share rect { fill: var(--red); }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 0 34px; align-items: start; }
.notes { margin: 16px 0 0; padding-left: 18px; font-size: 13px; color: var(--soft); }
details summary { cursor: pointer; color: var(--blue); font-size: 14px; padding: 8px 0; }
footer { margin-top: 26px; font-size: 13px; color: var(--soft); }
@media (max-width: 620px) {
  main { padding: 18px 12px 36px; }
  h1 { font-size: 22px; }
  .card { padding: 16px 14px; border-radius: 8px; }
  .two { display: block; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .rows thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .rows, .rows tbody { display: block; }
  .rows tr { display: flex; flex-wrap: wrap; gap: 0 16px; padding: 8px 0; border-bottom: 1px solid var(--faint); }
  .rows td { border: 0; padding: 0; text-align: left; }
  .rows td:first-child { flex: 0 0 100%; }
  .rows td[data-label]::before { content: attr(data-label) " "; color: var(--soft); font-size: 12px; }
}
@media print {
  :root { --page: #fff; --card: #fff; --line: #c9ced6; --text: #000; --soft: #444c59; --faint: #e6e9ee; --blue: #0f549b; --grey: #7d8796; --red: #b8143d; --wash: #b8143d; --amber: #7a4800; --amber-page: #fff; --amber-line: #b98b2d; --chip: #eef1f5; }
  @page { margin: 14mm 12mm; }
  body { font-size: 12px; }
  main { max-width: none; padding: 0; }
  .card { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 12px 0 0; margin-top: 16px; }
  .warning { border: 1px solid var(--amber-line); padding: 8px 12px; }
  .charts { grid-template-columns: 1fr 1fr; }
  .head, .facts, .strip, tr, h3 { break-inside: avoid; }
  h2, h3, .head, .legend, thead, tr:first-child { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  details summary { display: none; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
