import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { commandLine } from './command-io.ts';

function newEvent(name: string, receivedAt: number): NewEvent {
  const request = { kind: 'repository_dispatch', repository: 'acme/deploy', event_type: 'go', client_payload: {} } as const;
  const delivery = {
    id: `delivery-${name}`,
    route: 'deploy',
    target: 'repository_dispatch:acme/deploy',
    credential: 'github',
    orderKey: name,
    replacesOlder: false,
    state: 'pending',
    request,
  } as const;
  return {
    id: `event-${name}`,
    receivedAt,
    subjectKey: name,
    bodyHash: name,
    event: { type: 'add_artifact_alias', source: 'default', alias: 'production' },
    body: '{}',
    firings: [{ route: 'deploy', cooldownKey: null, cooldownMs: 0, deliveries: [delivery] }],
  };
}

/** A folder with a store that has one dead delivery of a day ago, one of now, and one pending. */
async function withDeliveries() {
  const line = commandLine();
  const store = sqliteStore(openMigrated(join(line.cwd, 'relay.db')));
  const now = Date.now();
  await store.accept([newEvent('old', now - 86_400_000), newEvent('new', now - 1000)], { dedupeWindowMs: 0 });
  let n = 0;
  const claimed = await store.claim({ now, leaseMs: 1000, limit: 5, paceMs: 0, newToken: () => `token-${n++}` });
  for (const claim of claimed) {
    const attempt = { startedAt: now, durationMs: 12, outcome: 'refused', status: 404, detail: 'GitHub answered 404' } as const;
    await store.settle(claim, attempt, { state: 'dead', reason: 'acme/deploy does not exist' });
  }
  await store.accept([newEvent('waiting', now + 60_000)], { dedupeWindowMs: 0 });
  await store.keepRejected({ receivedAt: now, source: 'prod', status: 400, reason: 'line 1, column 2: nonsense', body: '{"' });
  await store.close();
  return line;
}

describe('deliveries', () => {
  it('lists what is dead and why', async () => {
    const { code, out } = await (await withDeliveries()).run('deliveries', '--state', 'dead');
    expect(code).toBe(0);
    expect(out).toContain('delivery-old');
    expect(out).toContain('delivery-new');
    expect(out).toContain('acme/deploy does not exist');
    expect(out).not.toContain('delivery-waiting');
  });

  it('prints JSON', async () => {
    const { out } = await (await withDeliveries()).run('deliveries', '--json');
    expect(JSON.parse(out).map((d: { id: string; state: string }) => [d.id, d.state])).toEqual([
      ['delivery-waiting', 'pending'],
      ['delivery-new', 'dead'],
      ['delivery-old', 'dead'],
    ]);
  });

  it('shows one with every attempt', async () => {
    const { out } = await (await withDeliveries()).run('deliveries', 'delivery-new');
    expect(out).toMatch(/state +failed/);
    expect(out).toMatch(/refused +404 +12ms +GitHub answered 404/);
    expect(out).toContain('"event_type": "go"');
  });

  it('refuses words that it does not know', async () => {
    const { run } = await withDeliveries();
    expect(await run('deliveries', '--state', 'ded')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('"ded" is none of pending'),
    });
    expect(await run('deliveries', '--since', 'yesterday')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('"yesterday" is not a duration'),
    });
    expect(await run('deliveries', 'delivery-none')).toMatchObject({ code: 1, complaints: expect.stringContaining('no such delivery') });
  });

  it('says when there is no database', async () => {
    expect(await commandLine().run('deliveries')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('there is no such database'),
    });
  });
});

describe('replay', () => {
  it('says which without doing it', async () => {
    const { run } = await withDeliveries();
    expect(await run('replay', '--state', 'dead', '--since', '1h', '--dry-run')).toMatchObject({
      code: 0,
      out: 'delivery-new would be replayed\n1 would be replayed. Nothing was changed.\n',
    });
    expect((await run('deliveries', '--state', 'pending')).out).not.toContain('delivery-new');
  });

  it('replays by state and age', async () => {
    const { run } = await withDeliveries();
    expect(await run('replay', '--state', 'dead', '--since', '1h')).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 of 1 replayed'),
    });
    expect((await run('deliveries', '--state', 'dead')).out).not.toContain('delivery-new');
    expect((await run('deliveries', '--state', 'pending')).out).toContain('delivery-new');
  });

  it('replays by id and exits 1 when one could not be', async () => {
    const { code, out, complaints } = await (await withDeliveries()).run('replay', 'delivery-old', 'delivery-waiting');
    expect(code).toBe(1);
    expect(out).toContain('delivery-old replayed');
    expect(complaints).toContain('delivery-waiting not replayed: it is pending');
  });

  it('wants to know which', async () => {
    const { run } = await withDeliveries();
    expect((await run('replay')).code).toBe(1);
    expect((await run('replay', 'delivery-old', '--state', 'dead')).code).toBe(1);
  });
});

describe('cancel, events, rejected', () => {
  it('cancels what waits', async () => {
    const { run } = await withDeliveries();
    expect(await run('cancel', 'delivery-waiting')).toMatchObject({ code: 0 });
    expect((await run('deliveries', '--state', 'cancelled')).out).toContain('cancelled by hand');
    expect(await run('approve', 'delivery-waiting', '--as', 'ada')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('only what is held'),
    });
  });

  it('counts events and shows what was rejected', async () => {
    const { run } = await withDeliveries();
    expect((await run('events')).out).toContain('In all: 3 routed; 1 requests rejected');
    expect((await run('events', '--unmatched')).out).not.toContain('event-old');
    expect((await run('rejected')).out).toContain('line 1, column 2: nonsense');
  });
});
