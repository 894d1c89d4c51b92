import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { readProxySettings } from '../../src/lib/proxy-settings.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { MOST_DELIVERIES } from '../admin/api-parts.ts';
import { nameProblem } from '../admin/person-name.ts';
import { type AdminAccess, type RemoteAdmin, RemoteAdminError, remoteAdmin } from '../admin/remote-admin.ts';
import { isLoopback, readEnvironment } from '../environment.ts';
import type { Store } from '../store/store.ts';
import { withStore } from './open-store.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** Which receiver a command is about: the one at `url`, else the one whose database is here. */
export interface AdminTarget {
  readonly url: string | undefined;
  readonly source: string | undefined;
  /** A file with the token, instead of RELAY_ADMIN_TOKEN. */
  readonly tokenFile?: string | undefined;
}

/**
 * What is wrong with `--as`, or `undefined`. Beside the database here somebody has to say it; a named token of the receiver at
 * `--url` says who it is, and for one that is shared the receiver asks.
 */
export function whoProblem(as: string | undefined, { url }: AdminTarget, missing: string): string | undefined {
  if (as === undefined) return url === undefined ? `${missing}, such as --as ada` : undefined;
  return nameProblem(as);
}

/** Runs a command on the receiver at `--url` through its admin API, else on the store in this folder (`withStore`). */
export async function withAdmin(io: CommandIo, target: AdminTarget, work: (admin: AdminAccess) => Promise<ExitCode>): Promise<ExitCode> {
  if (target.url === undefined) {
    return complainOfTarget(io, target) ?? withStore(io, (store) => work(localAdmin(io, store)));
  }
  return withReceiver(io, target.url, target, work);
}

/** Complains of what has no sense beside the database here. */
export function complainOfTarget(io: CommandIo, { source, tokenFile }: AdminTarget): ExitCode | undefined {
  if (source === undefined && tokenFile === undefined) return undefined;
  if (source === undefined) io.complain('--token-file: needs --url: the database here is opened without a token');
  else io.complain('--source: says which source of a Worker is asked, so it needs --url; the database here has all sources');
  return 1;
}

/** Runs a command on the receiver at `url`. */
export async function withReceiver(
  io: CommandIo,
  url: string,
  target: AdminTarget,
  work: (admin: RemoteAdmin) => Promise<ExitCode>,
): Promise<ExitCode> {
  const remote = connectTo(io, url, target);
  if (!remote.ok) {
    for (const line of remote.error) io.complain(line);
    return 1;
  }
  try {
    return await work(remote.value);
  } catch (error) {
    if (!(error instanceof RemoteAdminError)) throw error;
    io.complain(error.message);
    return 1;
  }
}

function localAdmin(io: CommandIo, store: Store): AdminAccess {
  return {
    deliveries: (filter) => store.deliveries(filter),
    delivery: (id) => store.delivery(id),
    event: (id) => store.event(id),
    deliveriesOf: async (eventId) => (await store.deliveryPage({ eventId, order: 'oldest first', limit: MOST_DELIVERIES })).items,
    events: async (filter) => (await store.eventPage(filter)).items,
    eventsWithBodies: (filter) => store.events(filter),
    aliases: (filter) => store.aliases(filter),
    engineStatus: async () => (await import('../engine/engine-status.ts')).engineStatus(await store.engineProjects()),
    audit: async (range, cursor, now) => {
      const { auditPage } = await import('../admin/audit-page.ts');
      const page = await auditPage({ store, ...range, ...(cursor === undefined ? {} : { cursor }), now });
      if (!page.ok) throw new Error(`the cursor of an export ${page.error}`);
      return page.value;
    },
    rejected: (limit) => store.rejected(limit),
    counts: () => store.counts(),
    throttles: (now) => store.throttles(now),
    pauses: () => store.pauses(),
    pause: (pause) => store.pause(pause),
    resume: (scope, by, at) => store.resume(scope, by, at),
    mute: async (eventId, { route, until, by }, now) => {
      const event = await store.event(eventId);
      if (event === undefined) return false;
      await store.mute({ route, subjectKey: event.subjectKey, until, by: `${by}, by the command line` }, eventId, now);
      return true;
    },
    replay: (ids, now, options) => store.replay(ids, now, options),
    approve: (ids, now, options) => store.approve(ids, now, options),
    reject: (ids, now, options) => store.reject(ids, now, options),
    cancel: (ids, now, options) => store.cancel(ids, now, options),
    rollBack: async (request) => (await import('./local-rollback.ts')).rollBackHere(io, store, request),
  };
}

function readToken(io: CommandIo, file: string): Result<string, string> {
  try {
    const token = readFileSync(resolve(io.cwd, file), 'utf8').trim();
    return /^\S+$/.test(token) ? ok(token) : err(`--token-file: ${file}: must hold one token, and nothing else`);
  } catch (error) {
    return err(`--token-file: ${file}: cannot be read: ${messageOf(error)}`);
  }
}

function connectTo(io: CommandIo, text: string, { source, tokenFile }: AdminTarget): Result<RemoteAdmin, readonly string[]> {
  const proxies = readProxySettings(io.variables);
  if (!proxies.ok) return proxies;
  const environment = readEnvironment(io.variables);
  if (!environment.ok) return environment;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '')
    return err([`--url: "${text}" is not the address of a receiver, such as https://relay.example.com`]);
  const isHere = isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  if (url.protocol === 'http:' && !isHere)
    io.complain(`--url: the admin token travels unencrypted to ${url.host}: use https where others could listen`);
  const given = tokenFile === undefined ? ok(environment.value.adminToken) : readToken(io, tokenFile);
  if (!given.ok) return err([given.error]);
  const token = given.value;
  if (token === undefined)
    return err(['RELAY_ADMIN_TOKEN: is not set: --url needs a token of that receiver, here or in the file of --token-file']);
  // A receiver on this machine is reached without the proxy that GitHub, W&B and Slack need.
  const fetch = isHere ? (io.directFetch ?? io.fetch) : io.fetch;
  return ok(remoteAdmin({ url, token, fetch, ...(source === undefined ? {} : { source }) }));
}
