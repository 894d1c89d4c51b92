import { Hono } from 'hono';
import type { RequestVariables } from '../../http/request-log.ts';
import type { DeliveryView, Throttle } from '../../store/delivery.ts';
import type { AliasPage, AliasPosition, AliasView, PromotionView } from '../../store/ledger.ts';
import { giverWords, historyLink, placeWords, promotionLinks, wandbPage } from '../components/alias-parts.ts';
import { badge } from '../components/badge.ts';
import { deliveriesBehind, deploymentOf } from '../components/deployment.ts';
import { empty } from '../components/empty.ts';
import { type Html, html } from '../components/html.ts';
import { age, moment } from '../components/time.ts';
import { answerPage, linkTo, type Shell, sourceField } from './page.ts';
import type { PageOptions } from './page-options.ts';

/** Aliases of a page. */
const ALIASES = 30;

interface Query {
  readonly collection: string;
  readonly alias: string;
  readonly before: AliasPosition | undefined;
}

interface View extends Pick<PageOptions, 'githubUrl'> {
  readonly shell: Shell;
  readonly now: number;
  readonly throttles: readonly Throttle[];
  readonly deliveries: ReadonlyMap<string, readonly DeliveryView[]>;
  readonly app: Parameters<typeof wandbPage>[2];
}

/** `/models`: which version has which alias, and which one is deployed. */
export function modelsPage(options: PageOptions): Hono<RequestVariables> {
  const { store, now } = options;
  const app = new Hono<RequestVariables>();
  app.get('/models', async (c) => {
    const shell = await options.shell();
    const query = readQuery(new URL(c.req.url).searchParams);
    const { collection, alias, before } = query;
    const page = await store.aliasPage({
      limit: ALIASES,
      ...(collection === '' ? {} : { collection }),
      ...(alias === '' ? {} : { alias }),
      ...(before === undefined ? {} : { before }),
    });
    const [deliveries, throttles] = await Promise.all([
      deliveriesBehind(
        store,
        page.items.map(({ holder }) => holder),
      ),
      store.throttles(now()),
    ]);
    const wandb = { url: options.wandbAppUrl, organization: options.config().organization };
    const view = { shell, now: now(), throttles, deliveries, githubUrl: options.githubUrl, app: wandb };
    return answerPage(c, shell, {
      title: 'Models',
      lead: 'Which version has which alias, which one is deployed, and who did it.',
      body: ledgerPart(page, query, view),
    });
  });
  return app;
}

/** What is no filter, or no value of one, counts as not given. */
function readQuery(query: URLSearchParams): Query {
  const text = (name: string): string => (query.get(name) ?? '').trim().slice(0, 200);
  const [, since, key] = /^(\d{1,15})-([0-9a-f]{1,64})$/.exec(query.get('before') ?? '') ?? [];
  return {
    collection: text('collection'),
    alias: text('alias'),
    before: since === undefined || key === undefined ? undefined : { since: Number(since), key },
  };
}

function ledgerPart(page: AliasPage, query: Query, view: View): Html {
  const { shell } = view;
  const { collection, alias } = query;
  const isFiltered = collection !== '' || alias !== '';
  const older = page.next === undefined ? undefined : `${page.next.since}-${page.next.key}`;
  return html`<section class="card" aria-labelledby="ledger">
<header><h2 id="ledger">${isFiltered ? 'Aliases that match' : 'All aliases'}</h2>${
    isFiltered || query.before !== undefined
      ? html`<a href="${linkTo(shell, '/models')}">Show all</a>`
      : html`<span class="quiet small">The latest change first</span>`
  }</header>
<div class="body"><form class="bar" method="get" action="${linkTo(shell, '/models')}" role="search" aria-label="Filter aliases">
${sourceField(shell)}
<label>Collection<input name="collection" type="search" value="${collection}" autocomplete="off" placeholder="any part of its path"></label>
<label>Alias<input name="alias" type="search" value="${alias}" autocomplete="off" placeholder="such as production"></label>
<button>Filter</button></form></div>
${page.items.length === 0 ? nothing(isFiltered || query.before !== undefined, shell) : aliasTable(page.items, view)}
${
  older === undefined
    ? ''
    : html`<nav class="pager" aria-label="More aliases"><a class="button" rel="next" href="${linkTo(shell, '/models', { collection, alias, before: older })}">Changed earlier</a></nav>`
}</section>`;
}

function nothing(isFiltered: boolean, shell: Shell): Html {
  return isFiltered
    ? empty(
        'No alias matches',
        'Leave out a filter. The collection may be a part of entity/project/collection; the alias must be whole, such as production.',
      )
    : empty(
        'No version has an alias yet',
        html`Give a version an alias in W&amp;B while an automation for “add_artifact_alias” sends to this receiver, try it with <code>wandb-relay send-test --event add_artifact_alias</code>, or ask W&amp;B for what it has now: <code>wandb-relay where entity/project/collection --verify</code>. <a href="${linkTo(shell, '/simulate', { type: 'add_artifact_alias' })}">Simulate such an event</a>`,
      );
}

function aliasTable(items: readonly AliasView[], view: View): Html {
  return html`<table class="cards ledger"><thead><tr><th scope="col">State</th><th scope="col">Collection and alias</th><th scope="col">Has the alias</th><th scope="col">Deployed</th><th scope="col">Since</th><th scope="col">By</th><th scope="col"><span class="visually-hidden">Links</span></th></tr></thead><tbody>${items.map(
    (item) => aliasRow(item, view),
  )}</tbody></table>`;
}

function aliasRow(item: AliasView, view: View): Html {
  const { shell, now, throttles, deliveries, githubUrl, app } = view;
  const { holder, deployed } = item;
  const { word, tone } = deploymentOf(holder, deliveries.get(holder.eventId ?? ''), throttles);
  const place = placeWords(item);
  const page = wandbPage(item, holder.version, app);
  return html`<tr><td>${badge(word, tone)}</td>
<td class="what"><a href="${historyLink(shell, item)}">${item.collection} <span class="arrow" aria-hidden="true">→</span> ${item.alias}</a>${place === '' ? '' : html`<div class="quiet small">${place}</div>`}</td>
<td data-label="Has the alias"><strong class="version">${holder.version ?? 'no version'}</strong>${holder.replaced === null ? '' : html`<div class="quiet small">replaced ${holder.replaced.version}</div>`}</td>
<td data-label="Deployed">${deployedWords(holder, deployed, now)}</td>
<td data-label="Since">${moment(holder.since)}<div class="quiet small">${age(holder.since, now)}</div></td>
<td data-label="By">${giverWords(holder)}</td>
<td><div class="row small">${promotionLinks(shell, holder, { githubUrl, deliveries: deliveries.get(holder.eventId ?? '') })}${page === undefined ? '' : html`<a href="${page}" rel="noreferrer">W&amp;B</a>`}</div></td></tr>`;
}

/** The version that is deployed; what is behind the alias stands out. */
function deployedWords(holder: PromotionView, deployed: PromotionView | null, now: number): Html {
  if (deployed === null) return html`<span class="quiet">none known</span>`;
  const isBehind = deployed.version !== holder.version;
  return html`<span class="version${isBehind ? ' behind' : ''}">${deployed.version}</span>${isBehind ? html` <span class="small quiet">(not ${holder.version ?? 'what W&B has'})</span>` : ''}<div class="quiet small">${age(deployed.deployedAt ?? deployed.since, now)}</div>`;
}
