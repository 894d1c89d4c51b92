import { describe, expect, test } from 'vitest';
import { ERASED_TABLES, type ErasePlace, type EraseStep } from '../../../receiver/store/erasure.ts';
import type { Store } from '../../../receiver/store/store.ts';
import {
  accept,
  bury,
  claimOne,
  DEDUPE_MS,
  deliveryOf,
  eventOf,
  firingOf,
  MINUTE,
  type OpenStore,
  succeed,
  T0,
  withStore,
} from './samples.ts';

const NAMES = ['ada', 'U0ADA'];
const PSEUDONYM = 'erased-1a2b';

/** Erases in steps of one row. */
async function erase(store: Store, dryRun = false): Promise<Record<string, Omit<EraseStep, 'next'>>> {
  const counts: Record<string, Omit<EraseStep, 'next'>> = {};
  for (const table of ERASED_TABLES) {
    let [changed, open] = [0, 0];
    let after: ErasePlace | undefined;
    do {
      const step: EraseStep = await store.eraseStep({ names: NAMES, pseudonym: PSEUDONYM, table, after, limit: 1, dryRun });
      changed += step.changed;
      open += step.open;
      after = step.next;
    } while (after !== undefined);
    if (changed + open > 0) counts[table] = { changed, open };
  }
  return counts;
}

const EVENT = {
  type: 'add_artifact_alias',
  source: 'default',
  author: 'Ada',
  alias: 'production',
  collection: 'ada-model',
  entity: 'acme',
  project: 'wandb-registry-model',
  version: 'v1',
} as const;

/** An event of hers with all that can name her, finished; and everything beside events. */
async function withTraces(store: Store): Promise<void> {
  const approval = { channel: '#ml', by: ['U0ADA', 'ben'], allowSelf: true, expiresMs: MINUTE, approvals: 2 };
  const request = {
    kind: 'repository_dispatch',
    repository: 'acme/ada',
    event_type: 'x',
    client_payload: { event: { author: 'ada' } },
  } as const;
  const held = deliveryOf('d1', { state: 'held', request });
  await accept(store, eventOf('e1', { event: EVENT, body: '{"author": "Ada", "n": 1.0}', firings: [{ ...firingOf([held]), approval }] }));
  await store.keepEnrichment('e1', { artifact: { created_by: 'ada' } });
  for (const by of ['ada (U0ADA)', 'ben'])
    await store.decide({
      eventId: 'e1',
      route: 'deploy',
      decision: 'approved',
      by,
      persons: [by, 'ada'].slice(0, by === 'ben' ? 1 : 2),
      at: T0,
    });
  await bury(store, await claimOne(store, T0), T0);
  await store.keepRejected({ receivedAt: T0, source: 'default', status: 400, reason: 'cut off', body: '{"user":"ada","x":"' });
  await store.correctAlias({ event: { ...EVENT, artifact: 'acme/wandb-registry-model/ada-model:v1' }, at: T0 });
  await store.mute({ route: 'deploy', subjectKey: 'model', until: T0 + MINUTE, by: 'ada' }, 'e1', T0);
  await store.pause({ scope: { kind: 'route', name: 'ada' }, by: 'ada', at: T0, reason: 'ada asked' });
  await store.pause({ scope: { kind: 'everything' }, by: 'ben', at: T0, reason: null });
  await store.resume({ kind: 'everything' }, 'ada', T0);
  await store.acceptOccurrence('ada', T0, null);
}

