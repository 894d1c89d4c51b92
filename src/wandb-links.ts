import type { RelayEvent } from './event.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** A page of W&B's app. */
export interface WandbLink {
  readonly kind: 'run' | 'artifact' | 'registry' | 'project';
  readonly url: string;
}

const CLOUD_API = 'https://api.wandb.ai';
const CLOUD_APP = 'https://wandb.ai';

/** Where the app is, given where the API is: elsewhere for W&B's own cloud, the same for every other server. No slash at the end. */
export function wandbAppUrl(apiUrl: string): string {
  const base = apiUrl.replace(/\/+$/, '');
  return base === CLOUD_API ? CLOUD_APP : base;
}

export interface WandbApp {
  /** See `wandbAppUrl`. */
  readonly url: string;
  /** The organization's name, for links to registries. */
  readonly organization?: string | undefined;
}

/**
 * Links to what an event is about, the most exact first, and to the run that made it. A link is made only when all that
 * stands in it is known: an artifact's page needs its type, which only W&B's API tells (`wandb`, see `enrichment.ts`), and
 * a registry's the organization. The project's page stands in where nothing more exact can be linked.
 *
 * The forms of the addresses are those of W&B's Python client.
 */
export function wandbLinks(event: RelayEvent, wandb: JsonObject | null | undefined, { url, organization }: WandbApp): WandbLink[] {
  const app = url.replace(/\/+$/, '');
  const links: WandbLink[] = [];
  const add = (kind: WandbLink['kind'], parts: readonly (string | undefined)[], query = ''): void => {
    const path = pathOf(parts);
    if (path !== undefined) links.push({ kind, url: `${app}/${path}${query}` });
  };
  const { entity, project, registry, collection, version, run } = event;
  if (registry !== undefined) {
    const selection = pathOf([entity, project, collection], (part) => part);
    if (selection !== undefined) add('registry', ['orgs', organization, 'registry', registry], registryQuery(selection, version));
  } else if (run === undefined) {
    add('artifact', [entity, project, 'artifacts', textAt(wandb, 'artifact', 'type'), collection, version]);
  }
  const told = (kind: 'artifact' | 'run'): void => {
    const page = textAt(wandb, kind, 'url');
    // W&B's own word, but only for pages of the app that we link to.
    if (page?.startsWith(`${app}/`) && !links.some((one) => one.kind === kind)) links.push({ kind, url: page });
  };
  told('artifact');
  told('run');
  if (run !== undefined && !links.some(({ kind }) => kind === 'run')) add('run', [entity, project, 'runs', run]);
  if (links.length === 0 && registry === undefined) add('project', [entity, project]);
  return links;
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
