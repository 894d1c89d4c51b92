import { type CommitRef, commitOf } from '../../src/event/commit-of.ts';
import { parseJson } from '../../src/lib/json.ts';
import type { EventView } from '../store/delivery.ts';

/** The commit of a stored event: as W&B's API said it when the event was enriched, or as the event's own body has it. */
export function commitOfEvent({ event, wandb, body }: Pick<EventView, 'event' | 'wandb' | 'body'>, host: string): CommitRef | undefined {
  const payload = parseJson(body);
  return commitOf(payload.ok ? { ...event, payload: payload.value } : event, wandb ?? null, host);
}

/**
 * GitHub's host in the remotes of repositories, by the address of its API: `https://api.github.com`,
 * `https://api.SUBDOMAIN.ghe.com`, or a GitHub Enterprise Server's `https://HOST/api/v3` (GitHub documentation).
 */
export function gitHostOf(apiUrl: string): string {
  const { hostname } = new URL(apiUrl);
  return webHostOf(hostname) ?? hostname;
}

/** GitHub's pages for people, by the address of its API: those of a GitHub Enterprise Server have the same scheme and port. */
export function githubWebUrlOf(apiUrl: string): string {
  const { hostname, origin } = new URL(apiUrl);
  const host = webHostOf(hostname);
  return host === undefined ? origin : `https://${host}`;
}

/** The host of the pages, where the API has a host of its own. */
function webHostOf(apiHost: string): string | undefined {
  return /^api\.(github\.com|[^.]+\.ghe\.com)$/.exec(apiHost)?.[1];
}
