import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { AliasView } from '../../../receiver/store/ledger.ts';
import type { RunReport } from '../../../receiver/store/run.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { planEvent } from '../../../receiver/webhook/route-event.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { digest } from '../../../src/lib/digest.ts';
import { compileRoute, type Route, type RouteDefinition } from '../../../src/route/route.ts';
import { nothingFollows } from './conversation-samples.ts';
import { accept, claim, DEDUPE_MS, MINUTE, type OpenStore, SECOND, T0, withStore } from './samples.ts';

let count = 0;

const ROUTES = [routeTo('deploy', 'acme/deploy')];

function routeTo(name: string, repository: string, more: Partial<RouteDefinition> = {}): Route {
  return compileRoute({
    name,
    on: { event: 'add_artifact_alias' },
    to: [{ repository_dispatch: { repository, event_type: 'model' } }],
    ...more,
  });
}

function alias(version: string, more: Partial<RelayEvent> = {}): RelayEvent {
  return {
    type: 'add_artifact_alias',
    source: 'default',
    entity: 'acme',
    project: 'train',
    collection: 'resnet50',
    version,
    artifact: `acme/train/resnet50:${version}`,
    alias: 'production',
    author: 'ada',
    ...more,
  };
}

/** An event as the webhook plans it. */
function planned(event: RelayEvent, at = T0, routes: Route[] = ROUTES): NewEvent {
  const body = JSON.stringify(event);
  return planEvent(
    { event, payload: {}, body, bodyHash: digest(body), receivedAt: at },
    {
      matchRoutes: () => (event.type === 'add_artifact_alias' ? routes : []),
      credentialFor: () => 'github',
      newId: () => `id-${++count}`,
      connected: { slack: false, wandb: false },
    },
  );
}

/** What each delivery that is to be had sends as `event.replaces`; it is delivered. */
async function sendAll(store: Store, now: number): Promise<unknown[]> {
  const replaces: unknown[] = [];
  for (let claimed = await claim(store, now); claimed.length > 0; claimed = await claim(store, now)) {
    for (const delivery of claimed) {
      const { client_payload } = delivery.request as unknown as { client_payload: { event: RelayEvent } };
      replaces.push(client_payload.event.replaces);
      const attempt = { startedAt: now, durationMs: 10, outcome: 'delivered', status: 204, detail: '' } as const;
      await store.settle(delivery, attempt, { state: 'delivered', run: null });
    }
  }
  return replaces;
}

/** GitHub reports how the run of each delivery of an event ended. */
async function runsEnd(store: Store, event: NewEvent, conclusion: string, at: number, which?: number): Promise<void> {
  const deliveries = event.firings.flatMap((firing) => firing.deliveries);
  for (const [i, { id, target }] of deliveries.entries()) {
    if (which !== undefined && which !== i) continue;
    const runId = `${event.id}-${i}`;
    const report: RunReport = {
      repository: target.slice('repository_dispatch:'.length),
      runId,
      url: `https://github.com/runs/${runId}`,
      title: `deploy ${id}`,
      event: 'repository_dispatch',
      status: 'completed',
      conclusion,
      attempt: 1,
      createdAt: at,
      startedAt: at,
      endedAt: at,
    };
    await store.recordRuns([report], at, nothingFollows);
  }
}

const iso = (at: number) => new Date(at).toISOString();