export function eraseContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe("a person's names", () => {
    onStore('are replaced everywhere, once, and nothing else is', async (store) => {
      await withTraces(store);
      const wouldBe = await erase(store, true);
      expect((await store.event('e1'))?.event.author).toBe('Ada');
      const counts = await erase(store);
      expect(counts).toEqual(wouldBe);
      expect(Object.keys(counts)).toEqual([
        'events',
        'deliveries',
        'notes',
        'approvals',
        'rejected',
        'promotions',
        'mutes',
        'pauses',
        'occurrences',
      ]);
      const event = await store.event('e1');
      expect(event).toMatchObject({
        event: { ...EVENT, author: PSEUDONYM },
        body: `{"author": "${PSEUDONYM}", "n": 1.0}`,
        wandb: { artifact: { created_by: PSEUDONYM } },
      });
      const record = await store.delivery('d1');
      expect(record?.delivery.request).toMatchObject({ repository: 'acme/ada', client_payload: { event: { author: PSEUDONYM } } });
      expect(record?.notes.map(({ text }) => text)).toContain(`approved by ${PSEUDONYM} (${PSEUDONYM}): 1 of 2`);
      expect(await store.approval('e1', 'deploy')).toMatchObject({
        by: [PSEUDONYM, 'ben'],
        decidedBy: `${PSEUDONYM} (${PSEUDONYM}), ben`,
        votes: [{ by: `${PSEUDONYM} (${PSEUDONYM})` }, { by: 'ben' }],
      });
      expect((await store.rejected(1))[0]?.body).toBe(`{"user":"${PSEUDONYM}","x":"`);
      const [alias] = await store.aliases({ limit: 1 });
      expect([alias?.collection, alias?.holder.by]).toEqual(['ada-model', PSEUDONYM]);
      expect(await store.mutes(0)).toMatchObject([{ by: PSEUDONYM }]);
      expect(await store.resumed(0)).toMatchObject([{ by: PSEUDONYM }]);
      expect(await store.pauses()).toMatchObject([{ scope: { kind: 'route', name: 'ada' }, by: PSEUDONYM, reason: `${PSEUDONYM} asked` }]);
      expect(await erase(store)).toEqual({});
    });

    onStore('stay with an event of which something is open, until that is over', async (store) => {
      const author = { ...EVENT, collection: 'model' };
      await accept(
        store,
        eventOf('e1', { event: author }),
        eventOf('e2', { event: author, subject: 'other', delivery: { state: 'held' } }),
      );
      expect(await erase(store)).toEqual({ events: { changed: 0, open: 2 } });
      await succeed(store, await claimOne(store, T0), T0);
      expect(await erase(store)).toEqual({ events: { changed: 1, open: 1 } });
      expect((await store.event('e2'))?.event.author).toBe('Ada');
    });

    onStore('are found behind thousands of rows of others, a bounded number of rows at each step', async (store) => {
      const others = Array.from({ length: 2_000 }, (_, n) => eventOf(`o${n}`, { subject: `o${n}`, at: T0 + n, deliveries: [] }));
      await store.accept(others, { dedupeWindowMs: DEDUPE_MS });
      const hers = eventOf('hers', { event: EVENT, subject: 'hers', at: T0 + 9_000, deliveries: [] });
      await store.accept([hers], { dedupeWindowMs: DEDUPE_MS });
      const step = (after?: ErasePlace) =>
        store.eraseStep({ names: NAMES, pseudonym: PSEUDONYM, table: 'events', after, limit: 100, dryRun: false });
      const first = await step();
      expect(first).toMatchObject({ changed: 0, next: [expect.any(Number)] });
      expect(await step(first.next)).toEqual({ changed: 1, open: 0, next: undefined });
    });

    onStore('are gone through in the order of the keys, however many rows there are', async (store) => {
      const events = Array.from({ length: 5 }, (_, n) => eventOf(`e${n}`, { event: EVENT, subject: `s${n}`, at: T0 + n, deliveries: [] }));
      await store.accept(events, { dedupeWindowMs: DEDUPE_MS });
      expect(await erase(store)).toEqual({ events: { changed: 5, open: 0 } });
      expect((await store.events({ limit: 9 })).map(({ id, event }) => [id, event.author])).toEqual(
        [4, 3, 2, 1, 0].map((n) => [`e${n}`, PSEUDONYM]),
      );
    });
  });
}
