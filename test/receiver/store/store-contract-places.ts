import { describe, expect, test } from 'vitest';
import type { ConversationView } from '../../../receiver/store/conversations.ts';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { planEvent } from '../../../receiver/webhook/route-event.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { digest } from '../../../src/lib/digest.ts';
import { compileRoute, type Route, type RouteDefinition } from '../../../src/route/route.ts';
import { claimDispatches, claimMessages, post } from './conversation-samples.ts';
import { accept, bury, MINUTE, type OpenStore, SECOND, T0, withStore } from './samples.ts';

let count = 0;

/** A route to `#ml`, with a text, and to a workflow. */
function route(name: string, more: Partial<RouteDefinition> = {}): Route {
  return compileRoute({
    name,
    on: {},
    to: [
      { repository_dispatch: { repository: 'acme/deploy', event_type: 'model' } },
      { slack: { channel: '#ml', text: `text of ${name}` } },
    ],
    ...more,
  });
}

const ROUTES = [route('deploy')];

function event(version: string, more: Partial<RelayEvent> = {}): RelayEvent {
  return {
    type: 'add_artifact_alias',
    source: 'default',
    entity: 'acme',
    project: 'train',
    collection: 'resnet50',
    version,
    alias: 'production',
    ...more,
  };
}

const { alias: _, ...tagged } = event('v12', { type: 'add_artifact_tag', tag: 'good' });
const TAG = tagged as RelayEvent;

/** An event as the webhook plans it. */
function planned(what: RelayEvent, at = T0, routes: readonly Route[] = ROUTES): NewEvent {
  const body = `${JSON.stringify(what)} ${++count}`;
  return planEvent(
    { event: what, payload: {}, body, bodyHash: digest(body), receivedAt: at },
    {
      matchRoutes: () => [...routes],
      credentialFor: (target) => (target.kind === 'slack' ? 'slack' : 'github'),
      newId: () => `id-${++count}`,
      connected: { slack: true, wandb: false },
    },
  );
}

/** What conversations the messages of an event are part of, each once. */
async function conversationsOf(store: Store, { id }: NewEvent): Promise<ConversationView[]> {
  const keys = new Set<string>();
  for (const { id: delivery } of await store.deliveries({ limit: 1000 })) {
    const found = await store.delivery(delivery);
    if (found?.delivery.eventId === id && found.delivery.target.startsWith('slack')) keys.add(await keyOf(store, delivery));
  }
  const views = await Promise.all([...keys].map((key) => store.viewConversation(key, T0)));
  return views.filter((view) => view !== undefined);
}

const keys = new WeakMap<Store, Map<string, string>>();

/** The conversation of a message, which only whoever claims it is told. */
async function keyOf(store: Store, delivery: string): Promise<string> {
  const key = keys.get(store)?.get(delivery);
  if (key === undefined) throw new Error(`${delivery} was not sent`);
  return key;
}

/** Sends all messages; tells which events they were about, and `update`. */
async function sayAll(store: Store, now: number): Promise<string[]> {
  const known = keys.get(store) ?? new Map<string, string>();
  keys.set(store, known);
  const said: string[] = [];
  for (let claimed = await claimMessages(store, now); claimed.length > 0; claimed = await claimMessages(store, now)) {
    for (const each of claimed) {
      const isUpdate = each.request.kind === 'slack_update';
      if (!isUpdate) known.set(each.id, each.conversation ?? '');
      const view = each.conversation === null ? undefined : await store.viewConversation(each.conversation, now);
      said.push(isUpdate ? `update ${view?.events.at(0)?.event.event.version}` : `${view?.events.at(-1)?.event.event.version}`);
      await post(store, each, now, isUpdate ? undefined : { channel: 'C012ML', ts: each.id });
    }
  }
  return said;
}