export function ledgerContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const only = async (store: Store) => {
    const [entry, ...more] = await store.aliases({ limit: 10 });
    expect(more).toEqual([]);
    return entry;
  };

  describe('the ledger', () => {
    onStore('says which version has an alias, since when, by whom, and what it replaced', async (store) => {
      await accept(store, planned(alias('v12')));
      expect(await only(store)).toMatchObject({
        source: 'default',
        entity: 'acme',
        project: 'train',
        collection: 'resnet50',
        alias: 'production',
        holder: { version: 'v12', artifact: 'acme/train/resnet50:v12', since: T0, by: 'ada', origin: 'event', replaced: null, run: null },
        deployed: null,
      });
      const second = planned(alias('v13', { author: 'ben' }), T0 + MINUTE);
      await accept(store, second);

      const replaced = { version: 'v12', artifact: 'acme/train/resnet50:v12', since: T0 };
      expect((await only(store))?.holder).toMatchObject({ version: 'v13', by: 'ben', since: T0 + MINUTE, eventId: second.id, replaced });
      const key = (await only(store))?.key ?? '';
      expect((await store.aliasHistory(key, 10)).map(({ version }) => version)).toEqual(['v13', 'v12']);
      expect((await store.aliasHistory(key, 1)).map(({ version }) => version)).toEqual(['v13']);
    });

    onStore('sends along what is replaced, exactly, also within one batch and back to an older version', async (store) => {
      await accept(store, planned(alias('v12')), planned(alias('v13'), T0 + SECOND), planned(alias('v12'), T0 + MINUTE));

      expect(await sendAll(store, T0 + MINUTE)).toEqual([
        undefined,
        { version: 'v12', artifact: 'acme/train/resnet50:v12', since: iso(T0) },
        { version: 'v13', artifact: 'acme/train/resnet50:v13', since: iso(T0 + SECOND) },
      ]);
      const [latest] = await store.events({ limit: 1 });
      expect(latest?.event.replaces).toMatchObject({ version: 'v13' });
    });

    onStore('counts a promotion once when two events are about it, and both say what it replaced', async (store) => {
      await accept(store, planned(alias('v12')));
      await accept(store, planned(alias('v13', { type: 'link_artifact' }), T0 + SECOND));
      await accept(store, planned(alias('v13'), T0 + 2 * SECOND));

      expect((await only(store))?.holder).toMatchObject({ version: 'v13', since: T0 + SECOND, replaced: { version: 'v12' } });
      expect(await sendAll(store, T0 + MINUTE)).toEqual([undefined, expect.objectContaining({ version: 'v12' })]);
    });

    onStore('does not move by a duplicate, moves within a cooldown and where no route matches', async (store) => {
      const resting = [routeTo('deploy', 'acme/deploy', { cooldown: 10 * MINUTE })];
      await accept(store, planned(alias('v12'), T0, resting), planned(alias('v13'), T0 + SECOND, resting));
      const [repeated] = await accept(store, planned(alias('v13'), T0 + 2 * SECOND, resting));
      await accept(store, planned(alias('v14'), T0 + MINUTE, []));

      expect(repeated?.status).toBe('duplicate');
      expect((await only(store))?.holder).toMatchObject({ version: 'v14', replaced: { version: 'v13', since: T0 + SECOND } });
    });

    onStore('keeps aliases, collections, projects and sources apart', async (store) => {
      const others = [{ alias: 'staging' }, { collection: 'bert' }, { project: 'other' }, { source: 'prod-eu' }];
      await accept(store, planned(alias('v1')), ...others.map((more, i) => planned(alias(`v${i + 2}`, more))));

      expect((await store.aliases({ limit: 10 })).map(({ holder }) => holder.replaced)).toEqual([null, null, null, null, null]);
      const versions = async (collection: string, name?: string) =>
        (await store.aliases({ limit: 10, collection, ...(name === undefined ? {} : { alias: name }) }))
          .map(({ holder }) => holder.version)
          .toSorted();
      expect(await versions('bert')).toEqual(['v3']);
      expect(await versions('resnet50')).toEqual(['v1', 'v2', 'v4', 'v5']);
      expect(await versions('resnet50', 'staging')).toEqual(['v2']);
      expect(await versions('acme/other/resnet50')).toEqual(['v4']);
    });

    onStore('is read in pages by key', async (store) => {
      await accept(store, ...['a', 'b', 'c'].map((collection) => planned(alias('v1', { collection }))));
      const all = await store.aliases({ limit: 10 });
      const [first] = await store.aliases({ limit: 1 });

      expect(first).toEqual(all[0]);
      expect(await store.aliases({ limit: 10, after: first?.key ?? '' })).toEqual(all.slice(1));
    });

    onStore('is read by people in pages, the latest change first, whatever was at the same moment', async (store) => {
      for (const [i, collection] of ['a', 'b', 'c', 'd'].entries())
        await accept(store, planned(alias('v1', { collection }), T0 + (i === 3 ? MINUTE : 0)));
      await accept(store, planned(alias('v2', { collection: 'a' }), T0 + 2 * MINUTE));
      const { items, next } = await store.aliasPage({ limit: 9 });
      expect([items.map(({ collection }) => collection).slice(0, 2), next]).toEqual([['a', 'd'], undefined]);
      expect(items[0]).toEqual((await store.aliases({ limit: 9, collection: 'a' }))[0]);

      const found: AliasView[] = [];
      let page = await store.aliasPage({ limit: 1 });
      for (found.push(...page.items); page.next !== undefined; found.push(...page.items))
        page = await store.aliasPage({ limit: 1, before: page.next });
      expect(found).toEqual(items);
    });

    onStore('is found by a part of the path in any case of letters, and by the whole alias', async (store) => {
      await accept(store, planned(alias('v1', { collection: 'ResNet50_%' })), planned(alias('v2', { alias: 'pre-production' })));
      await accept(store, planned(alias('v3', { project: 'Vision' }), T0 + SECOND));
      const versions = async (search: { collection?: string; alias?: string }) =>
        (await store.aliasPage({ limit: 9, ...search })).items.map(({ holder }) => holder.version).toSorted();
      expect(await versions({ collection: 'RESNET' })).toEqual(['v1', 'v2', 'v3']);
      expect(await versions({ collection: '50_%' })).toEqual(['v1']);
      expect(await versions({ collection: 'acme/vision/RES' })).toEqual(['v3']);
      expect(await versions({ alias: 'production' })).toEqual(['v1', 'v3']);
      expect(await versions({ collection: 'vision', alias: 'pre-production' })).toEqual([]);
    });

    onStore('ignores events without an alias, a version or a collection', async (store) => {
      const { alias: _, ...noAlias } = alias('v12', { type: 'link_artifact' });
      const { version: __, ...noVersion } = alias('v12');
      await accept(
        store,
        planned(noAlias as RelayEvent),
        planned(noVersion as RelayEvent),
        planned(alias('v12', { type: 'unlink_artifact' })),
      );
      expect(await store.aliases({ limit: 10 })).toEqual([]);
    });

    onStore('outlives the events', async (store) => {
      const first = planned(alias('v12'), T0, []);
      await accept(store, first);
      await store.prune({ before: T0 + MINUTE, limit: 10 });
      await accept(store, planned(alias('v13'), T0 + MINUTE));

      expect(await store.event(first.id)).toBeUndefined();
      expect(await sendAll(store, T0 + MINUTE)).toEqual([expect.objectContaining({ version: 'v12', since: iso(T0) })]);
      const key = (await only(store))?.key ?? '';
      expect(await store.promotionEvent(key, 'v12')).toEqual(first.event);
      expect(await store.promotionEvent(key, 'v99')).toBeUndefined();
    });

    onStore('keeps the last fifty promotions of an alias, and the one that is deployed', async (store) => {
      const deployed = planned(alias('v0'));
      await accept(store, deployed);
      await sendAll(store, T0);
      await runsEnd(store, deployed, 'success', T0 + SECOND);
      for (let i = 1; i <= 60; i++) await accept(store, planned(alias(`v${i}`), T0 + i * MINUTE, []));

      const history = await store.aliasHistory((await only(store))?.key ?? '', 100);
      expect(history.map(({ version }) => version)).toEqual([...Array.from({ length: 50 }, (_, i) => `v${60 - i}`), 'v0']);
      expect((await only(store))?.deployed?.version).toBe('v0');
    });
  });

  describe('the deployed version', () => {
    const both = [routeTo('eu', 'acme/eu'), routeTo('us', 'acme/us')];

    onStore('is the last one whose runs succeeded; a failure leaves the one before', async (store) => {
      const [v12, v13] = [planned(alias('v12')), planned(alias('v13'), T0 + MINUTE)];
      await accept(store, v12);
      await sendAll(store, T0);
      expect((await only(store))?.deployed).toBeNull();
      await runsEnd(store, v12, 'success', T0 + SECOND);
      expect((await only(store))?.deployed).toMatchObject({ version: 'v12', deployedAt: T0 + SECOND, run: { conclusion: 'success' } });
      await accept(store, v13);
      await sendAll(store, T0 + MINUTE);
      await runsEnd(store, v13, 'failure', T0 + 2 * MINUTE);

      const entry = await only(store);
      expect(entry?.holder).toMatchObject({
        version: 'v13',
        deployedAt: null,
        run: { conclusion: 'failure', url: expect.stringContaining(v13.id) },
      });
      expect(entry?.deployed).toMatchObject({ version: 'v12' });
    });

    onStore('needs all that its event dispatched to succeed', async (store) => {
      const v12 = planned(alias('v12'), T0, both);
      await accept(store, v12);
      await sendAll(store, T0);
      await runsEnd(store, v12, 'success', T0 + SECOND, 0);
      expect((await only(store))?.deployed).toBeNull();
      await runsEnd(store, v12, 'success', T0 + MINUTE, 1);
      expect((await only(store))?.deployed).toMatchObject({ version: 'v12', deployedAt: T0 + MINUTE });

      const v13 = planned(alias('v13'), T0 + 2 * MINUTE, both);
      await accept(store, v13);
      await sendAll(store, T0 + 2 * MINUTE);
      await runsEnd(store, v13, 'failure', T0 + 3 * MINUTE, 0);
      await runsEnd(store, v13, 'success', T0 + 4 * MINUTE, 1);
      expect(await only(store)).toMatchObject({ holder: { version: 'v13', run: { conclusion: 'failure' } }, deployed: { version: 'v12' } });
    });

    onStore('is a version that lost the alias when its run ends last', async (store) => {
      const [v12, v13] = [planned(alias('v12')), planned(alias('v13'), T0 + SECOND)];
      await accept(store, v12, v13);
      await sendAll(store, T0 + SECOND);
      await runsEnd(store, v13, 'success', T0 + MINUTE);
      await runsEnd(store, v12, 'success', T0 + 2 * MINUTE);

      expect(await only(store)).toMatchObject({ holder: { version: 'v13' }, deployed: { version: 'v12', deployedAt: T0 + 2 * MINUTE } });
    });
  });

  describe("what W&B's API says", () => {
    onStore('seeds the ledger, corrects it, and changes nothing when it is right', async (store) => {
      expect(await store.correctAlias({ event: alias('v11'), at: T0 })).toBe(true);
      expect((await only(store))?.holder).toMatchObject({ version: 'v11', origin: 'api', eventId: null, replaced: null });
      expect(await store.correctAlias({ event: alias('v11'), at: T0 + SECOND })).toBe(false);
      await accept(store, planned(alias('v12'), T0 + MINUTE));
      expect((await only(store))?.holder).toMatchObject({ version: 'v12', origin: 'event', replaced: { version: 'v11' } });
    });

    onStore('changes nothing when an event came while W&B was asked', async (store) => {
      await accept(store, planned(alias('v12')));
      const asked = (await only(store))?.holder ?? null;
      await accept(store, planned(alias('v13'), T0 + SECOND));
      expect(await store.correctAlias({ event: alias('v11'), at: T0 + MINUTE, ledgerHad: asked })).toBe(false);
      expect(await store.correctAlias({ event: alias('v11'), at: T0 + MINUTE, ledgerHad: null })).toBe(false);
      expect((await only(store))?.holder).toMatchObject({ version: 'v13' });
      const now = (await only(store))?.holder ?? null;
      expect(await store.correctAlias({ event: alias('v11'), at: T0 + MINUTE, ledgerHad: now })).toBe(true);
      const staging = alias('v3', { alias: 'staging' });
      expect(await store.correctAlias({ event: staging, at: T0, ledgerHad: null })).toBe(true);
    });

    onStore('can be that nothing has the alias any more', async (store) => {
      const { version: _, artifact: __, ...nobody } = alias('v12');
      expect(await store.correctAlias({ event: nobody as RelayEvent, at: T0 })).toBe(false);
      await accept(store, planned(alias('v12')));
      expect(await store.correctAlias({ event: nobody as RelayEvent, at: T0 + SECOND })).toBe(true);
      expect((await only(store))?.holder).toMatchObject({ version: null, origin: 'api' });
      // The same body within the window of duplicates: the alias was removed and given again meanwhile.
      await store.accept([planned(alias('v12'), T0 + DEDUPE_MS)], { dedupeWindowMs: DEDUPE_MS });
      expect(await only(store)).toMatchObject({ holder: { version: 'v12', replaced: null } });
    });
  });
}
