import { EVENT_TYPES } from '../../../src/event/event.ts';
import { linkTo, type Shell, sourceField } from '../pages/page.ts';
import { type EventQuery, STATE_WORDS } from '../pages/search-query.ts';
import { type Html, html } from './html.ts';

const SINCE = [
  ['1h', '1 hour'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const;

/** Those that few people need, behind a summary. */
const MORE = [
  ['collection', 'Collection'],
  ['alias', 'Alias'],
  ['run', 'Run'],
  ['route', 'Route'],
  ['source_name', 'Source'],
] as const;

/** The filters of the list of events. They stand in its address, so that a list can be sent to somebody. */
export function filterForm({ given }: Pick<EventQuery, 'given'>, shell: Shell): Html {
  const option = (value: string, text: string, chosen: string | undefined): Html =>
    html`<option value="${value}"${chosen === value ? html` selected` : ''}>${text}</option>`;
  const isOpen = MORE.some(([name]) => given[name] !== undefined);
  return html`<form class="filters" method="get" action="${linkTo(shell, '/')}" role="search" aria-label="Filter events">
${sourceField(shell)}
<div class="fields"><label class="wide">Text<input name="text" type="search" value="${given.text ?? ''}" placeholder="a model, a person, anything" autocomplete="off"></label>
<label>State<select name="state">${option('', 'any', given.state ?? '')}${Object.entries(STATE_WORDS).map(([value, { label }]) => option(value, label, given.state))}</select></label>
<label>Type<select name="type">${option('', 'any', given.type ?? '')}${EVENT_TYPES.map((type) => option(type, type, given.type))}</select></label>
<label>Since<select name="since">${option('', 'ever', given.since ?? '')}${SINCE.map(([value, text]) => option(value, text, given.since))}${
    given.since !== undefined && !SINCE.some(([value]) => value === given.since) ? option(given.since, given.since, given.since) : ''
  }</select></label></div>
<details${isOpen ? html` open` : ''}><summary>More filters</summary><div class="fields">${MORE.map(
    ([name, label]) => html`<label>${label}<input name="${name}" value="${given[name] ?? ''}" autocomplete="off"></label>`,
  )}</div></details>
${given.until === undefined ? '' : html`<input type="hidden" name="until" value="${given.until}">`}
<button>Filter</button>
</form>`;
}
