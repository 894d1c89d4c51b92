import { isJsonObject, type JsonObject } from '../lib/json.ts';
import type { RelayEvent } from './event.ts';

/** A page of W&B's app. */
export interface WandbLink {
  readonly kind: 'run' | 'artifact' | 'registry' | 'project';
  readonly url: string;
}

/** W&B's own cloud: its API, and the other address under which clients reach that. */
const CLOUD_APIS: ReadonlySet<string> = new Set(['https://api.wandb.ai', 'https://forge.coreweave.com/api/wandb']);
/**
 * W&B's multi-tenant cloud is part of CoreWeave Forge since 2026-09-30. Projects and team settings are below `/wandb`, the
 * registry and account settings are not (documentation of CoreWeave, "What moved in Forge").
 */
const FORGE = 'https://forge.coreweave.com';
const CLOUD_APP = `${FORGE}/wandb`;
/** Where the cloud's app was before; old links redirect. */
const FORMER_CLOUD_APP = 'https://wandb.ai';

/** Where the app is, given where the API is: elsewhere for W&B's own cloud, the same for every other server. No slash at the end. */
export function wandbAppUrl(apiUrl: string): string {
  const base = apiUrl.replace(/\/+$/, '');
  return CLOUD_APIS.has(base) ? CLOUD_APP : base;
}

/** Where a person gets an API key, given where the API is. */
export function apiKeyPage(apiUrl: string): string {
  const app = wandbAppUrl(apiUrl);
  return app === CLOUD_APP ? `${FORGE}/account-settings/<organization>/api-keys` : `${app}/authorize`;
}

export interface WandbApp {
  /** See `wandbAppUrl`. */
  readonly url: string;
  /** The organization's name, for links to registries of servers other than W&B's own cloud. */
  readonly organization?: string | undefined;
}

/**
 * Links to what an event is about, the most exact first, and to the run that made it. A link is made only when all that
 * stands in it is known: an artifact's page needs its type, which only W&B's API tells (`wandb`, see `enrichment.ts`), and
 * a registry's the organization, except in W&B's own cloud. The project's page stands in where nothing more exact can be linked.
 *
 * The forms of the addresses are those of W&B's Python client; that of the cloud's registry is CoreWeave's.
 */
export function wandbLinks(event: RelayEvent, wandb: JsonObject | null | undefined, { url, organization }: WandbApp): WandbLink[] {
  const app = url.replace(/\/+$/, '');
  const links: WandbLink[] = [];
  const isCloud = app === CLOUD_APP;
  const add = (kind: WandbLink['kind'], parts: readonly (string | undefined)[], query = '', base = app): void => {
    const path = pathOf(parts);
    if (path !== undefined) links.push({ kind, url: `${base}/${path}${query}` });
  };
  const { entity, project, registry, collection, version, run } = event;
  if (registry !== undefined) {
    const selection = pathOf([entity, project, collection], (part) => part);
    const place = isCloud ? ['registry', registry] : ['orgs', organization, 'registry', registry];
    if (selection !== undefined) add('registry', place, registryQuery(selection, version), isCloud ? FORGE : app);
  } else if (run === undefined) {
    add('artifact', [entity, project, 'artifacts', textAt(wandb, 'artifact', 'type'), collection, version]);
  }
  const told = (kind: 'artifact' | 'run'): void => {
    const named = textAt(wandb, kind, 'url');
    // What was stored before the cloud's app moved.
    const page = isCloud && named?.startsWith(`${FORMER_CLOUD_APP}/`) ? app + named.slice(FORMER_CLOUD_APP.length) : named;
    // W&B's own word, but only for pages of the app that we link to.
    if (page !== undefined && isBelow(page, app) && !links.some((one) => one.kind === kind)) links.push({ kind, url: page });
  };
  told('artifact');
  told('run');
  if (run !== undefined && !links.some(({ kind }) => kind === 'run')) add('run', [entity, project, 'runs', run]);
  if (links.length === 0 && registry === undefined) add('project', [entity, project]);
  return links;
}

/** Also after `..` in its path was followed. */
function isBelow(page: string, app: string): boolean {
  return page.startsWith(`${app}/`) && URL.canParse(page) && new URL(page).href.startsWith(`${app}/`);
}

function registryQuery(selection: string, version: string | undefined): string {
  const query = `?selectionPath=${encoded(selection)}&view=membership`;
  return version === undefined ? query : `${query}&version=${encoded(version)}`;
}

/** A path with every part encoded; `undefined` when a part is missing or would lead out of it. */
function pathOf(parts: readonly (string | undefined)[], encode = encoded): string | undefined {
  const good = parts.every((part) => part !== undefined && !/^\s*\.{0,2}\s*$/.test(part));
  return good ? parts.map((part) => encode(part ?? '')).join('/') : undefined;
}

function encoded(text: string): string {
  // Half a surrogate pair has no encoding; the rest are characters that end a link in chats or in Markdown.
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function textAt(wandb: JsonObject | null | undefined, object: 'artifact' | 'run', key: string): string | undefined {
  const from = wandb?.[object];
  const value = isJsonObject(from) ? from[key] : undefined;
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
