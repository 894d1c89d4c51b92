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

/** The address of the app for an address of the API: another one for W&B's own cloud, the same for other servers. Without a slash at the end. */
export function wandbAppUrl(apiUrl: string): string {
  const base = apiUrl.replace(/\/+$/, '');
  return CLOUD_APIS.has(base) ? CLOUD_APP : base;
}

/** The page with a person's API keys, for an address of the API. */
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
 * Links to the subject of an event, the most specific first, and to the run that made it. A link needs all of its parts: an
 * artifact's page needs its type, which only W&B's API has (`wandb`, see `enrichment.ts`), and a registry's page needs the
 * organization, except in W&B's own cloud. Without a more specific link, there is one to the project.
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
    const path = isCloud ? ['registry', registry] : ['orgs', organization, 'registry', registry];
    if (selection !== undefined) add('registry', path, registryQuery(selection, version), isCloud ? FORGE : app);
  } else if (run === undefined) {
    add('artifact', [entity, project, 'artifacts', textAt(wandb, 'artifact', 'type'), collection, version]);
  }
  const addFromApi = (kind: 'artifact' | 'run'): void => {
    const named = textAt(wandb, kind, 'url');
    // Links that were stored before the cloud's app moved.
    const page = isCloud && named?.startsWith(`${FORMER_CLOUD_APP}/`) ? app + named.slice(FORMER_CLOUD_APP.length) : named;
    // Only pages of the app that we link to.
    if (page !== undefined && isBelow(page, app) && !links.some((one) => one.kind === kind)) links.push({ kind, url: page });
  };
  addFromApi('artifact');
  addFromApi('run');
  if (run !== undefined && !links.some(({ kind }) => kind === 'run')) add('run', [entity, project, 'runs', run]);
  if (links.length === 0 && registry === undefined) add('project', [entity, project]);
  return links;
}

/** Checked after `..` in the path is resolved. */
function isBelow(page: string, app: string): boolean {
  return page.startsWith(`${app}/`) && URL.canParse(page) && new URL(page).href.startsWith(`${app}/`);
}

function registryQuery(selection: string, version: string | undefined): string {
  const query = `?selectionPath=${encoded(selection)}&view=membership`;
  return version === undefined ? query : `${query}&version=${encoded(version)}`;
}

/** A path with every part encoded; `undefined` if a part is missing, blank, `.` or `..`. */
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
