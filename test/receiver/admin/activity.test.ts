import { describe, expect, it } from 'vitest';
import { type Activity, createActivityCounter } from '../../../receiver/admin/activity.ts';
import { byDay, byHour, DAY_MS, HOUR_MS, newTally, totalOf } from '../../../receiver/admin/activity-counts.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import type { CountedEvent, FailedDelivery } from '../../../receiver/store/activity.ts';

/** Half past noon of a day of UTC. */
const NOW = Date.UTC(2026, 10, 27, 12, 30);
const MINUTE = 60_000;

interface Given {
  readonly events?: CountedEvent[];
  readonly failed?: FailedDelivery[];
}

function counterOf({ events = [], failed = [] }: Given) {
  const clock = { now: NOW };
  const asked: (number | undefined)[] = [];
  const gate = { isOpen: true, fails: false };
  const lines: string[] = [];
  const page = <T extends { readonly seq: number }>(all: readonly T[], { limit, before }: { limit: number; before?: number }): T[] =>
    all
      .filter(({ seq }) => seq < (before ?? Number.POSITIVE_INFINITY))
      .toSorted((a, b) => b.seq - a.seq)
      .slice(0, limit);
  const counter = createActivityCounter({
    store: {
      countedEvents: async (options) => {
        if (gate.fails) throw new Error('the disk is full');
        asked.push(options.before);
        while (!gate.isOpen) await new Promise((resolve) => setImmediate(resolve));
        return page(events, options);
      },
      failedDeliveries: async (options) => page(failed, options),
    },
    now: () => clock.now,
    log: createLogger({ level: 'debug', format: undefined, redact: (text) => text, write: (line) => lines.push(line) }),
    pause: async () => undefined,
    perStep: 3,
  });
  const whole = async (): Promise<Activity> => {
    await counter.read(0);
    await counter.idle();
    return counter.read(0);
  };
  return { counter, clock, events, failed, asked, gate, lines, whole };
}

function event(seq: number, minutesAgo: number, routes: readonly string[] = ['deploy'], automation?: string): CountedEvent {
  return { seq, receivedAt: NOW - minutesAgo * MINUTE, isDuplicate: false, facts: automation === undefined ? {} : { automation }, routes };
}

