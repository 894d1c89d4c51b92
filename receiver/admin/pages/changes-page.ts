import { Hono } from 'hono';
import type { RequestVariables } from '../../http/request-log.ts';
import { SHOWN_COUNTS } from '../../shown-state.ts';
import type { DeliveryState } from '../../store/delivery.ts';
import type { AdminContext } from '../access.ts';
import { type Html, html } from '../components/html.ts';
import { identityOf } from '../guard.ts';
import { CHANGE_LIMIT } from '../requests.ts';
import { BY_THE_PAGES, nameField, nextWith, notDone, personOf, reasonIn } from './forms.ts';
import { doneQuery, noticeOf } from './notice.ts';
import { answerPage, linkTo, type Shell } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { type EventQuery, readEventQuery, STATE_WORDS } from './search-query.ts';
import { formOf } from './sign-in.ts';

const CHANGES = ['replay', 'cancel', 'approve', 'reject'] as const;
type Change = (typeof CHANGES)[number];

/** What can be done with many deliveries at once. A decision is about what somebody has seen, so it is none of these. */
type BulkChange = 'replay' | 'cancel';

/** Which states a bulk change takes. */
const TAKES: Readonly<Record<BulkChange, readonly DeliveryState[]>> = {
  replay: ['dead', 'superseded', 'cancelled', 'delivered'],
  cancel: ['pending', 'held', 'dead'],
};
/** The states where no filter names any: what was delivered is sent again only by somebody who asked for that state. */
const BY_DEFAULT: Readonly<Record<BulkChange, readonly DeliveryState[]>> = { replay: ['dead'], cancel: ['pending', 'held', 'dead'] };
const WORDS: Readonly<Record<BulkChange, { readonly title: string; readonly does: string; readonly done: string }>> = {
  replay: { title: 'Send again', does: 'Send again', done: 'sent again' },
  cancel: { title: 'Cancel', does: 'Cancel', done: 'cancelled' },
};

const NO_SUCH = 'there is no such delivery';

/** `/deliveries/…`: the forms that change deliveries, one or all that match. */
export function changesPage(options: PageOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/deliveries/change', (c) => showBulk(c, options));
  app.post('/deliveries/change', (c) => changeAll(c, options));
  for (const change of CHANGES) app.post(`/deliveries/:id/${change}`, (c) => changeOne(c, change, options));
  return app;
}

async function changeOne(c: AdminContext, change: Change, { store, now, shell: shellOf, wake }: PageOptions): Promise<Response> {
  const fields = await formOf(c);
  if (fields instanceof Response) return fields;
  const shell = await shellOf();
  const next = fields.get('next') ?? undefined;
  const person = personOf(identityOf(c), fields, change === 'approve' || change === 'reject' ? 'decision' : 'change');
  if ('problem' in person) return notDone(c, shell, { why: person.problem, next }, 400);
  const reason = reasonIn(fields);
  const seen = fields.get('updated');
  const [result] = await store[change]([c.req.param('id') ?? ''], now(), {
    by: `${person.name}, ${BY_THE_PAGES}`,
    persons: [person.name],
    ...(reason === undefined ? {} : { reason }),
    ...(seen !== null && /^\d{1,15}$/.test(seen) ? { ifUpdatedAt: Number(seen) } : {}),
  });
  if (result?.done !== true) {
    const why = result?.why ?? NO_SUCH;
    return notDone(c, shell, { why, next }, why === NO_SUCH ? 404 : 409);
  }
  wake();
  c.get('logFields').result = `${change} by ${person.name}`;
  return c.redirect(nextWith(shell, next, doneQuery(result.counted === undefined ? change : 'counted', 1, 0)), 303);
}

interface Bulk {
  readonly change: BulkChange;
  readonly query: EventQuery;
  readonly states: readonly DeliveryState[];
  readonly ids: readonly string[];
  readonly isAll: boolean;
}

/** What a bulk change would be about; `undefined`: no change that exists. Events that come later are not among it. */
async function readBulk(parameters: URLSearchParams, { store, now }: PageOptions): Promise<Bulk | undefined> {
  const change = parameters.get('do');
  if (change !== 'replay' && change !== 'cancel') return undefined;
  if (parameters.get('until') === null) parameters.set('until', new Date(now() + 1).toISOString());
  const query = readEventQuery(parameters, now());
  const { states: wanted = BY_DEFAULT[change] } = query.search;
  const states = TAKES[change].filter((state) => wanted.includes(state));
  const found = states.length === 0 ? { ids: [], isAll: true } : await store.deliveriesToChange(query.search, states, CHANGE_LIMIT);
  return { change, query, states, ...found };
}

