import { describe, expect, it, onTestFinished } from 'vitest';
import { alertEvent } from '../../../receiver/alerts/alert-event.ts';
import type { AlertNews, Condition } from '../../../receiver/alerts/condition.ts';
import { createAlertLook, REPEAT_MS } from '../../../receiver/alerts/look.ts';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { DEFAULT_ALERT_POLICY } from '../../../src/route/alert-policy.ts';

const START = Date.UTC(2026, 10, 27, 12, 5);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function conditionOf(state: Condition['state'], changes: Partial<Condition> = {}): Condition {
  return { kind: 'undelivered', what: '', state, summary: 'Something waits', action: 'Look why', count: 1, since: undefined, ...changes };
}

/** Receivers that share a store, each with what it told. */
function receivers(count = 1) {
  const clock = { now: START };
  const store = sqliteStore(openSqlite(':memory:'));
  onTestFinished(() => store.close());
  let ids = 0;
  const start = () => {
    const told: AlertNews[] = [];
    const eventOf = (news: AlertNews) => alertEvent(news, { channel: '#ml-ops', newId: () => `id-${ids++}`, policy: DEFAULT_ALERT_POLICY });
    return { told, ...createAlertLook({ store, now: () => clock.now, eventOf, told: (news) => void told.push(news) }) };
  };
  const all = Array.from({ length: count }, start);
  /** Looks again and again, all at the same moment, for so long. */
  const pass = async (ms: number, ...conditions: Condition[]) => {
    for (const end = clock.now + ms; clock.now < end; clock.now += 15 * SECOND) await Promise.all(all.map(({ look }) => look(conditions)));
  };
  const told = () =>
    all.flatMap((one) => one.told.map(({ state, kind, what }) => [state, kind, what].filter((part) => part !== '').join(' ')));
  return { clock, store, start, pass, told, all };
}

describe('alerts', () => {
  it('open once, go on once an hour, and recover when it was well for a minute', async () => {
    const { pass, told, store } = receivers();
    await pass(10 * MINUTE, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered']);
    await pass(REPEAT_MS, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered', 'continues undelivered']);
    await pass(30 * SECOND, conditionOf('ok'));
    expect(told()).toHaveLength(2);
    await pass(MINUTE, conditionOf('ok'));
    expect(told().at(-1)).toBe('recovered undelivered');
    await pass(REPEAT_MS, conditionOf('ok'));
    expect(told()).toHaveLength(3);
    const events = await store.events({ limit: 10 });
    expect(events.map(({ event }) => event.status)).toEqual(['recovered', 'continues', 'opened']);
  });

  it('are told once by several receivers', async () => {
    const { pass, told } = receivers(3);
    await pass(5 * MINUTE, conditionOf('bad'));
    await pass(5 * MINUTE, conditionOf('ok'));
    expect(told().toSorted()).toEqual(['opened undelivered', 'recovered undelivered']);
  });

  it('are neither told again nor forgotten after a restart', async () => {
    const { clock, pass, told, start } = receivers();
    await pass(5 * MINUTE, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered']);
    const next = start();
    for (let i = 0; i < 5; i++, clock.now += MINUTE) await next.look([conditionOf('bad')]);
    expect(next.told).toEqual([]);
    for (let i = 0; i < 5; i++, clock.now += MINUTE) await next.look([conditionOf('ok')]);
    expect(next.told.map(({ state }) => state)).toEqual(['recovered']);
  });

  it('that come and go, or of many things, never flood', async () => {
    const { clock, all, told } = receivers();
    for (let i = 0; i < 4 * 60; i++, clock.now += MINUTE) await all[0]?.look([conditionOf(i % 4 < 2 ? 'bad' : 'ok', { count: i * 1_000 })]);
    // Four hours, with a message for each beginning and end at most.
    expect(told().filter((line) => line.startsWith('opened')).length).toBeLessThanOrEqual(5);
    expect(told().length).toBeLessThanOrEqual(12);
  });

  it('change nothing while nothing is known, and are apart for each thing', async () => {
    const { pass, told } = receivers();
    const github = (state: Condition['state']) => conditionOf(state, { kind: 'credential_refused', what: 'github' });
    const wandb = (state: Condition['state']) => conditionOf(state, { kind: 'credential_refused', what: 'wandb' });
    await pass(MINUTE, github('bad'), wandb('unknown'));
    await pass(10 * MINUTE, github('unknown'), wandb('bad'));
    expect(told()).toEqual(['opened credential_refused github', 'opened credential_refused wandb']);
    await pass(5 * MINUTE, github('ok'), wandb('bad'));
    expect(told().slice(2)).toEqual(['recovered credential_refused github']);
  });

  it('are told although a clock that was a day ahead had told some', async () => {
    const { clock, pass, told } = receivers();
    clock.now += 24 * REPEAT_MS;
    await pass(MINUTE, conditionOf('bad'));
    await pass(3 * MINUTE, conditionOf('ok'));
    clock.now = START;
    await pass(MINUTE, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered', 'recovered undelivered', 'opened undelivered']);
  });
});