describe('counting', () => {
  it('takes each event once, however many pages there are, and only what is new afterwards', async () => {
    const tested = counterOf({ events: Array.from({ length: 10 }, (_, i) => event(i + 1, 600 - i * 60)) });
    const first = await tested.whole();
    expect(first).toMatchObject({ isWhole: true, hasHours: true, hasDays: true });
    expect(totalOf(byHour(first.fired.route('deploy'), NOW))).toBe(10);
    expect(first.fired.route('deploy').last).toEqual({ at: NOW - 60 * MINUTE, seq: 10 });
    tested.events.push(event(11, 5), event(12, 4, ['train']));
    tested.clock.now += 20_000;
    tested.asked.length = 0;
    const second = await tested.whole();
    expect([totalOf(byHour(second.fired.route('deploy'), NOW)), totalOf(byHour(second.fired.route('train'), NOW))]).toEqual([11, 1]);
    expect(tested.asked).toEqual([undefined]);
  });

  it('has an event that is seen after a later one', async () => {
    const tested = counterOf({ events: [event(1, 60), event(3, 0)] });
    expect(totalOf(byHour((await tested.whole()).fired.route('deploy'), NOW))).toBe(2);
    tested.events.push(event(2, 0), event(4, 0));
    tested.clock.now += 20_000;
    expect(totalOf(byHour((await tested.whole()).fired.route('deploy'), NOW))).toBe(4);
    // Long afterwards each of them is counted for good, and once.
    for (const minutes of [3, 6]) {
      tested.clock.now = NOW + minutes * MINUTE;
      expect(totalOf(byHour((await tested.whole()).fired.route('deploy'), NOW))).toBe(4);
    }
  });

  it('takes what came while nobody looked, also when everything before was new', async () => {
    const tested = counterOf({ events: [event(1, 1), event(2, 0)] });
    await tested.whole();
    tested.events.push(...Array.from({ length: 20 }, (_, i) => event(3 + i, -i)));
    tested.clock.now = NOW + 60 * MINUTE;
    const { fired } = await tested.whole();
    expect(totalOf(byHour(fired.route('deploy'), tested.clock.now))).toBe(22);
  });

  it('does not let a page wait, and says how far it is', async () => {
    const tested = counterOf({ events: [event(1, 40 * 1440), event(2, 20 * 1440), event(3, 600), event(4, 10), event(5, 9), event(6, 8)] });
    tested.gate.isOpen = false;
    expect(await tested.counter.read(1)).toMatchObject({ since: null, isWhole: false, hasHours: false, hasDays: false });
    tested.gate.isOpen = true;
    await tested.counter.idle();
    expect(await tested.counter.read(0)).toMatchObject({ isWhole: true, hasHours: true, hasDays: true });
  });

  it('goes on when the store could not be read', async () => {
    const tested = counterOf({ events: [event(1, 60)] });
    tested.gate.fails = true;
    expect((await tested.whole()).isWhole).toBe(false);
    expect(tested.lines.join('')).toContain('the disk is full');
    tested.gate.fails = false;
    expect((await tested.whole()).fired.route('deploy').last?.seq).toBe(1);
  });

  it('counts automations by their name and place, without duplicates, and what started nothing', async () => {
    const place = { entity: 'acme', project: 'train' };
    const events = [
      { ...event(1, 60, ['triage'], 'spike'), facts: { automation: 'spike', ...place } },
      { ...event(2, 50, [], 'spike'), facts: { automation: 'spike', entity: 'acme', project: 'other' } },
      { ...event(3, 40, [], 'spike'), isDuplicate: true },
      event(4, 30, [], undefined),
    ];
    const { fired, notRouted } = await counterOf({ events }).whole();
    const count = (read: typeof fired | typeof notRouted, project?: string) =>
      totalOf(
        byHour(
          read.automation((facts) => facts.automation === 'spike' && (project === undefined || facts.project === project)),
          NOW,
        ),
      );
    expect([count(fired), count(fired, 'train'), count(notRouted), count(notRouted, 'train')]).toEqual([2, 1, 1, 0]);
  });

  it('counts what has failed once for each event, until it is sent again', async () => {
    const of = (seq: number, eventId: string, route: string): FailedDelivery => ({
      seq,
      eventId,
      route,
      receivedAt: NOW - MINUTE,
      facts: { automation: 'spike' },
    });
    const tested = counterOf({ failed: [of(1, 'e1', 'deploy'), of(2, 'e1', 'deploy'), of(3, 'e1', 'train'), of(4, 'e2', 'deploy')] });
    const counts = ({ failed }: Activity) =>
      [failed.route('deploy'), failed.route('train'), failed.automation(() => true)].map((series) => totalOf(byHour(series, NOW)));
    expect(counts(await tested.whole())).toEqual([2, 1, 2]);
    tested.failed.pop();
    tested.clock.now += 20_000;
    expect(counts(await tested.whole())).toEqual([1, 1, 1]);
  });
});

describe('bars', () => {
  it('are the last 24 hours and the last 30 days of UTC, the current ones included', () => {
    const tally = newTally();
    const at = [NOW, NOW - 23 * HOUR_MS, NOW - 24 * HOUR_MS, NOW - 29 * DAY_MS, NOW - 30 * DAY_MS];
    for (const [i, time] of at.entries()) tally.add('deploy', time, i);
    const series = tally.series('deploy');
    if (series === undefined) throw new Error('it was added');
    const hours = byHour(series, NOW);
    expect([hours.counts.length, hours.counts[0], hours.counts[23], totalOf(hours)]).toEqual([24, 1, 1, 2]);
    const days = byDay(series, NOW);
    expect([days.counts.length, days.counts[0], days.counts[29], totalOf(days)]).toEqual([30, 1, 1, 4]);
    expect(new Date(days.from).toISOString()).toBe('2026-10-29T00:00:00.000Z');
  });

  it('need no hours that are older, and remember when something happened last', () => {
    const tally = newTally();
    tally.add('deploy', NOW - 40 * DAY_MS, 1);
    tally.forgetBefore(NOW);
    expect(tally.series('deploy')).toEqual({ hours: new Map(), last: { at: NOW - 40 * DAY_MS, seq: 1 } });
  });
});
