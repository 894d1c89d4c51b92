import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { SqlDriver } from '../../../receiver/store/sqlite/driver.ts';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { APPROVAL, HOUR, heldEvent, heldOf, messageOf, RUN, reportOf, say, toldEvent } from './conversation-samples.ts';
import { accept, attemptAt, bury, claim, deliveryOf, eventOf, firingOf, MINUTE, retryAt, succeed, T0 } from './samples.ts';

/** When the pace of an earlier test is over. */
const LATER = T0 + 2 * MINUTE;

const folder = mkdtempSync(join(tmpdir(), 'relay-plan-'));
const statements = new Set<string>();
let database: SqlDriver;
let store: Store;

/** Passes everything on, and remembers the texts of what is run. */
function recording(driver: SqlDriver): SqlDriver {
  return {
    rows: (sql, ...values) => {
      statements.add(sql);
      return driver.rows(sql, ...values);
    },
    run: (sql, ...values) => {
      statements.add(sql);
      return driver.run(sql, ...values);
    },
    transaction: (work) => driver.transaction(work),
    snapshot: (work) => driver.snapshot(work),
    close: () => driver.close(),
  };
}

/** What the store runs during `work`, each with SQLite's plan for it. */
async function plansOf(work: () => Promise<unknown>): Promise<{ sql: string; plan: string }[]> {
  statements.clear();
  await work();
  return [...statements].map((sql) => {
    const parameters = Array(sql.split('?').length - 1).fill(null);
    const steps = database.rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters).map(({ detail }) => detail);
    return { sql: sql.replaceAll(/\s+/g, ' '), plan: steps.join('; ') };
  });
}

/** The tables that grow; that of credentials has a row or two, that of the engine's leases one a project. */
const SCAN =
  /SCAN (deliveries|d|events|attempts|rejected|runs|r|notes|conversations|one|other|latest|e|approvals|mutes|seen|repositories|promotions|engine_projects|engine_runs|occurrences)\b/;

/** What a process reads once when it begins: what is in flight, among the heads of order keys. */
const LEASES = 'SELECT id, COALESCE(lease_until, 0) AS lease_until FROM deliveries WHERE is_head = 1';

const scansIn = (plans: readonly { sql: string; plan: string }[]) =>
  plans.filter(({ sql, plan }) => SCAN.test(plan) && !(sql.startsWith(LEASES) && plan.includes('USING INDEX deliveries_first')));

