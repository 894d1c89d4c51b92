import { describe, expect, test } from 'vitest';
import { EngineMemoryTooLargeError, MOST_RULE_DETAIL_BYTES, MOST_RUN_STATE_BYTES } from '../../../receiver/store/engine.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import { HOUR } from './conversation-samples.ts';
import { advance, ENGINE_LEASE_MS, lease, leaseOf, PROJECT, progressOf, ruleOf, runOf } from './engine-samples.ts';
import { accept, deliveryOf, drain, eventOf, idsOf, MINUTE, type OpenStore, SECOND, T0, withStore } from './samples.ts';

/** What the relay's own engine remembers, and that a firing is stored with it once. */
export function engineContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const eventsOf = async (store: Store) => idsOf(await store.events({ limit: 100 })).toReversed();

  describe('the lease of a project', () => {
    onStore('belongs to one owner until it runs out, and to that one again when it renews it', async (store) => {
      expect(await lease(store, T0, 'one')).toBe(true);
      expect(await lease(store, T0 + 5 * SECOND, 'two')).toBe(false);
      expect(await lease(store, T0 + 5 * SECOND, 'one')).toBe(true);

      expect(await lease(store, T0 + 5 * SECOND + ENGINE_LEASE_MS - 1, 'two')).toBe(false);
      expect(await lease(store, T0 + 5 * SECOND + ENGINE_LEASE_MS, 'two')).toBe(true);
      expect(await lease(store, T0 + 5 * SECOND + ENGINE_LEASE_MS, 'one')).toBe(false);
    });

    onStore('says nothing about another project', async (store) => {
      await lease(store, T0, 'one');

      expect(await lease(store, T0, 'two', 'acme/other')).toBe(true);
    });

    onStore('is free at once when its owner gives up what it holds', async (store) => {
      await lease(store, T0, 'one');
      await lease(store, T0, 'one', 'acme/other');
      await lease(store, T0, 'two', 'acme/third');
      await store.releaseProjects('one');

      expect(await lease(store, T0, 'three')).toBe(true);
      expect(await lease(store, T0, 'three', 'acme/other')).toBe(true);
      expect(await lease(store, T0, 'three', 'acme/third')).toBe(false);
    });

    onStore('is renewed only by its owner, as long as nobody took it, and not once it was given up', async (store) => {
      const renew = (owner: string, now: number) => store.leaseProject(leaseOf(owner), now, ENGINE_LEASE_MS, { renew: true });
      expect(await renew('one', T0)).toBe(false);
      await lease(store, T0, 'one');
      expect(await renew('two', T0)).toBe(false);
      const late = T0 + 2 * ENGINE_LEASE_MS;
      expect(await renew('one', late)).toBe(true);
      expect(await lease(store, late + ENGINE_LEASE_MS - 1, 'two')).toBe(false);
      expect(await lease(store, late + ENGINE_LEASE_MS, 'two')).toBe(true);
      expect(await renew('one', late + ENGINE_LEASE_MS)).toBe(false);
      await store.releaseProjects('two');
      expect(await renew('two', late + ENGINE_LEASE_MS)).toBe(false);
    });

    onStore('that a clock wrote that was ahead lasts as long as it was to last', async (store) => {
      await lease(store, T0 + 3 * HOUR, 'ahead');

      expect(await lease(store, T0)).toBe(false);
      expect(await lease(store, T0 + ENGINE_LEASE_MS - 1)).toBe(false);
      expect(await lease(store, T0 + ENGINE_LEASE_MS)).toBe(true);
    });
  });

  describe('a round', () => {
    onStore('is remembered: the project, its rules, its runs', async (store) => {
      await lease(store);
      const runs = [runOf('b', { state: { windows: { loss: [1, 2.5, 'NaN'] } } }), runOf('a', { isLive: false })];
      const rules = [ruleOf('loss', { lastFiredAt: T0, detail: { value: 9.1 } })];
      const progress = progressOf({ watermark: T0 - MINUTE, problem: 'W&B answered 502', runs, rules });
      expect(await store.advanceEngine(leaseOf(), progress)).toEqual([]);

      const memory = { project: PROJECT, round: progress.round, watermark: T0 - MINUTE, readAt: T0, problem: 'W&B answered 502', rules };
      expect(await store.engineProject(PROJECT, T0)).toEqual(memory);
      expect(await store.engineProjects()).toEqual([memory]);
      expect(await store.engineRuns(PROJECT, ['b', 'none', 'a', 'a'])).toEqual([runs[1], runs[0]]);
      expect(await store.liveEngineRuns(PROJECT)).toEqual(['b']);
      expect(await store.engineProject('acme/other', T0)).toBeUndefined();
      expect(await store.engineRuns('acme/other', ['a'])).toEqual([]);
      expect(await store.engineRuns(PROJECT, [])).toEqual([]);
    });

    onStore('replaces what it names, and leaves the rest', async (store) => {
      await lease(store);
      await advance(store, { runs: ['a', 'b', 'c', 'd'].map((run) => runOf(run)), rules: ['x', 'y', 'z'].map((rule) => ruleOf(rule)) });
      const later = { at: T0 + SECOND, state: { step: 2 } };
      await advance(store, {
        readAt: null,
        runs: [runOf('a', later), runOf('b', { ...later, isLive: false }), runOf('e', later), runOf('c', { at: 0 }), runOf('c', later)],
        rules: [ruleOf('y', { lastEvaluatedAt: T0 + SECOND })],
        forgetRules: ['x'],
      });

      const runs = await store.engineRuns(PROJECT, ['a', 'b', 'c', 'd', 'e']);
      expect(runs.map(({ run, at, isLive }) => [run, at - T0, isLive])).toEqual([
        ['a', SECOND, true],
        ['b', SECOND, false],
        ['c', SECOND, true],
        ['d', 0, true],
        ['e', SECOND, true],
      ]);
      expect(runs[1]?.state).toEqual({ step: 2 });
      const memory = await store.engineProject(PROJECT, T0);
      expect(memory?.readAt).toBeNull();
      expect(memory?.rules.map(({ rule, lastEvaluatedAt }) => [rule, lastEvaluatedAt])).toEqual([
        ['y', T0 + SECOND],
        ['z', T0],
      ]);
      await advance(store, { runs: [runOf('b')] });
      expect(await store.liveEngineRuns(PROJECT)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    onStore('of many runs and events is one, too', async (store) => {
      await lease(store);
      const runs = Array.from({ length: 150 }, (_, i) => runOf(`run ${String(i).padStart(3, '0')}`));
      const events = runs.map(({ run }) => eventOf(run, { subject: run }));
      await advance(store, { runs, events });
      await advance(store, { runs: runs.map((run) => ({ ...run, at: T0 + SECOND })) });

      const found = await store.engineRuns(
        PROJECT,
        runs.map(({ run }) => run),
      );
      expect(found).toEqual(runs.map((run) => ({ ...run, at: T0 + SECOND })));
      expect((await store.counts()).deliveries).toEqual({ pending: 150 });
    });

    onStore('stores what fired as any event, also twice the same within a dedupe window', async (store) => {
      await lease(store);
      await accept(store, eventOf('e0', { body: 'same' }));
      const progress = progressOf({ events: [eventOf('e1', { body: 'same' }), eventOf('e2', { body: 'same' })] });

      expect(await store.advanceEngine(leaseOf(), progress)).toEqual([
        { status: 'accepted', id: 'e1', deliveries: [{ id: 'd-e1', route: 'deploy', target: 'repository_dispatch:acme/deploy' }] },
        { status: 'accepted', id: 'e2', deliveries: [{ id: 'd-e2', route: 'deploy', target: 'repository_dispatch:acme/deploy' }] },
      ]);
      expect(await drain(store, T0)).toEqual(['d-e0', 'd-e1', 'd-e2']);
    });

    onStore('is all or nothing', async (store) => {
      await lease(store);
      await advance(store, { runs: [runOf('a')] });
      await accept(store, eventOf('taken'));
      const before = await store.engineProject(PROJECT, T0);
      const events = [eventOf('new', { subject: 'other' }), eventOf('taken', { body: 'with an id that is there already' })];
      const changes = { runs: [runOf('a', { state: { step: 9 } })], rules: [ruleOf('x')], events };

      await expect(advance(store, changes)).rejects.toThrow();

      expect(await store.engineProject(PROJECT, T0)).toEqual(before);
      expect(await store.engineRuns(PROJECT, ['a'])).toEqual([runOf('a')]);
      expect(await eventsOf(store)).toEqual(['taken']);
    });

    onStore('that is stored already is not stored again, and has the same answer, whoever has the lease by now', async (store) => {
      await lease(store);
      const progress = progressOf({
        runs: [runOf('a')],
        events: [eventOf('e1', { deliveries: [deliveryOf('d1'), deliveryOf('d2')] }), eventOf('e2', { subject: 'b', firings: [] })],
      });
      const first = await store.advanceEngine(leaseOf(), progress);
      expect(first).toMatchObject([{ deliveries: [{ id: 'd1' }, { id: 'd2' }] }, { deliveries: [] }]);

      expect(await store.advanceEngine(leaseOf(), progress)).toEqual(first);
      await lease(store, T0 + ENGINE_LEASE_MS, 'other');
      expect(await store.advanceEngine(leaseOf(), { ...progress, now: T0 + HOUR })).toEqual(first);

      expect(await eventsOf(store)).toEqual(['e1', 'e2']);
      expect(await drain(store, T0)).toEqual(['d1', 'd2']);
    });
  });

  describe('a round is lost, with all that fired', () => {
    const lost = async (store: Store, owner: string, now: number, after: string | null = null) => {
      const progress = progressOf({ now, after, runs: [runOf('a')], events: [eventOf('e1')] });
      expect(await store.advanceEngine(leaseOf(owner), progress)).toBe('lost');
      expect(await eventsOf(store)).toEqual([]);
      expect(await store.engineRuns(PROJECT, ['a'])).toEqual([]);
    };

    onStore('without a lease', async (store) => {
      await lost(store, 'me', T0);
    });

    onStore('when the lease is given up, or another has it', async (store) => {
      await lease(store);
      await lost(store, 'another', T0);
      await store.releaseProjects('me');
      await lost(store, 'me', T0);
    });

    onStore('when the lease has run out, and not before', async (store) => {
      await lease(store);
      await lost(store, 'me', T0 + ENGINE_LEASE_MS);

      const progress = progressOf({ now: T0 + ENGINE_LEASE_MS - 1, events: [eventOf('e1')] });
      expect(await store.advanceEngine(leaseOf(), progress)).toMatchObject([{ id: 'e1' }]);
    });

    onStore('when another round was stored since its memory was read, though its owner has the lease again', async (store) => {
      await lease(store, T0, 'slow');
      const first = await advance(store, {}, PROJECT, 'slow');
      const now = T0 + ENGINE_LEASE_MS;
      await lease(store, now, 'other');
      await advance(store, { now }, PROJECT, 'other');
      await store.releaseProjects('other');
      expect(await lease(store, now, 'slow')).toBe(true);

      await lost(store, 'slow', now, first);
      await lost(store, 'slow', now, null);
      await advance(store, { now, events: [eventOf('e2')] }, PROJECT, 'slow');
    });
  });

  describe('when a version of a rule was first seen', () => {
    const firstSeen = async (store: Store, now = T0) => (await store.engineProject(PROJECT, now))?.rules.map((rule) => rule.firstSeenAt);

    onStore('stays while the version stays, whatever is passed, and begins again with another', async (store) => {
      await lease(store);
      await advance(store, { rules: [ruleOf('x', { firstSeenAt: T0 - HOUR })] });
      await advance(store, { rules: [ruleOf('x', { firstSeenAt: T0 })] });
      expect(await firstSeen(store)).toEqual([T0 - HOUR]);

      await advance(store, { rules: [ruleOf('x', { firstSeenAt: T0, version: '2' })] });
      expect(await firstSeen(store)).toEqual([T0]);
    });

    onStore('is now when a clock wrote it that was ahead', async (store) => {
      const ahead = T0 + 3 * HOUR;
      await lease(store, ahead);
      await advance(store, { now: ahead, rules: [ruleOf('x', { firstSeenAt: ahead }), ruleOf('y', { firstSeenAt: ahead + HOUR })] });
      expect(await firstSeen(store, T0)).toEqual([T0, T0]);
      expect(await firstSeen(store, ahead - CLOCK_TOLERANCE_MS)).toEqual([ahead, ahead]);

      await lease(store, T0);
      await advance(store, { now: T0, rules: [ruleOf('x', { firstSeenAt: ahead })] });
      expect(await firstSeen(store, T0 + MINUTE)).toEqual([T0, T0]);
    });
  });

  describe('what is absurdly large', () => {
    onStore('is refused by name, and nothing is stored', async (store) => {
      await lease(store);
      const state = (bytes: number) => ({ text: 'ä'.repeat(bytes / 2) });
      const run = progressOf({ runs: [runOf('a'), runOf('huge', { state: state(MOST_RUN_STATE_BYTES) })] });
      await expect(store.advanceEngine(leaseOf(), run)).rejects.toThrow(EngineMemoryTooLargeError);
      await expect(store.advanceEngine(leaseOf(), run)).rejects.toThrow(
        /^what is remembered of the run acme\/train\/huge is 1025 KB, and at most 1024 KB can be stored/,
      );
      const rule = progressOf({ rules: [ruleOf('long', { detail: state(MOST_RULE_DETAIL_BYTES) })] });
      await expect(store.advanceEngine(leaseOf(), rule)).rejects.toThrow(/the automation long in acme\/train is 65 KB, and at most 64 KB/);
      expect(await store.engineProject(PROJECT, T0)).toBeUndefined();

      await advance(store, { problem: 'p'.repeat(9_999), runs: [runOf('large', { state: state(MOST_RUN_STATE_BYTES - 100) })] });
      expect(await store.engineRuns(PROJECT, ['large'])).toHaveLength(1);
      expect((await store.engineProject(PROJECT, T0))?.problem).toHaveLength(2_000);
    });
  });

  describe('what is old', () => {
    onStore('goes when it has ended: the runs that were evaluated last the longest ago come first', async (store) => {
      await lease(store);
      const ended = (run: string, at: number) => runOf(run, { at, isLive: false });
      const runs = [ended('c', T0 - 1), ended('b', T0 - 2), ended('a', T0 - 3), ended('young', T0), runOf('live', { at: T0 - HOUR })];
      await advance(store, { runs });
      const left = async () => (await store.engineRuns(PROJECT, ['a', 'b', 'c', 'young', 'live'])).map(({ run }) => run);

      expect(await store.pruneEngineRuns(T0, 2)).toBe(2);
      expect(await left()).toEqual(['c', 'live', 'young']);
      expect(await store.pruneEngineRuns(T0, 2)).toBe(1);
      expect(await store.pruneEngineRuns(T0, 2)).toBe(0);
      expect(await left()).toEqual(['live', 'young']);
    });

    onStore('goes with its project when nobody has watched that since', async (store) => {
      await lease(store);
      await advance(store, { runs: ['a', 'b', 'c'].map((run) => runOf(run)) });
      await lease(store, T0 + HOUR, 'me', 'acme/watched');
      await advance(store, { now: T0 + HOUR, runs: [runOf('a')] }, 'acme/watched');
      await store.releaseProjects('me');

      expect(await store.pruneEngineRuns(T0 + ENGINE_LEASE_MS, 2)).toBe(0);
      expect(await store.pruneEngineRuns(T0 + HOUR, 2)).toBe(2);
      expect(await store.pruneEngineRuns(T0 + HOUR, 2)).toBe(1);
      expect((await store.engineProjects()).map(({ project }) => project)).toEqual(['acme/watched']);
      expect(await store.liveEngineRuns('acme/watched')).toEqual(['a']);
      expect(await lease(store, T0 + HOUR, 'another')).toBe(true);
    });
  });

  describe('an occurrence of a schedule', () => {
    onStore('is stored once, and again only by its own event', async (store) => {
      expect(await store.acceptOccurrence('daily', T0, eventOf('e1'))).toBe(true);
      expect(await store.acceptOccurrence('daily', T0, eventOf('e2'))).toBe(false);
      expect(await store.acceptOccurrence('daily', T0, eventOf('e1'))).toBe(true);
      expect(await store.acceptOccurrence('daily', T0 + HOUR, eventOf('e3'))).toBe(true);
      expect(await store.acceptOccurrence('weekly', T0, eventOf('e4'))).toBe(true);

      expect(await eventsOf(store)).toEqual(['e1', 'e3', 'e4']);
      expect(await store.lastOccurrence('daily')).toBe(T0 + HOUR);
      expect(await store.lastOccurrence('weekly')).toBe(T0);
      expect(await store.lastOccurrence('none')).toBeUndefined();
      expect(await drain(store, T0)).toHaveLength(3);
    });

    onStore('may be remembered without an event', async (store) => {
      expect(await store.acceptOccurrence('daily', T0, null)).toBe(true);
      expect(await store.acceptOccurrence('daily', T0, eventOf('e1'))).toBe(false);
      expect(await store.acceptOccurrence('daily', T0 + HOUR, eventOf('e2'))).toBe(true);
      expect(await store.acceptOccurrence('daily', T0 + HOUR, null)).toBe(false);

      expect(await eventsOf(store)).toEqual(['e2']);
      expect(await store.lastOccurrence('daily')).toBe(T0 + HOUR);
    });

    onStore('is not stored when its event cannot be', async (store) => {
      await accept(store, eventOf('taken'));
      await expect(store.acceptOccurrence('daily', T0, eventOf('taken', { body: 'another' }))).rejects.toThrow();

      expect(await store.lastOccurrence('daily')).toBeUndefined();
      expect(await store.acceptOccurrence('daily', T0, eventOf('e1'))).toBe(true);
    });

    onStore('goes when it is old, unless it is the latest of its schedule', async (store) => {
      for (const [i, due] of [T0, T0 + 1, T0 + 2].entries()) await store.acceptOccurrence('daily', due, eventOf(`e${i}`));
      await store.acceptOccurrence('weekly', T0, eventOf('w'));
      await store.prune({ before: T0 + 2, limit: 9 });

      expect(await store.lastOccurrence('weekly')).toBe(T0);
      expect(await store.acceptOccurrence('daily', T0 + 1, eventOf('again'))).toBe(true);
      expect(await store.acceptOccurrence('daily', T0 + 2, eventOf('again 2'))).toBe(false);
    });
  });
}
