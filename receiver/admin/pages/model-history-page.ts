import { type Context, Hono } from 'hono';
import { promotionOf } from '../../../src/event/promotion.ts';
import { digest } from '../../../src/lib/digest.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { DeliveryView, Throttle } from '../../store/delivery.ts';
import type { AliasView, PromotionView } from '../../store/ledger.ts';
import type { FoundEvent } from '../../store/search.ts';
import { targetIn } from '../../webhook/roll-back.ts';
import { collectionPath, giverWords, historyLink, placeWords, promotionLinks, wandbPage } from '../components/alias-parts.ts';
import { badge } from '../components/badge.ts';
import { deliveriesBehind, deploymentOf } from '../components/deployment.ts';
import { empty } from '../components/empty.ts';
import { type Html, html } from '../components/html.ts';
import { moment } from '../components/time.ts';
import { identityOf } from '../guard.ts';
import { notDone } from './forms.ts';
import { noticeOf } from './notice.ts';
import { answerPage, linkTo, type Shell, sourceField } from './page.ts';
import type { PageOptions } from './page-options.ts';

/** The ledger keeps about fifty steps of an alias. */
const STEPS = 100;
/** Aliases of one name that are offered to choose from. */
const CHOICES = 20;
/** Among so many of the latest events about the alias, rollbacks are looked for. */
const EVENTS = 100;

export const NO_SUCH_ALIAS =
  'Nothing is known of this alias: no event has given a version it since this receiver runs. Check the spelling.';

/** `/models/history`: everything that is known of one alias, and the way back to an earlier version. */
export function modelHistoryPage(options: PageOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/models/history', async (c) => {
    const shell = await options.shell();
    const found = await findAliases(c, options);
    const [only, ...others] = found;
    if (only === undefined) return notDone(c, shell, { title: 'No such alias', why: NO_SUCH_ALIAS, next: '/models' }, 404);
    if (others.length > 0)
      return answerPage(c, shell, { title: 'Several of that name', lead: 'Choose one.', body: choicePart(found, shell) });
    return showHistory(c, only, shell, options);
  });
  return app;
}

type HistoryContext = Context<RequestVariables>;

/** By its key where the address has one, else by the names. */
async function findAliases(c: HistoryContext, { store }: PageOptions): Promise<readonly AliasView[]> {
  const [collection, alias, key] = ['collection', 'alias', 'key'].map((name) => c.req.query(name) ?? '');
  if (collection === undefined || collection === '' || alias === undefined || alias === '') return [];
  const found = await store.aliases({ collection, alias, limit: CHOICES });
  const chosen = found.filter((view) => view.key === key);
  return chosen.length === 0 ? found : chosen;
}

function choicePart(found: readonly AliasView[], shell: Shell): Html {
  return html`<section class="card" aria-label="Aliases"><ul class="list">${found.map(
    (view) =>
      html`<li><span class="what"><a href="${historyLink(shell, view)}">${view.collection} → ${view.alias}</a></span><span class="small quiet">${placeWords(view)}</span></li>`,
  )}</ul></section>`;
}

async function showHistory(c: HistoryContext, view: AliasView, shell: Shell, options: PageOptions): Promise<Response> {
  const { store, now } = options;
  const name = { collection: view.collection, alias: view.alias };
  const [history, events, throttles] = await Promise.all([
    store.aliasHistory(view.key, STEPS),
    store.searchEvents(name, { limit: EVENTS }),
    store.throttles(now()),
  ]);
  const rollbacks = events.items.filter(({ event: { event } }) => {
    const promotion = event.rollback === true ? promotionOf(event) : undefined;
    return promotion !== undefined && digest(promotion.aliasKey) === view.key;
  });
  const deliveries = await deliveriesBehind(store, history);
  const wandb = { url: options.wandbAppUrl, organization: options.config().organization };
  const page = wandbPage(view, view.holder.version, wandb);
  return answerPage(c, shell, {
    title: `${view.collection} → ${view.alias}`,
    ...(placeWords(view) === '' ? {} : { lead: placeWords(view) }),
    aside: html`<span class="row small"><a href="${linkTo(shell, '/', name)}">Its events</a>${page === undefined ? '' : html`<a href="${page}" rel="noreferrer">In W&amp;B</a>`}</span>`,
    body: html`${noticeOf(c)}
${standingPart(view)}
${rollBackPart(c, view, history, shell, options)}
${timelinePart({ history, rollbacks, deliveries, throttles }, shell, options.githubUrl)}`,
  });
}

function standingPart({ holder, deployed, alias }: AliasView): Html {
  const isBehind = deployed !== null && deployed.version !== holder.version;
  return html`<section class="tiles" aria-label="How it stands">
<div class="tile"><b>${holder.version ?? 'none'}</b><span>has ${alias} in W&amp;B</span></div>
<div class="tile${isBehind ? ' wait' : deployed === null ? '' : ' good'}"><b>${deployed?.version ?? 'none'}</b><span>${isBehind ? `is deployed, not ${holder.version ?? 'what W&B has'}` : deployed === null ? 'deployed, as far as is known' : 'is deployed'}</span></div>
</section>`;
}

interface Choice {
  readonly version: string;
  /** Why it cannot be deployed again; left out: it can. */
  readonly why?: string;
}

/** Each version once, the latest first. */
function choicesIn(history: readonly PromotionView[]): Choice[] {
  const versions = new Set(history.flatMap(({ version }) => version ?? []));
  return [...versions].map((version) => {
    const target = targetIn(history, version);
    return { version, ...(target.ok ? {} : { why: target.error.replace(/; deployed were .*$/s, '') }) };
  });
}