beforeAll(async () => {
  database = openSqlite(join(folder, 'relay.db'));
  store = sqliteStore(recording(database));
  await accept(store, eventOf('old'), eventOf('same', { body: 'body of old' }));
  for (const delivery of await claim(store, T0)) await succeed(store, delivery, T0);
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('with any number of finished deliveries', () => {
  test('claiming reads only what is due, and leases', async () => {
    const plans = await plansOf(async () => {
      await accept(store, eventOf('claimed', { subject: 'claimed' }));
      statements.clear();
      await claim(store, T0 + MINUTE, { paceMs: 100 });
    });

    const find = (part: string) => plans.find(({ sql }) => sql.includes(part))?.plan;
    expect(find("state = 'pending' AND is_head = 1 AND due_at <= ?")).toContain('USING INDEX deliveries_head (credential=? AND due_at<?)');
    expect(scansIn(plans)).toEqual([]);
    expect(plans.filter(({ plan }) => plan.includes('TEMP B-TREE'))).toEqual([]);
  });

  test('times that a clock that was ahead has left behind are found, and corrected, by index', async () => {
    const plans = await plansOf(async () => {
      await accept(store, eventOf('ahead', { subject: 'ahead', at: LATER + 9 * HOUR }));
      await claim(store, LATER + HOUR);
    });

    const look = plans.find(({ sql }) => sql.includes('column1'))?.plan;
    for (const index of [
      'deliveries_head (credential=? AND due_at>?)',
      'sqlite_autoindex_deliveries_1 (id=?)',
      'approvals_open (expires_at>?)',
      'mutes_until (until>?)',
      'runs_open (next_poll_at>?)',
    ])
      expect(look).toContain(`INDEX ${index}`);
    expect(plans.filter(({ sql }) => sql.startsWith('UPDATE') && sql.includes('AS INTEGER'))).toHaveLength(9);
    expect(scansIn(plans)).toEqual([]);
  });

  test('the next due time comes from the index of what is due', async () => {
    const plans = await plansOf(() => store.nextDueAt());

    const due = plans.find(({ sql }) => sql.includes('MAX(throttled_until'));
    expect(due?.plan).toMatch(/SEARCH d USING (COVERING )?INDEX deliveries_head \(credential=\?\)/);
    expect(scansIn(plans)).toEqual([]);
  });

  test('accepting finds the latest event of the subject, the end of the line and the cooldown by index', async () => {
    const firing = firingOf([deliveryOf('cooled')], 'deploy of model', MINUTE);
    const plans = await plansOf(() =>
      accept(store, eventOf('cooled', { firings: [firing] }), eventOf('held', { delivery: { state: 'held' } })),
    );

    const find = (part: string) => plans.find(({ sql }) => sql.includes(part))?.plan;
    expect(find('FROM events WHERE subject_key = ?')).toMatch(/^SEARCH events USING INDEX events_latest_of_subject \(subject_key=\?\)$/);
    for (const index of ['deliveries_waiting', 'deliveries_first']) expect(find('AS last')).toContain(`INDEX ${index} (order_key=?)`);
    expect(find('cooldown_key = ?')).toContain('INDEX deliveries_cooldown (cooldown_key=?)');
    expect(find("state = 'held' LIMIT 1")).toContain('INDEX deliveries_held (order_key=?)');
    expect(scansIn(plans)).toEqual([]);
  });

  test('accepting finds the latest conversation of a subject, and those of a kind, by index', async () => {
    const own = { subject: 'version', kind: 'kind' };
    const deliveries = (i: number) => [messageOf(`many-${i}`, {}, { ...own, key: `many-${i}`, begins: true })];
    for (let i = 0; i < 6; i++) await accept(store, eventOf(`many-${i}`, { deliveries: deliveries(i) }));
    const plans = await plansOf(() => accept(store, eventOf('many-7', { deliveries: deliveries(7) })));

    const find = (part: string) => plans.find(({ sql }) => sql.includes(part))?.plan;
    expect(find('MAX(latest.began_at)')).toMatch(
      /INDEX conversations_of_subject \(subject=\?.*INDEX conversations_of_subject \(subject=\?\)/,
    );
    expect(find('kind IN')).toContain('INDEX conversations_of_kind (kind=? AND began_at>? AND began_at<?)');
    expect(find('SELECT created_at FROM deliveries')).toContain('INDEX deliveries_of_conversation (conversation=?)');
    expect(scansIn(plans)).toEqual([]);
  });

  test('a promotion finds the conversations of the version that it replaces by index', async () => {
    const promoted = (version: string): NewEvent => ({
      ...eventOf(`promoted-${version}`, {
        event: { type: 'add_artifact_alias', source: 'default', collection: 'model', version, alias: 'production' },
        deliveries: [messageOf(`m-${version}`, {}, { subject: version, key: `c-${version}`, begins: true })],
      }),
      promotion: { aliasKey: 'alias', version, replacing: () => promoted(version) },
    });
    await accept(store, promoted('v1'));
    const plans = await plansOf(() => accept(store, promoted('v2')));

    expect(plans.find(({ sql }) => sql.includes('JOIN conversations other'))?.plan).toContain('INDEX conversations_of_subject (subject=?');
    expect(scansIn(plans)).toEqual([]);
  });

  test('settling finds its delivery and the next in line by index', async () => {
    await accept(store, eventOf('s1', { subject: 's' }), eventOf('s2', { subject: 's' }));
    const delivery = (await claim(store, LATER)).find(({ id }) => id === 'd-s1')!;

    const plans = await plansOf(() => succeed(store, delivery, T0));

    expect(plans.find(({ sql }) => sql.includes('ORDER BY position'))?.plan).toContain('INDEX deliveries_waiting (order_key=?)');
    expect(scansIn(plans)).toEqual([]);
  });

  test('a lease that has run out is known without reading, and found by its id', async () => {
    await accept(store, eventOf('leased', { subject: 'leased' }));
    await claim(store, LATER);
    const plans = await plansOf(() => claim(store, LATER + HOUR));

    expect(plans.find(({ sql }) => sql.includes('AND lease_until <'))?.plan).toMatch(/SEARCH deliveries USING INDEX \w+ \(id=\?\)/);
    expect(scansIn(plans)).toEqual([]);
  });

  test('taking up what was in flight reads the heads of order keys', async () => {
    await accept(store, eventOf('in-flight', { subject: 'in-flight' }));
    await claim(store, LATER);
    const plans = await plansOf(() => store.recoverInFlight(T0));

    expect(plans.find(({ sql }) => sql.includes("state = 'in_flight' AND is_head = 1"))?.plan).toContain('INDEX deliveries_first');
    expect(plans.find(({ sql }) => sql.includes('seq IN'))?.plan).toContain('PRIMARY KEY');
    expect(plans.filter(({ plan }) => SCAN.test(plan) && !plan.includes('deliveries_first'))).toEqual([]);
  });

  test('replacing older deliveries, at acceptance and at a retry, reads their order key only', async () => {
    const latest = (id: string) => eventOf(id, { subject: 'replaced', delivery: { replacesOlder: true } });
    const plans = await plansOf(async () => {
      await accept(store, latest('r1'), latest('r2'));
      const claimed = (await claim(store, LATER + MINUTE)).find(({ id }) => id === 'd-r2')!;
      await retryAt(store, claimed, T0, LATER);
    });

    expect(plans.filter(({ sql }) => sql.includes('replaces_older = 1'))).toHaveLength(1);
    expect(scansIn(plans)).toEqual([]);
  });

  test('listing what is not delivered, and the events of note, uses the small indexes', async () => {
    const plans = await plansOf(async () => {
      await store.deliveries({ states: ['dead'], limit: 10 });
      await store.deliveries({ states: ['dead', 'held', 'pending'], since: T0, limit: 10 });
      await store.deliveries({ eventId: 'old', limit: 10 });
      await store.events({ outcomes: ['unmatched', 'duplicate'], limit: 10 });
      await store.delivery('d-old');
      await store.event('old');
    });

    const [dead, open, others, ofEvent, events] = plans.map(({ plan }) => plan);
    expect(dead).toMatch(
      /^SEARCH d USING INDEX deliveries_not_open \(state=\?\); SEARCH r USING PRIMARY KEY \(delivery_id=\?\) LEFT-JOIN$/,
    );
    expect(open).toMatch(/^SEARCH d USING INTEGER PRIMARY KEY .*INDEX deliveries_first.*INDEX deliveries_waiting/);
    expect(others).toContain('INDEX deliveries_not_open (state=?)');
    expect(ofEvent).toContain('INDEX deliveries_of_event (event_id=?)');
    expect(events).toContain('INDEX events_not_routed (outcome=?)');
    // Of the deliveries that are open, all of them are asked for.
    expect(scansIn(plans).filter(({ plan }) => !/INDEX deliveries_(first|waiting)/.test(plan))).toEqual([]);
  });

  test('replaying, approving and cancelling find their deliveries by index', async () => {
    await accept(store, eventOf('desk', { subject: 'desk', delivery: { state: 'held' } }));
    const plans = await plansOf(async () => {
      await store.approve(['d-desk'], T0);
      await store.cancel(['d-desk'], T0);
      await store.replay(['d-desk', 'd-old'], T0);
    });

    expect(scansIn(plans)).toEqual([]);
  });

  test('the attempts of a delivery are found by index', async () => {
    await accept(store, eventOf('tried', { subject: 'tried' }));
    const delivery = (await claim(store, LATER)).find(({ id }) => id === 'd-tried')!;
    await retryAt(store, delivery, T0, T0 + MINUTE);

    const plans = await plansOf(() => store.delivery('d-tried'));

    expect(plans.find(({ sql }) => sql.includes('FROM attempts'))?.plan).toContain('INDEX attempts_of_delivery (delivery_id=?)');
  });

  test('updating and viewing conversations reads their own rows', async () => {
    const plans = await plansOf(async () => {
      await accept(store, toldEvent('t1', { subject: 't1' }), toldEvent('t2', { subject: 't2' }));
      await say(store, LATER);
      await store.refreshConversations('t1', LATER);
      for (const claimed of await claim(store, LATER, { serves: (credential) => credential === 'slack' }))
        await bury(store, claimed, LATER);
      await store.refreshConversations('t1', LATER + MINUTE);
      await store.viewConversation('talk', LATER);
      await store.channelId('#ml');
      await store.forgetMessage('talk', 'none');
      await store.firstSeen('key', LATER);
      await store.mute({ route: 'deploy', subjectKey: 't1', until: LATER + HOUR, by: 'ada' }, 't1', LATER);
      await accept(store, eventOf('t3', { subject: 't1', at: LATER, deliveries: [messageOf('m-t3')] }));
      await store.keepEnrichment('t1', { size: 12 });
    });

    const find = (part: string) => plans.find(({ sql }) => sql.includes(part))?.plan;
    expect(find("ephemeral = 1 AND state IN ('dead', 'cancelled')")).toContain('INDEX deliveries_of_conversation (conversation=?)');
    expect(find('GROUP BY event_id ORDER BY MIN(seq)')).toContain('INDEX deliveries_of_conversation (conversation=?)');
    expect(find('SELECT route FROM deliveries WHERE conversation = ?')).toContain('INDEX deliveries_of_conversation (conversation=?)');
    expect(find('FROM mutes WHERE subject_key IN')).toMatch(/SEARCH mutes USING .*\(subject_key=\?\)/);
    expect(find('DELETE FROM seen')).toContain('INDEX seen_at (at<?)');
    expect(plans.length).toBeGreaterThan(30);
    expect(scansIn(plans)).toEqual([]);
  });

  test('deciding, expiring and listing approvals reads open ones and the deliveries of their event', async () => {
    const firing = (id: string) => heldEvent(id, { subject: id, at: LATER, deliveries: [heldOf(`d-${id}`, { orderKey: id })] });
    const decision = { route: 'deploy', decision: 'approved', by: 'ada', at: LATER } as const;
    const plans = await plansOf(async () => {
      await accept(store, firing('a1'), firing('a2'), firing('a3'));
      await store.decide({ ...decision, eventId: 'a1' });
      await store.decide({ ...decision, eventId: 'a2', decision: 'rejected' });
      await store.approval('a1', 'deploy');
      await store.expireApprovals(LATER + APPROVAL.expiresMs);
      await store.replay(['d-a2'], LATER);
    });

    expect(plans.find(({ sql }) => sql.includes('expires_at <='))?.plan).toContain('INDEX approvals_open (expires_at<?)');
    expect(scansIn(plans)).toEqual([]);
    const [listed] = await plansOf(() => store.openApprovals(9));
    expect(listed?.plan).toContain('SCAN approvals USING INDEX approvals_open');
  });

  test('what is known about runs is found by run, delivery and time', async () => {
    await accept(store, toldEvent('ran', { subject: 'runs', delivery: { credential: 'of runs' } }));
    const serves = (credential: string) => credential === 'of runs';
    for (const claimed of await claim(store, LATER, { serves }))
      await store.settle(claimed, attemptAt(LATER, 'delivered'), { state: 'delivered', run: null });
    const report = reportOf('in_progress', { title: 'd-ran', createdAt: LATER });
    const plans = await plansOf(async () => {
      await store.runsToPoll({ now: LATER + HOUR, limit: 9, nextPollAt: () => LATER + HOUR });
      await store.earliestPollAt();
      await store.markRun('d-ran', 'missing', 'nothing listens', LATER);
      await store.recordRuns([report, { ...report, status: 'completed', conclusion: 'success' }], LATER, ({ after }) => [
        messageOf(`reply ${after.status}`),
      ]);
      await store.runsOf(report);
      await store.throttle({ credential: 'github', until: LATER, reason: 'limit' });
      await store.delivery('d-ran');
    });

    expect((await store.delivery('d-ran'))?.delivery.run).toMatchObject({ id: RUN.id, status: 'completed' });
    expect(plans.find(({ sql }) => sql.includes('next_poll_at <='))?.plan).toContain('SEARCH runs USING INDEX runs_open (next_poll_at');
    expect(plans.find(({ sql }) => sql.includes('WHERE run_id = ?'))?.plan).toContain('INDEX runs_by_id (run_id=?)');
    expect(plans.find(({ sql }) => sql.includes('FROM notes'))?.plan).toContain('INDEX notes_of_delivery (delivery_id=?)');
    expect(scansIn(plans)).toEqual([]);
  });

  test('a page of events begins at its place, and needs neither end by reading all', async () => {
    const plans = await plansOf(() => store.searchEvents({ route: 'deploy' }, { limit: 9 }));

    expect(plans.find(({ sql }) => sql.includes('AS first'))?.plan).toMatch(/SEARCH events; .*SEARCH events$/);
    expect(plans.find(({ sql }) => sql.includes('FROM events e'))?.plan).toMatch(
      /^SEARCH e USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/,
    );
    expect(scansIn(plans)).toEqual([]);
  });

  test('counting what happened reads events in their order, and only the deliveries of those, or that have failed', async () => {
    const plans = await plansOf(async () => {
      await store.countedEvents({ limit: 9 });
      await store.failedDeliveries({ limit: 9, before: 5 });
    });

    const find = (part: string) => plans.find(({ sql }) => sql.includes(part))?.plan;
    expect(find('FROM events WHERE seq < ?')).toBe('SEARCH events USING INTEGER PRIMARY KEY (rowid<?)');
    expect(find('SELECT event_id, route')).toMatch(/^SEARCH deliveries USING INDEX deliveries_of_event \(event_id=\?\)/);
    expect(find("d.state = 'dead'")).toMatch(/^SEARCH d USING INDEX deliveries_not_open \(state=\? AND seq<\?\); SEARCH e /);
    expect(scansIn(plans)).toEqual([]);
    expect(plans.filter(({ plan }) => plan.includes('TEMP B-TREE'))).toEqual([]);
  });

  test("the engine's memory is found by project and run", async () => {
    const lease = { project: 'acme/train', owner: 'me' };
    const runs = ['a', 'b'].map((run) => ({ run, isLive: run === 'a', at: LATER, state: {} }));
    const round = { round: '1', after: null, now: LATER, watermark: 0, readAt: null, problem: null, runs, rules: [], events: [] };
    const plans = await plansOf(async () => {
      await store.leaseProject(lease, LATER, HOUR);
      await store.advanceEngine(lease, { ...round, events: [eventOf('fired', { subject: 'fired' })] });
      await store.advanceEngine(lease, { ...round, events: [eventOf('fired', { subject: 'fired' })] });
      await store.engineProject('acme/train', LATER);
      await store.engineRuns('acme/train', ['a']);
      await store.engineRuns('acme/train', [...Array(99).keys()].map(String));
      await store.liveEngineRuns('acme/train');
      await store.acceptOccurrence('daily', LATER, eventOf('digest', { subject: 'digest' }));
      await store.acceptOccurrence('daily', LATER, eventOf('twice', { subject: 'digest' }));
      await store.lastOccurrence('daily');
      await store.resumed(LATER);
      await store.pruneEngineRuns(LATER + HOUR, 1);
    });
    const project = await plansOf(() => store.pruneEngineRuns(LATER + 2 * HOUR, 9));

    const find = (part: string) => [...plans, ...project].find(({ sql }) => sql.includes(part))?.plan;
    expect(find('ended_at < ?')).toContain('INDEX engine_runs_ended (ended_at>? AND ended_at<?)');
    expect(find('ended_at IS NULL ORDER BY run')).toContain('INDEX engine_runs_live (project=?)');
    expect(find('state FROM engine_runs')).toMatch(/INDEX sqlite_autoindex_engine_runs_1 \(project=\? AND run=\?\)/);
    expect(find('ORDER BY due_at DESC')).toContain('PRIMARY KEY (name=?)');
    expect(find('DELETE FROM engine_projects')).toContain('INDEX sqlite_autoindex_engine_projects_1 (project=?)');
    expect(scansIn([...plans, ...project])).toEqual([]);
  });
});
