import { Hono } from 'hono';
import { durationWords } from '../../../src/lib/duration.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { DeliveryView, Throttle } from '../../store/delivery.ts';
import type { Pause } from '../../store/pause.ts';
import type { FoundEvent, SearchPage } from '../../store/search.ts';
import type { Backlog } from '../../store/unrouted.ts';
import { unroutedWords } from '../../unrouted-words.ts';
import { advice, pageState } from '../components/delivery-advice.ts';
import { deliveryBadge, deliveryForms } from '../components/delivery-row.ts';
import { empty } from '../components/empty.ts';
import { filterForm } from '../components/event-filters.ts';
import { eventTable } from '../components/event-table.ts';
import { eventTitle } from '../components/event-title.ts';
import { type Html, html } from '../components/html.ts';
import { richText } from '../components/rich-text.ts';
import { age, moment } from '../components/time.ts';
import { identityOf } from '../guard.ts';
import type { Identity } from '../identity.ts';
import { noticeOf } from './notice.ts';
import { answerPage, linkTo, type Shell, sourceField } from './page.ts';
import type { PageOptions } from './page-options.ts';
import { type EventQuery, readEventQuery } from './search-query.ts';

/** Rows of a page of events, and of what is not delivered. */
const EVENTS = 50;
const UNDELIVERED = 20;
/** A page that finds little looks further back by itself, so many times. */
const MOST_LOOKS = 5;

/** `/`: what is not delivered, then the stream of events with its filters. */
export function eventsPage(options: PageOptions): Hono<RequestVariables> {
  const { store, now, shell: shellOf } = options;
  const app = new Hono<RequestVariables>();
  app.get('/', async (c) => {
    const shell = await shellOf();
    const query = readEventQuery(new URL(c.req.url).searchParams, now());
    const isFirst = query.before === undefined && Object.keys(query.given).length === 0;
    const [throttles, pauses, page] = await Promise.all([store.throttles(now()), store.pauses(), find(options, query)]);
    const undelivered = isFirst ? await readUndelivered(options) : undefined;
    const view = { shell, now: now(), throttles, pauses, identity: identityOf(c), githubUrl: options.githubUrl };
    return answerPage(c, shell, {
      title: 'Events',
      aside: html`<span class="live" data-live="off"${options.live === undefined ? '' : html` data-stream="${options.live === 'poll' ? 'poll' : linkTo(shell, '/live')}"`}>As of ${moment(now())}</span>`,
      body: html`${noticeOf(c)}
${undelivered === undefined ? '' : html`<div class="split" data-part="undelivered">${undeliveredPart(undelivered, view)}</div>`}
${streamPart(page, query, view)}`,
    });
  });
  return app;
}

interface View {
  readonly shell: Shell;
  readonly now: number;
  readonly throttles: readonly Throttle[];
  readonly pauses: readonly Pause[];
  readonly identity: Identity;
  readonly githubUrl: string;
}

async function find({ store }: PageOptions, { search, before }: EventQuery): Promise<SearchPage> {
  const items: FoundEvent[] = [];
  let next = before;
  for (let looks = 0; ; looks++) {
    const page = await store.searchEvents(search, { limit: EVENTS - items.length, ...(next === undefined ? {} : { before: next }) });
    items.push(...page.items);
    if (!page.isPartial || items.length >= EVENTS || looks >= MOST_LOOKS) return { ...page, items };
    next = page.next;
  }
}

interface UndeliveredList {
  readonly deliveries: readonly { readonly delivery: DeliveryView; readonly title: string }[];
  readonly counts: Readonly<Record<'dead' | 'held' | 'pending' | 'in_flight', number>>;
  readonly oldestAt: number | undefined;
  readonly backlog: Backlog;
}

async function readUndelivered({ store }: PageOptions): Promise<UndeliveredList> {
  const [dead, held, pending, found, backlog] = await Promise.all([
    store.deliveryPage({ states: ['dead'], limit: UNDELIVERED }),
    store.deliveryPage({ states: ['held'], limit: UNDELIVERED }),
    store.deliveryPage({ states: ['pending', 'in_flight'], limit: UNDELIVERED }),
    store.undelivered(),
    store.backlog(),
  ]);
  const shown = [...dead.items, ...held.items, ...pending.items].slice(0, UNDELIVERED);
  const titles = new Map<string, string>();
  for (const id of new Set(shown.map(({ eventId }) => eventId))) {
    const event = await store.event(id);
    titles.set(id, event === undefined ? id : eventTitle(event.event));
  }
  const counts = { dead: 0, held: 0, pending: 0, in_flight: 0 };
  for (const { state, count } of found) if (state in counts) counts[state as keyof typeof counts] += count;
  const open = found.filter(({ state }) => state in counts).map(({ oldestAt }) => oldestAt);
  return {
    deliveries: shown.map((delivery) => ({ delivery, title: titles.get(delivery.eventId) ?? delivery.eventId })),
    counts,
    oldestAt: open.length === 0 ? undefined : Math.min(...open),
    backlog,
  };
}

