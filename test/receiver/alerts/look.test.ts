import { describe, expect, it, onTestFinished } from 'vitest';
import { alertEvent } from '../../../receiver/alerts/alert-event.ts';
import type { AlertNews, Condition } from '../../../receiver/alerts/condition.ts';
import { createAlertLook, REPEAT_MS } from '../../../receiver/alerts/look.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { DEFAULT_ALERT_POLICY } from '../../../src/route/alert-policy.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';

const START = Date.UTC(2026, 10, 27, 12, 5);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function conditionOf(state: Condition['state'], changes: Partial<Condition> = {}): Condition {
  return { kind: 'undelivered', what: '', state, summary: 'Something waits', action: 'Look why', count: 1, since: undefined, ...changes };
}

/** Receivers that share a store, each with what it told. */
function receivers(count = 1) {
  const clock = { now: START };
  const store = sqliteStore(openMigrated());
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
  it('open once, go on once an hour, and recover when nobody has seen it for five to ten minutes', async () => {
    const { pass, told, store } = receivers();
    await pass(10 * MINUTE, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered']);
    await pass(REPEAT_MS, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered', 'continues undelivered']);
    await pass(4 * MINUTE, conditionOf('ok'));
    expect(told()).toHaveLength(2);
    await pass(7 * MINUTE, conditionOf('ok'));
    expect(told().at(-1)).toBe('recovered undelivered');
    await pass(REPEAT_MS, conditionOf('ok'));
    expect(told()).toHaveLength(3);
    const events = await store.events({ limit: 10 });
    expect(events.map(({ event }) => event.status)).toEqual(['recovered', 'continues', 'opened']);
  });

  it('are told once by several receivers that look at the same moment', async () => {
    const { pass, told } = receivers(3);
    await pass(20 * MINUTE, conditionOf('bad'));
    await pass(15 * MINUTE, conditionOf('ok'));
    expect(told().toSorted()).toEqual(['opened undelivered', 'recovered undelivered']);
  });

  it('do not end while one of the receivers sees it, and end when that one is gone', async () => {
    const { clock, all, told } = receivers(2);
    const [sees, sees2] = all;
    for (let i = 0; i < 3 * 60; i++, clock.now += MINUTE) {
      await sees?.look([conditionOf('bad')]);
      await sees2?.look([conditionOf('ok')]);
    }
    expect(new Set(told())).toEqual(new Set(['opened undelivered', 'continues undelivered']));
    for (let i = 0; i < 12; i++, clock.now += MINUTE) await sees2?.look([conditionOf('ok')]);
    expect(told().at(-1)).toBe('recovered undelivered');
  });

  it('are neither told again nor forgotten after a restart, and do not end while nothing is known', async () => {
    const { clock, pass, told, start } = receivers();
    await pass(5 * MINUTE, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered']);
    const next = start();
    const during = async (minutes: number, state: Condition['state']) => {
      for (let i = 0; i < minutes; i++, clock.now += MINUTE) await next.look([conditionOf(state)]);
    };
    await during(5, 'bad');
    await during(20, 'unknown');
    expect(next.told).toEqual([]);
    await during(3, 'ok');
    expect(next.told.map(({ state }) => state)).toEqual(['recovered']);
  });

  it('that are bad again soon after they ended are told within a quarter of an hour', async () => {
    const { pass, told } = receivers();
    await pass(MINUTE, conditionOf('bad'));
    await pass(11 * MINUTE, conditionOf('ok'));
    expect(told()).toEqual(['opened undelivered', 'recovered undelivered']);
    await pass(15 * MINUTE, conditionOf('bad'));
    expect(told().slice(2)).toEqual(['opened undelivered']);
  });

  it('that come and go never flood', async () => {
    for (const minutes of [2, 4, 13, 16]) {
      const { clock, all, told } = receivers();
      for (let i = 0; i < 4 * 60; i++, clock.now += MINUTE)
        await all[0]?.look([conditionOf(i % (2 * minutes) < minutes ? 'bad' : 'ok', { count: i * 1_000 })]);
      // Four hours.
      expect(told().length).toBeLessThanOrEqual(4 * 8);
      expect(told().filter((line) => line.startsWith('opened')).length).toBeLessThanOrEqual(4 * 4);
    }
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
    await pass(12 * MINUTE, conditionOf('ok'));
    clock.now = START;
    await pass(MINUTE, conditionOf('bad'));
    expect(told()).toEqual(['opened undelivered', 'recovered undelivered', 'opened undelivered']);
  });
});
