import type { RelayEvent } from './event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

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

/**
 * Links to what an event is about, the most exact first. A link is made only when all that stands in it is known: an
 * artifact's page needs its type and a registry's the organization's name, which only W&B's API tells (`wandb`).
 * The project's page stands in where nothing more exact can be linked.
 *
 * The forms of the addresses are those of W&B's Python client.
 */
export function wandbLinks(event: RelayEvent, wandb: JsonObject | null | undefined, appUrl: string): WandbLink[] {
  const links: WandbLink[] = [];
  const add = (kind: WandbLink['kind'], parts: readonly (string | undefined)[], query = ''): void => {
    const path = pathOf(parts);
    if (path !== undefined) links.push({ kind, url: `${appUrl.replace(/\/+$/, '')}/${path}${query}` });
  };
  const { entity, project, registry, collection, version, run } = event;
  if (run !== undefined) add('run', [entity, project, 'runs', run]);
  if (registry !== undefined) {
    const organization = textAt(wandb, 'organization') ?? textAt(objectAt(wandb, 'artifact'), 'organization');
    const selection = pathOf([entity, project, collection], (part) => part);
    if (organization !== undefined && selection !== undefined) {
      add('registry', ['orgs', organization, 'registry', registry], registryQuery(selection, version));
    }
  } else if (run === undefined) {
    add('artifact', [entity, project, 'artifacts', artifactType(wandb), collection, version]);
  }
  if (links.length === 0 && registry === undefined) add('project', [entity, project]);
  return links;
}

function registryQuery(selection: string, version: string | undefined): string {
  const query = `?selectionPath=${encoded(selection)}&view=membership`;
  return version === undefined ? query : `${query}&version=${encoded(version)}`;
}

function artifactType(wandb: JsonObject | null | undefined): string | undefined {
  const artifact = objectAt(wandb, 'artifact');
  return textAt(artifact, 'type') ?? textAt(objectAt(artifact, 'type'), 'name');
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

function objectAt(from: JsonObject | null | undefined, key: string): JsonObject | undefined {
  const value: JsonValue | undefined = from?.[key];
  return isJsonObject(value) ? value : undefined;
}

function textAt(from: JsonObject | null | undefined, key: string): string | undefined {
  const value = from?.[key];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
