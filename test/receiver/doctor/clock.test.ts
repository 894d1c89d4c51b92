import { expect, it } from 'vitest';
import { checkClock } from '../../../receiver/doctor/clock.ts';

const THEIRS = Date.parse('2026-11-27T12:00:00Z');
const date = 'Fri, 27 Nov 2026 12:00:00 GMT';

it.each([
  [0, 'ok', "agrees with api.github.com's"],
  [9_000, 'ok', "agrees with api.github.com's"],
  [30_000, 'warning', "is 29 seconds ahead of api.github.com's: set it, by NTP for instance"],
  [-30_000, 'warning', "is 30 seconds behind api.github.com's: set it, by NTP for instance"],
  [90_000, 'problem', "is 89 seconds ahead of api.github.com's: set it, by NTP for instance"],
  [-90_000, 'problem', "is 90 seconds behind api.github.com's: set it, by NTP for instance"],
])('a clock that is %s ms ahead', (ahead, state, detail) => {
  const at = THEIRS + ahead;
  expect(checkClock({ date, askedAt: at, answeredAt: at }, 'api.github.com')).toMatchObject({ state, detail });
});

it('an answer that took long says less', () => {
  expect(checkClock({ date, askedAt: THEIRS - 20_000, answeredAt: THEIRS + 20_000 }, 'api.github.com').state).toBe('ok');
});

it('a server without a clock', () => {
  expect(checkClock({ date: null, askedAt: 0, answeredAt: 0 }, 'git.example')).toMatchObject({ state: 'unknown' });
});