async function showBulk(c: AdminContext, options: PageOptions): Promise<Response> {
  const shell = await options.shell();
  const bulk = await readBulk(new URL(c.req.url).searchParams, options);
  if (bulk === undefined) return notDone(c, shell, { why: 'There is nothing of that name to do with deliveries.', next: '/' }, 404);
  const mayChange = identityOf(c).role === 'admin';
  const { title } = WORDS[bulk.change];
  return answerPage(c, shell, {
    title: `${title}: all that match`,
    body: html`${noticeOf(c)}<section class="card" aria-label="What this is about"><div class="body">
${filterFacts(bulk)}
<p><strong>${countWords(bulk)}</strong></p>
${hintOf(bulk) === undefined ? '' : html`<p class="quiet">${hintOf(bulk)}</p>`}
${bulk.ids.length > 0 && mayChange ? bulkForm(c, bulk, shell) : ''}
<p><a href="${linkTo(shell, '/', shownQuery(bulk))}">Show the events</a></p>
</div></section>`,
  });
}

function filterFacts({ query, states }: Bulk): Html {
  const facts = Object.entries(query.given).filter(([name]) => name !== 'until' && name !== 'state');
  return html`<dl class="facts"><dt>Deliveries that are</dt><dd>${
    states.length === 0
      ? (STATE_WORDS[query.given.state ?? '']?.label ?? 'of that state')
      : states.map((state) => SHOWN_COUNTS[state]).join(', ')
  }</dd>${facts.map(([name, value]) => html`<dt>${name === 'source_name' ? 'source' : name}</dt><dd>${value}</dd>`)}</dl>`;
}

function countWords({ ids, isAll }: Bulk): string {
  if (ids.length === 0) return 'No delivery matches.';
  if (!isAll) return `More than ${CHANGE_LIMIT} deliveries match. This step takes the oldest ${CHANGE_LIMIT}.`;
  return ids.length === 1 ? '1 delivery matches.' : `${ids.length} deliveries match.`;
}

function hintOf({ change, query, states, isAll }: Bulk): string | undefined {
  if (states.length === 0) return `None of these can be ${WORDS[change].done}.`;
  if (change === 'replay' && query.search.states === undefined)
    return 'Only what failed. To send again what was delivered, superseded or cancelled, choose that state in the filter first.';
  if (change === 'replay' && !isAll && states.includes('delivered'))
    return 'What was delivered matches again once it has been sent again: choose shorter times with “since” to take the rest.';
  if (change === 'replay' && states.includes('delivered')) return 'Their workflows are started again.';
  return change === 'cancel' ? 'What is cancelled is not sent any more, unless somebody replays it.' : undefined;
}

function bulkForm(c: AdminContext, { change, query, ids }: Bulk, shell: Shell): Html {
  const { does } = WORDS[change];
  const fields = Object.entries({ ...query.given, do: change });
  const count = ids.length === 1 ? '1 delivery' : `${ids.length} deliveries`;
  return html`<form class="bar" method="post" action="${linkTo(shell, '/deliveries/change')}">${fields.map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}${nameField(identityOf(c), false)}<button class="${change === 'cancel' ? 'danger' : 'main'}">${does} ${count}</button></form>`;
}

/** The list of the events shows them without the time that ends a bulk change. */
function shownQuery({ query }: Bulk): Record<string, string> {
  return Object.fromEntries(Object.entries(query.given).filter(([name]) => name !== 'until'));
}

async function changeAll(c: AdminContext, options: PageOptions): Promise<Response> {
  const fields = await formOf(c);
  if (fields instanceof Response) return fields;
  const { store, now, wake } = options;
  const shell = await options.shell();
  const bulk = await readBulk(fields, options);
  if (bulk === undefined) return notDone(c, shell, { why: 'There is nothing of that name to do with deliveries.', next: '/' }, 404);
  const person = personOf(identityOf(c), fields, 'change');
  if ('problem' in person) return notDone(c, shell, { why: person.problem, next: '/' }, 400);
  const { change, ids, isAll, query, states } = bulk;
  const who = { by: `${person.name}, ${BY_THE_PAGES}`, persons: [person.name] };
  const results = ids.length === 0 ? [] : await store[change](ids, now(), who);
  const done = results.filter((result) => result.done).length;
  if (done > 0) wake();
  c.get('logFields').result = `${change} of ${done} by ${person.name}`;
  const did = doneQuery(change, done, results.length - done);
  // What is left is the next step. What was delivered would be found again at once.
  const goesOn = !isAll && done > 0 && !(change === 'replay' && states.includes('delivered'));
  return c.redirect(
    linkTo(shell, goesOn ? '/deliveries/change' : '/', { ...(goesOn ? { ...query.given, do: change } : shownQuery(bulk)), ...did }),
    303,
  );
}