export function placesContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('a promotion', () => {
    onStore('is one conversation of its own in a channel, whatever the number of routes', async (store) => {
      const first = planned(event('v12'), T0, [route('deploy'), route('audit')]);
      await accept(store, first);
      await sayAll(store, T0);
      const second = planned(event('v12', { alias: 'staging' }), T0 + MINUTE);
      await accept(store, second);
      await sayAll(store, T0 + MINUTE);

      const [conversation, ...more] = await conversationsOf(store, first);
      expect(more).toEqual([]);
      expect(conversation?.events).toMatchObject([{ event: { id: first.id }, texts: ['text of deploy', 'text of audit'] }]);
      const [other] = await conversationsOf(store, second);
      expect(other?.events.map(({ event: { id } }) => id)).toEqual([second.id]);
      expect(other?.key).not.toBe(conversation?.key);
    });

    onStore('has later events about its version in its conversation, in the latest one of the version', async (store) => {
      const [first, again] = [planned(event('v12')), planned(event('v12', { alias: 'staging' }), T0 + MINUTE)];
      await accept(store, first);
      await accept(store, again);
      const tag = planned(TAG, T0 + 2 * MINUTE);
      await accept(store, tag);
      await sayAll(store, T0 + 2 * MINUTE);

      const [conversation] = await conversationsOf(store, tag);
      expect(conversation?.events.map(({ event: { id } }) => id)).toEqual([again.id, tag.id]);
      const other = planned({ ...TAG, version: 'v13' }, T0 + 3 * MINUTE);
      await accept(store, other);
      await sayAll(store, T0 + 3 * MINUTE);
      expect((await conversationsOf(store, other))[0]?.events).toHaveLength(1);
    });

    onStore('of one batch with its tag is one conversation, in the order in which they came', async (store) => {
      const [first, tag] = [planned(event('v12')), planned(TAG, T0)];
      await accept(store, first, tag);
      await sayAll(store, T0);

      expect((await conversationsOf(store, tag))[0]?.events.map(({ event: { id } }) => id)).toEqual([first.id, tag.id]);
    });

    onStore('that two events report at once is one message', async (store) => {
      const linked = planned(event('v12', { type: 'link_artifact' }));
      const aliased = planned(event('v12'), T0 + SECOND);
      await accept(store, linked);
      await accept(store, aliased);

      expect(await sayAll(store, T0 + SECOND)).toEqual(['v12']);
      const [conversation] = await conversationsOf(store, linked);
      expect(conversation?.events.map(({ event: { id } }) => id)).toEqual([linked.id, aliased.id]);
      const later = planned(event('v12'), T0 + 2 * MINUTE);
      await accept(store, later);
      await sayAll(store, T0 + 2 * MINUTE);
      expect((await conversationsOf(store, later))[0]?.key).not.toBe(conversation?.key);
    });

    onStore('goes on where a version before this one began the conversation', async (store) => {
      const tag = planned(TAG, T0);
      await accept(store, tag);
      await sayAll(store, T0);
      const next = planned({ ...TAG, tag: 'better' }, T0 + MINUTE);
      await accept(store, next);
      await sayAll(store, T0 + MINUTE);

      expect((await conversationsOf(store, next))[0]?.events.map(({ event: { id } }) => id)).toEqual([tag.id, next.id]);
    });

    onStore('and then back is three conversations; each says what it replaced and what replaced it', async (store) => {
      const events = [planned(event('v12')), planned(event('v13'), T0 + MINUTE), planned(event('v12'), T0 + 2 * MINUTE)];
      const updates: string[][] = [];
      for (const one of events) {
        await accept(store, one);
        updates.push(await sayAll(store, one.receivedAt));
      }

      expect(updates).toEqual([['v12'], expect.arrayContaining(['v13', 'update v12']), expect.arrayContaining(['v12', 'update v13'])]);
      const views = (await Promise.all(events.map((one) => conversationsOf(store, one)))).map(([view]) => view?.events[0]?.promotion);
      expect(new Set((await Promise.all(events.map((one) => conversationsOf(store, one)))).map(([view]) => view?.key)).size).toBe(3);
      expect(views).toEqual([
        { replaced: null, isRollback: false, replacedBy: { version: 'v13', at: T0 + MINUTE } },
        { replaced: { version: 'v12', since: T0 }, isRollback: false, replacedBy: { version: 'v12', at: T0 + 2 * MINUTE } },
        { replaced: { version: 'v13', since: T0 + MINUTE }, isRollback: true, replacedBy: null },
      ]);
    });

    onStore('of a newer version that comes back is no rollback', async (store) => {
      for (const [i, version] of ['v13', 'v12', 'v13'].entries()) await accept(store, planned(event(version), T0 + i * MINUTE));
      await sayAll(store, T0 + MINUTE);

      const [last] = await store.events({ limit: 1 });
      const [view] = await conversationsOf(store, { id: last?.id ?? '' } as NewEvent);
      expect(view?.events[0]?.promotion).toMatchObject({ replaced: { version: 'v12' }, isRollback: false });
    });

    onStore('that was repeated since is updated in each of its conversations, and other aliases are left alone', async (store) => {
      const events = [
        planned(event('v12')),
        planned(event('v12'), T0 + 5 * MINUTE),
        planned(event('v12', { alias: 'gold' }), T0 + 6 * MINUTE),
      ];
      for (const one of events) await accept(store, one);
      await sayAll(store, T0 + 6 * MINUTE);
      await accept(store, planned(event('v13'), T0 + 7 * MINUTE));

      expect((await sayAll(store, T0 + 7 * MINUTE)).toSorted()).toEqual(['update v12', 'update v12', 'v13']);
      const [again] = await conversationsOf(store, events[1] as NewEvent);
      expect(again?.events[0]?.promotion?.replacedBy).toEqual({ version: 'v13', at: T0 + 7 * MINUTE });
    });

    onStore('that somebody asked for as a rollback is one, and nothing replaced it', async (store) => {
      const rollback = { ...event('v12'), rollback: true } as RelayEvent;
      await accept(store, planned(event('v12')), planned(event('v13'), T0 + SECOND));
      const asked = planned(rollback, T0 + MINUTE);
      const { promotion: _promotion, ...unpromoted } = asked;
      await accept(store, unpromoted);
      await sayAll(store, T0 + MINUTE);

      const [view] = await conversationsOf(store, asked);
      expect(view?.events[0]?.promotion).toEqual({ replaced: null, isRollback: true, replacedBy: null });
    });

    onStore("is updated when W&B's API says that another version has the alias", async (store) => {
      await accept(store, planned(event('v12')));
      await sayAll(store, T0);
      await store.correctAlias({ event: event('v14'), at: T0 + MINUTE });

      expect(await sayAll(store, T0 + MINUTE)).toEqual(['update v12']);
    });
  });

  describe('many new conversations of one kind', () => {
    const quick = (i: number) => planned(event(`v${i}`, { collection: 'burst' }), T0 + i * SECOND);
    const burst = async (store: Store, events: readonly NewEvent[]) => {
      for (const one of events) await accept(store, one);
      return sayAll(store, T0 + 30 * SECOND);
    };

    onStore('within a minute are one from the sixth on, which counts', async (store) => {
      const events = Array.from({ length: 12 }, (_, i) => quick(i));
      const said = await burst(store, events);

      expect(said.filter((one) => !one.startsWith('update'))).toHaveLength(6);
      const [sixth] = await conversationsOf(store, events[5] as NewEvent);
      expect(sixth).toMatchObject({ eventCount: 7, burst: [{ state: 'pending', run: null, count: 7 }] });
      expect((await store.deliveries({ limit: 100, states: ['superseded'] })).map(({ reason }) => reason)).toEqual(
        Array(6).fill('another message shows it'),
      );
      expect((await conversationsOf(store, events[4] as NewEvent))[0]).toMatchObject({ eventCount: 1, burst: null });
    });

    onStore('in one batch, too', async (store) => {
      await accept(store, ...Array.from({ length: 12 }, (_, i) => quick(i)));
      expect((await sayAll(store, T0 + 30 * SECOND)).filter((one) => !one.startsWith('update'))).toHaveLength(6);
    });

    onStore('also when each comes in a transaction of its own, all at once', async (store) => {
      const events = Array.from({ length: 12 }, (_, i) => planned(event('v1', { collection: `model-${i}` }), T0 + i));
      // They arrive in any order, so their moments are closer than clocks may differ.
      await Promise.all(events.map((one) => accept(store, one)));
      const said = await sayAll(store, T0 + 30 * SECOND);
      expect(said.filter((one) => !one.startsWith('update'))).toHaveLength(6);
    });

    onStore('are counted on while they come, and begin again after a minute without', async (store) => {
      const of = (i: number, at: number) => planned(event('v1', { collection: `model-${i}` }), at);
      const events = Array.from({ length: 7 }, (_, i) => of(i, T0 + i * SECOND));
      await burst(store, events);
      await accept(store, of(50, T0 + 60 * SECOND));
      expect(await sayAll(store, T0 + 60 * SECOND)).toEqual(['update v1']);
      expect((await conversationsOf(store, events[5] as NewEvent))[0]?.eventCount).toBe(3);
      await accept(store, of(51, T0 + 3 * MINUTE));
      expect((await sayAll(store, T0 + 3 * MINUTE)).filter((one) => !one.startsWith('update'))).toEqual(['v1']);
    });

    onStore('are told by the next message when the one that counts could not be posted', async (store) => {
      const events = Array.from({ length: 7 }, (_, i) => planned(event('v1', { collection: `model-${i}` }), T0 + i * SECOND));
      await accept(store, ...events.slice(0, 5));
      await sayAll(store, T0 + 5 * SECOND);
      await accept(store, events[5] as NewEvent);
      for (const claimed of await claimMessages(store, T0 + 5 * SECOND)) await bury(store, claimed, T0 + 5 * SECOND);
      await accept(store, events[6] as NewEvent);

      expect(await sayAll(store, T0 + 30 * SECOND)).toEqual(['v1']);
      expect(await conversationsOf(store, events[6] as NewEvent)).toMatchObject([{ eventCount: 2, burst: [{ count: 2 }] }]);
    });

    onStore('of one batch are counted on while they come', async (store) => {
      const times = [0, 1, 2, 3, 4, 5, 50, 100];
      await accept(store, ...times.map((seconds) => planned(event('v1', { collection: `model-${seconds}` }), T0 + seconds * SECOND)));
      expect((await sayAll(store, T0 + 2 * MINUTE)).filter((one) => !one.startsWith('update'))).toHaveLength(6);
    });

    onStore('show a failure among them, which is reported in their thread', async (store) => {
      const events = Array.from({ length: 8 }, (_, i) => planned(event('v1', { collection: `model-${i}` }), T0 + i * SECOND));
      await burst(store, events);
      const failing = (await claimDispatches(store, T0 + MINUTE)).at(-1);
      if (failing === undefined) throw new Error('nothing to dispatch');
      await bury(store, failing, T0 + MINUTE);

      const said = await claimMessages(store, T0 + 2 * MINUTE);
      const [view] = await conversationsOf(store, events[5] as NewEvent);
      expect(said).toMatchObject([{ request: { kind: 'slack_reply', alert: { problem: 'not_dispatched' } }, conversation: view?.key }]);
      expect(view?.burst).toContainEqual({ state: 'dead', run: null, count: 1 });
    });

    onStore('do not take in what asks for an approval, nor other kinds', async (store) => {
      const asking = [route('deploy', { approval: { slack: '#ml' } })];
      const events = Array.from({ length: 7 }, (_, i) => planned(event('v1', { collection: `model-${i}` }), T0 + i * SECOND));
      const asks = Array.from({ length: 3 }, (_, i) => planned(event('v1', { collection: `asks-${i}` }), T0 + (10 + i) * SECOND, asking));
      const others = Array.from({ length: 3 }, (_, i) => planned(event(`v${i}`, { alias: `alias-${i}` }), T0 + 20 * SECOND));
      await burst(store, events);
      await accept(store, ...asks, ...others);

      expect((await sayAll(store, T0 + MINUTE)).filter((one) => !one.startsWith('update'))).toHaveLength(6);
      expect(await conversationsOf(store, asks[2] as NewEvent)).toMatchObject([{ burst: null, eventCount: 1 }]);
    });

    onStore('over a longer time stay what they are', async (store) => {
      for (let i = 0; i < 8; i++) await accept(store, planned(event(`v${i}`), T0 + i * 15 * SECOND));
      expect((await sayAll(store, T0 + 5 * MINUTE)).filter((one) => !one.startsWith('update'))).toHaveLength(8);
    });
  });

  describe('what a thread was told because its message could not be changed', () => {
    onStore('is kept', async (store) => {
      const one = planned(event('v12'));
      await accept(store, one);
      await sayAll(store, T0);
      const [view] = await conversationsOf(store, one);
      expect(view?.lastReply).toBeNull();
      await store.keepLastReply(view?.key ?? '', 'Replaced by v13');
      expect((await conversationsOf(store, one))[0]?.lastReply).toBe('Replaced by v13');
    });
  });
}
