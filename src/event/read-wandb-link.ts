/** What a link to W&B's app is about. Pure. The forms are those of `wandb-links.ts`, and W&B's own before the cloud's app moved. */
export type WandbSubject =
  | { readonly kind: 'run'; readonly entity: string; readonly project: string; readonly run: string }
  | { readonly kind: 'artifact'; readonly entity: string; readonly project: string; readonly collection: string; readonly version: string };

/** W&B's own cloud, whose old links redirect to the new ones. */
const CLOUD_HOSTS = ['forge.coreweave.com', 'wandb.ai'];

/** The hosts of W&B's app, for the address that `wandbAppUrl` gives: those that links are understood of. */
export function wandbHosts(appUrl: string): readonly string[] {
  const host = URL.canParse(appUrl) ? new URL(appUrl).host : '';
  return CLOUD_HOSTS.includes(host) ? CLOUD_HOSTS : [host];
}

/** The run or artifact version that a link names; `undefined` for every other link, also one to another host. */
export function readWandbLink(link: string, appUrl: string): WandbSubject | undefined {
  if (!URL.canParse(link)) return undefined;
  const url = new URL(link);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (!wandbHosts(appUrl).includes(url.host)) return undefined;
  const parts = partsOf(url.pathname);
  if (parts === undefined) return undefined;
  if (url.searchParams.has('selectionPath')) return readRegistry(parts, url.searchParams);
  const [entity, project, page, ...rest] = parts[0] === 'wandb' && url.host === CLOUD_HOSTS[0] ? parts.slice(1) : parts;
  if (entity === undefined || project === undefined) return undefined;
  const [first, collection, version] = rest;
  if (page === 'runs' && first !== undefined) return { kind: 'run', entity, project, run: first };
  if (page === 'artifacts' && collection !== undefined && version !== undefined)
    return { kind: 'artifact', entity, project, collection, version };
  return undefined;
}

function readRegistry(parts: readonly string[], query: URLSearchParams): WandbSubject | undefined {
  if (!parts.includes('registry')) return undefined;
  const [entity, project, collection, ...more] = (query.get('selectionPath') ?? '').split('/');
  const version = query.get('version') ?? '';
  if (entity === undefined || project === undefined || collection === undefined || collection === '' || more.length > 0) return undefined;
  return version === '' ? undefined : { kind: 'artifact', entity, project, collection, version };
}

function partsOf(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    // Not every % begins a character.
    return undefined;
  }
}