function undeliveredPart({ deliveries, counts, oldestAt, backlog }: UndeliveredList, view: View): Html {
  const { shell, now, throttles } = view;
  const tile = (count: number, words: string, tone: string, state: string): Html =>
    html`<a class="tile${count > 0 ? ` ${tone}` : ''}" href="${linkTo(shell, '/', { state })}"><b>${count.toLocaleString('en')}</b><span>${words}</span></a>`;
  const waiting = counts.pending + counts.in_flight;
  const total = counts.dead + counts.held + waiting;
  const unrouted = unroutedWords(backlog, now).map((words) => html`<p class="notice${backlog.skipped > 0 ? ' bad' : ''}">${words}.</p>`);
  return html`<section class="tiles" aria-label="Not delivered, in numbers">
${tile(counts.dead, 'failed', 'bad', 'failed')}${tile(counts.held, 'awaiting approval', 'wait', 'held')}${tile(waiting, 'waiting or retrying', 'wait', 'pending')}
<div class="tile${throttles.length > 0 ? ' wait' : ''}"><b>${throttles.length}</b><span>throttled ${throttles.length === 1 ? 'credential' : 'credentials'}</span></div>
</section>
<section class="card${counts.dead > 0 || backlog.skipped > 0 ? ' bad' : counts.held > 0 ? ' wait' : ''}" aria-labelledby="undelivered">
<header><h2 id="undelivered">Not delivered</h2><span class="quiet small">${total === 0 ? '' : html`${total.toLocaleString('en')}, the oldest since ${oldestAt === undefined ? '' : durationWords(now - oldestAt)}`}</span></header>
${unrouted.length === 0 ? '' : html`<div class="body">${unrouted}</div>`}${
  deliveries.length === 0 && unrouted.length > 0
    ? ''
    : deliveries.length === 0
      ? empty('Everything is delivered', 'What fails, waits for an approval or is tried again shows up here.')
      : html`<ul class="list">${deliveries.map((one) => undeliveredRow(one.delivery, one.title, view))}</ul>`
}
${total > deliveries.length ? html`<nav class="pager" aria-label="More"><a class="button" href="${linkTo(shell, '/', { state: 'open' })}">All that is not delivered</a></nav>` : ''}
</section>`;
}

function undeliveredRow(delivery: DeliveryView, title: string, view: View): Html {
  const { shell, now, throttles, pauses, identity, githubUrl } = view;
  const state = pageState(delivery, throttles, pauses);
  return html`<li class="act"><div class="stack"><div class="row">${deliveryBadge(state)}<span class="what"><a href="${linkTo(shell, `/events/${delivery.eventId}`)}">${title}</a></span></div>
<p class="todo">${richText(advice(delivery, state), githubUrl)}</p>
<div class="row small quiet">${delivery.attempts === 0 ? '' : html`<span>${delivery.attempts} ${delivery.attempts === 1 ? 'attempt' : 'attempts'}</span>`}<span>${delivery.route}</span><span>${delivery.target}</span><span>${age(delivery.createdAt, now)}</span></div></div>
${identity.role === 'admin' ? deliveryForms(shell, delivery, '/') : ''}</li>`;
}

function streamPart(page: SearchPage, query: EventQuery, view: View): Html {
  const { shell } = view;
  const isFiltered = Object.keys(query.given).length > 0;
  return html`<section class="card" aria-labelledby="stream">
<header><h2 id="stream">${isFiltered ? 'Events that match' : 'All events'}</h2>${isFiltered ? html`<a href="${linkTo(shell, '/')}">Show all</a>` : ''}</header>
<div class="body">${filterForm(query, shell)}${isFiltered && view.identity.role === 'admin' ? bulkForm(query, view) : ''}</div>
<div data-part="stream">${
    page.items.length === 0
      ? isFiltered
        ? empty(
            page.isPartial ? 'Nothing yet' : 'No event matches',
            page.isPartial ? 'Older events were not looked at yet: go on below.' : 'Remove a filter, or look further back.',
          )
        : empty(
            'No events yet',
            html`Send one with <code>wandb-relay send-test</code>, or connect a webhook of W&amp;B to <code>${shell.basePath}/webhooks/wandb</code>.`,
          )
      : eventTable(page.items, view)
  }${pager(page, query, shell)}</div>
</section>`;
}

/** Back to the newest, and on to older ones; the browser's own button goes back by one page. */
function pager({ next, isPartial }: SearchPage, { given, before }: EventQuery, shell: Shell): Html {
  if (next === undefined && before === undefined) return html``;
  const newest = before === undefined ? '' : html`<a class="button" href="${linkTo(shell, '/', given)}">Newest</a>`;
  const older =
    next === undefined
      ? ''
      : html`<a class="button" rel="next" href="${linkTo(shell, '/', { ...given, before: String(next) })}">${isPartial ? 'Look further back' : 'Older'}</a>`;
  return html`<nav class="pager" aria-label="More events">${newest}${older}</nav>`;
}

/** Everything that matches, not only this page; a count comes first. */
function bulkForm({ given }: EventQuery, { shell }: View): Html {
  const fields = Object.entries(given).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  return html`<form class="row" method="get" action="${linkTo(shell, '/deliveries/change')}">${sourceField(shell)}${fields}<span class="quiet small">All deliveries of events that match:</span><button name="do" value="replay">Replay…</button><button class="danger" name="do" value="cancel">Cancel…</button></form>`;
}
