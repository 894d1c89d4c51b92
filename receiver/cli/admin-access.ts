import { readProxySettings } from '../../src/lib/proxy-settings.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { type AdminAccess, RemoteAdminError, remoteAdmin } from '../admin/remote-admin.ts';
import { isLoopback, readEnvironment } from '../environment.ts';
import type { Store } from '../store/store.ts';
import { withStore } from './open-store.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** Which receiver a command is about: the one at `url`, else the one whose database is here. */
export interface AdminTarget {
  readonly url: string | undefined;
  readonly source: string | undefined;
}

/** Runs a command on the receiver at `--url` through its admin API, else on the store in this folder (`withStore`). */
export async function withAdmin(io: CommandIo, target: AdminTarget, work: (admin: AdminAccess) => Promise<ExitCode>): Promise<ExitCode> {
  if (target.url === undefined) {
    if (target.source === undefined) return withStore(io, (store) => work(localAdmin(io, store)));
    io.complain('--source: says which source of a Worker is asked, so it needs --url; the database here has all sources');
    return 1;
  }
  const remote = connectTo(io, target.url, target.source);
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
    events: async (filter) => (await store.eventPage(filter)).items,
    eventsWithBodies: (filter) => store.events(filter),
    aliases: (filter) => store.aliases(filter),
    engineStatus: async () => (await import('../engine/engine-status.ts')).engineStatus(await store.engineProjects()),
    rejected: (limit) => store.rejected(limit),
    counts: () => store.counts(),
    throttles: (now) => store.throttles(now),
    replay: (ids, now, options) => store.replay(ids, now, options),
    approve: (ids, now, options) => store.approve(ids, now, options),
    reject: (ids, now, options) => store.reject(ids, now, options),
    cancel: (ids, now, options) => store.cancel(ids, now, options),
    rollBack: async (request) => (await import('./local-rollback.ts')).rollBackHere(io, store, request),
  };
}

function connectTo(io: CommandIo, text: string, source: string | undefined): Result<AdminAccess, readonly string[]> {
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
  const token = environment.value.adminToken;
  if (token === undefined) return err(['RELAY_ADMIN_TOKEN: is not set: --url needs the admin token of that receiver']);
  // A receiver on this machine is reached without the proxy that GitHub, W&B and Slack need.
  const fetch = isHere ? (io.directFetch ?? io.fetch) : io.fetch;
  return ok(remoteAdmin({ url, token, fetch, ...(source === undefined ? {} : { source }) }));
}
