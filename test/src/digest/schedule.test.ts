import { describe, expect, it } from 'vitest';
import { dueOf, latestOf, nextOf, scheduleProblem, timezoneProblem } from '../../../src/digest/schedule.ts';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NIGHTLY = { schedule: '30 2 * * *', timezone: 'Europe/Berlin' };
const MORNING = { schedule: '0 9 * * *', timezone: 'Europe/Berlin' };

/** What is sent by a receiver that looks every minute. */
function sentBetween(schedule: typeof NIGHTLY, from: string, to: string): (string | undefined)[] {
  const sent: (string | undefined)[] = [];
  let last = latestOf(schedule, at(from)) ?? 0;
  for (let now = at(from); now < at(to); now += 60_000) {
    const due = dueOf(schedule, last, now);
    if (due === undefined) continue;
    last = due.dueAt;
    sent.push(iso(now));
    expect(due.skipped).toBe(0);
  }
  return sent;
}

describe('on days on which clocks are changed', () => {
  it('a time that does not exist comes once, when the clocks have been moved', () => {
    expect(sentBetween(NIGHTLY, '2027-03-27T12:00:00Z', '2027-03-30T00:00:00Z')).toEqual([
      '2027-03-28T01:00:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
  });

  it('a time that exists twice comes once, the first time', () => {
    expect(sentBetween(NIGHTLY, '2026-10-24T12:00:00Z', '2026-10-27T00:00:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('9:00 stays 9:00', () => {
    expect(sentBetween(MORNING, '2027-03-27T12:00:00Z', '2027-03-29T12:00:00Z')).toEqual([
      '2027-03-28T07:00:00.000Z',
      '2027-03-29T07:00:00.000Z',
    ]);
  });

  it('in other zones too: New York, and Lord Howe with its half hour', () => {
    expect(sentBetween({ schedule: '30 1 * * *', timezone: 'America/New_York' }, '2026-10-31T12:00:00Z', '2026-11-03T00:00:00Z')).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-02T06:30:00.000Z',
    ]);
    expect(
      sentBetween({ schedule: '15 2 * * *', timezone: 'Australia/Lord_Howe' }, '2026-10-02T12:00:00Z', '2026-10-05T00:00:00Z'),
    ).toHaveLength(3);
  });
});

describe('what is due', () => {
  const last = at('2026-11-23T08:00:00Z');

  it('is nothing before the time, and what was sent is not due again', () => {
    expect(dueOf(MORNING, last, last)).toBeUndefined();
    expect(dueOf(MORNING, last, last + DAY - 1000)).toBeUndefined();
    expect(dueOf(MORNING, last, last + DAY)).toEqual({ dueAt: last + DAY, since: last, skipped: 0 });
    expect(dueOf(MORNING, last + DAY, last + DAY)).toBeUndefined();
  });

  it('is the latest one after an outage, late, and says how many were skipped', () => {
    expect(dueOf(MORNING, last, last + 4 * DAY + 3 * HOUR)).toEqual({ dueAt: last + 4 * DAY, since: last, skipped: 3 });
  });

  it('is too late after half of the time to the next one, or a day', () => {
    expect(dueOf(MORNING, last, last + DAY + 12 * HOUR)).toBeDefined();
    expect(dueOf(MORNING, last, last + DAY + 12 * HOUR + 1000)).toBeUndefined();
    const weekly = { schedule: '0 9 * * 1', timezone: 'UTC' };
    const monday = at('2026-11-23T09:00:00Z');
    expect(dueOf(weekly, monday - 7 * DAY, monday + DAY)).toMatchObject({ dueAt: monday });
    expect(dueOf(weekly, monday - 7 * DAY, monday + DAY + 1000)).toBeUndefined();
  });

  it('comes next at the first time after now', () => {
    expect(iso(nextOf(MORNING, last))).toBe('2026-11-24T08:00:00.000Z');
    expect(iso(latestOf(MORNING, last))).toBe('2026-11-23T08:00:00.000Z');
    expect(iso(latestOf(MORNING, last - 1))).toBe('2026-11-22T08:00:00.000Z');
  });
});

it.each([
  ['0 9 * * 1-5', undefined],
  ['*/15 8-18 * * MON-FRI', undefined],
  ['0 9 * *', /five fields .*"0 9 \* \* 1-5"/],
  ['0 0 9 * * 1', /five fields/],
  ['61 * * * *', /Invalid value for minute: 61/],
  ['0 9 31 2 *', /never comes/],
  ['every day', /five fields/],
  ['', /five fields/],
])('the schedule %j', (schedule, problem) => {
  if (problem === undefined) expect(scheduleProblem(schedule)).toBeUndefined();
  else expect(scheduleProblem(schedule)).toMatch(problem);
});

it.each([
  ['Europe/Berlin', undefined],
  ['UTC', undefined],
  ['Europe/Berlinn', /did you mean "Europe\/Berlin"/],
  ['CEST', /IANA name/],
])('the time zone %s', (timezone, problem) => {
  if (problem === undefined) expect(timezoneProblem(timezone)).toBeUndefined();
  else expect(timezoneProblem(timezone)).toMatch(problem);
});