function rollBackPart(
  c: HistoryContext,
  view: AliasView,
  history: readonly PromotionView[],
  shell: Shell,
  { rollBack, planRollback }: PageOptions,
): Html {
  const choices = choicesIn(history);
  const [possible, not] = [choices.filter(({ why }) => why === undefined), choices.filter(({ why }) => why !== undefined)];
  const mayChange = identityOf(c).role === 'admin' && rollBack !== undefined && planRollback !== undefined;
  const deployedAt = new Map(history.toReversed().map(({ version, deployedAt: at }) => [version, at]));
  return html`<section class="card" aria-labelledby="back"><header><h2 id="back">Roll back</h2><span class="quiet small">Deploys an earlier version again. The alias in W&amp;B stays where it is.</span></header><div class="body">${
    possible.length === 0
      ? html`<p>There is no version to go back to: ${not.length === 0 ? 'none is known.' : 'no other one is known to have been deployed successfully.'}</p>`
      : mayChange
        ? html`<form class="bar" method="get" action="${linkTo(shell, '/models/rollback')}">
${sourceField(shell)}<input type="hidden" name="collection" value="${collectionPath(view)}"><input type="hidden" name="alias" value="${view.alias}"><input type="hidden" name="key" value="${view.key}">
<label class="wide">Version<select name="to">${possible.map(({ version }) => html`<option value="${version}">${version}${version === view.deployed?.version ? ', which is deployed now' : whenDeployed(deployedAt.get(version))}</option>`)}</select></label>
<label class="grow">Reason<input name="reason" maxlength="500" autocomplete="off"></label><button class="wide">See what will be sent…</button></form>`
        : html`<p class="quiet">${rollBack === undefined ? 'This receiver cannot roll back.' : 'You may only read: ask an admin of this receiver.'} It could go back to ${possible.map(({ version }) => version).join(', ')}.</p>`
  }${
    not.length === 0
      ? ''
      : html`<details><summary>${not.length === 1 ? '1 version' : `${not.length} versions`} cannot be deployed again</summary><ul class="why">${not.map(({ why }) => html`<li class="small">${why}</li>`)}</ul></details>`
  }</div></section>`;
}

function whenDeployed(at: number | null | undefined): string {
  return typeof at === 'number' ? `, deployed ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC` : '';
}

interface Steps {
  readonly history: readonly PromotionView[];
  readonly rollbacks: readonly FoundEvent[];
  readonly deliveries: ReadonlyMap<string, readonly DeliveryView[]>;
  readonly throttles: readonly Throttle[];
}

/** What happened, the latest first. */
function timelinePart({ history, rollbacks, deliveries, throttles }: Steps, shell: Shell, githubUrl: string): Html {
  const steps = [
    ...history.map((one) => ({ at: one.since, html: promotionStep(one, { deliveries, throttles }, shell, githubUrl) })),
    ...rollbacks.map((one) => ({ at: one.event.receivedAt, html: rollbackStep(one, throttles, shell) })),
  ];
  return html`<section class="card" aria-labelledby="history"><header><h2 id="history">History</h2><span class="quiet small">The latest first; the last fifty are kept</span></header><div class="body">${
    steps.length === 0
      ? empty('Nothing is known', 'The history of this alias is gone.')
      : html`<ol class="timeline">${steps.toSorted((a, b) => b.at - a.at).map((step) => step.html)}</ol>`
  }</div></section>`;
}

function promotionStep(
  one: PromotionView,
  { deliveries, throttles }: Pick<Steps, 'deliveries' | 'throttles'>,
  shell: Shell,
  githubUrl: string,
): Html {
  const { version, since, replaced, deployedAt, run } = one;
  const sent = deliveries.get(one.eventId ?? '');
  const { word, tone } = deploymentOf(one, sent, throttles);
  const giver = giverWords(one);
  return html`<li class="${tone}"><div class="row"><span class="what">${version === null ? 'No version had it any more' : version}</span>${version === null ? '' : badge(word, tone)}<span class="row small">${promotionLinks(shell, one, { githubUrl, deliveries: sent })}</span></div>
<span class="small">${moment(since)}${giver === '' ? '' : html` by ${giver}`}${replaced === null ? '' : html`, replaced ${replaced.version}`}</span>
${deployedAt === null ? '' : html`<span class="small quiet">deployed ${moment(deployedAt)}${run !== null && run.conclusion !== 'success' ? html`; later: ${run.conclusion}, ${moment(run.endedAt)}` : ''}</span>`}
${deployedAt === null && run !== null ? html`<span class="small quiet">ended ${moment(run.endedAt)}</span>` : ''}</li>`;
}

function rollbackStep({ event: stored, deliveries }: FoundEvent, throttles: readonly Throttle[], shell: Shell): Html {
  const { event, id, receivedAt } = stored;
  const promotion = { version: event.version ?? null, origin: 'event' as const, eventId: id, run: null };
  const { word, tone } = deploymentOf(promotion, deliveries, throttles);
  return html`<li class="${tone}"><div class="row"><span class="what">Rolled back to ${event.version ?? 'an earlier version'}</span>${badge(word, tone)}<a class="small" href="${linkTo(shell, `/events/${id}`)}">Event</a></div>
<span class="small">${moment(receivedAt)}${event.author === undefined ? '' : html` by ${event.author}`}</span></li>`;
}
