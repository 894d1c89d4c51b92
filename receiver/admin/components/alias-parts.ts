import type { RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { type WandbApp, wandbLinks } from '../../../src/event/wandb-links.ts';
import { digest } from '../../../src/lib/digest.ts';
import type { DeliveryView } from '../../store/delivery.ts';
import type { AliasView, PromotionView } from '../../store/ledger.ts';
import { linkTo, type Shell } from '../pages/page.ts';
import { type Html, html } from './html.ts';

/** The part of a view that names it. */
export type AliasName = Pick<AliasView, 'source' | 'entity' | 'project' | 'registry' | 'collection' | 'alias'>;

/** As the address of a page names a collection: `entity/project/collection`, or its name alone. */
export function collectionPath({ entity, project, collection }: Pick<AliasName, 'entity' | 'project' | 'collection'>): string {
  return entity === null && project === null ? collection : [entity, project, collection].map((part) => part ?? '').join('/');
}

/** The page with the history of an alias. */
export function historyLink(shell: Shell, view: AliasName & Pick<AliasView, 'key'>, more: Readonly<Record<string, string>> = {}): string {
  return linkTo(shell, '/models/history', { collection: collectionPath(view), alias: view.alias, key: view.key, ...more });
}

/** The way to the history of the alias that an event gives; nothing where it gives none. */
export function aliasLink(event: RelayEvent, shell: Shell): Html {
  const promotion = promotionOf(event);
  if (promotion === undefined) return html``;
  const { source, entity = null, project = null, registry = null, collection = '' } = event;
  const view = { source, entity, project, registry, collection, alias: promotion.alias, key: digest(promotion.aliasKey) };
  return html`<a href="${historyLink(shell, view)}">History of ${collection} → ${promotion.alias}</a>`;
}

/** Where a collection lives: `acme/vision`, or the registry; and the source, where it is not the usual one. */
export function placeWords({ entity, project, registry, source }: AliasName): string {
  const place = registry === null ? [entity, project].filter((part) => part !== null).join('/') : `registry ${registry}`;
  return [place, source === 'default' ? '' : `source ${source}`].filter((part) => part !== '').join(' · ');
}

/** The page of a version in W&B's app; `undefined`: its address is not known. */
export function wandbPage(name: AliasName, version: string | null, app: WandbApp): string | undefined {
  const { source, entity, project, registry, collection, alias } = name;
  const event: RelayEvent = {
    type: 'add_artifact_alias',
    source,
    collection,
    alias,
    ...(entity === null ? {} : { entity }),
    ...(project === null ? {} : { project }),
    ...(registry === null ? {} : { registry }),
    ...(version === null ? {} : { version }),
  };
  return wandbLinks(event, null, app)[0]?.url;
}

/** Links to the event and to the workflow run of a promotion; `deliveries` are what its event sent, while the run has not ended. */
export function promotionLinks(
  shell: Shell,
  { eventId, run }: PromotionView,
  { githubUrl, deliveries = [] }: { readonly githubUrl: string; readonly deliveries?: readonly DeliveryView[] | undefined },
): Html {
  const url = run?.url ?? deliveries.find((delivery) => typeof delivery.run?.url === 'string')?.run?.url;
  // Only a page of the GitHub that we send to.
  const isLink = typeof url === 'string' && url.startsWith(`${githubUrl}/`);
  return html`${eventId === null ? '' : html`<a href="${linkTo(shell, `/events/${eventId}`)}">Event</a>`}${
    isLink ? html`<a href="${url}" rel="noreferrer">Run</a>` : ''
  }`;
}

/** Who gave it, as far as that is known. */
export function giverWords({ by, origin }: PromotionView): string {
  return origin === 'api' ? 'W&B’s API' : (by ?? '');
}
