import { describe, expect, it, vi } from 'vitest';
import { sendingTimes } from '../../../receiver/outbox/sending-times.ts';
import type { SearchContext } from '../../../receiver/outbox/target.ts';
import type { Attempt, AttemptOutcome } from '../../../receiver/store/delivery.ts';
import { ScriptedOutbox, sent, unclear } from './scripted-outbox.ts';

const T0 = 1_800_000_000_000;
const HOUR = 3_600_000;
const attempt = (outcome: AttemptOutcome, startedAt: number, durationMs: number): Attempt => ({
  outcome,
  startedAt,
  durationMs,
  status: null,
  detail: '',
});

describe('when a delivery may have been sent', () => {
  it('is during its ambiguous attempts', () => {
    const attempts = [attempt('failed', T0, 10), attempt('ambiguous', T0 + HOUR, 2_000), attempt('limited', T0 + 2 * HOUR, 10)];
    expect(sendingTimes(attempts, T0)).toEqual([{ from: T0 + HOUR, to: T0 + HOUR + 2_000 }]);
  });

  it('ends with the time limit of an attempt, however late it was reclaimed', () => {
    expect(sendingTimes([attempt('ambiguous', T0, 8 * HOUR)], T0)).toEqual([{ from: T0, to: T0 + 60_000 }]);
  });

  it('is all the time since the backup that was restored', () => {
    expect(sendingTimes([attempt('ambiguous', T0, 1_000), attempt('restored', T0 + HOUR, 8 * HOUR)], T0)).toEqual([
      { from: T0, to: T0 + 1_000 },
      { from: T0 + HOUR, to: T0 + 9 * HOUR },
    ]);
  });

  it('is not before a replay', () => {
    const attempts = [attempt('ambiguous', T0, 1_000), attempt('ambiguous', T0 + HOUR, 1_000)];
    expect(sendingTimes(attempts, T0 + HOUR - 1)).toEqual([{ from: T0 + HOUR, to: T0 + HOUR + 1_000 }]);
  });
});

it('an outbox tells its target when earlier attempts may have sent it', async () => {
  const found: SearchContext[] = [];
  const attemptsOf = vi.fn(async (id: string) => (await box.store.delivery(id))?.attempts ?? []);
  const box: ScriptedOutbox = new ScriptedOutbox({ attemptsOf });
  box.outbox.start();
  const before = box.now();
  const look = (context: object) => {
    found.push(context as SearchContext);
    return { outcome: 'not_found' } as const;
  };
  await box.accept('e1', { send: [unclear, unclear, sent], look: [look, look] });
  await box.until('d-e1', 'delivered');

  expect(found.map(({ sentWithin }) => sentWithin.length)).toEqual([1, 2]);
  for (const { from, to } of found[1]?.sentWithin ?? []) {
    expect(from).toBeGreaterThanOrEqual(before);
    expect(to).toBeLessThanOrEqual(box.now());
  }
  // What was never unclear needs no search, and nobody reads its attempts.
  await box.accept('e2');
  await box.until('d-e2', 'delivered');
  expect(attemptsOf).toHaveBeenCalledTimes(2);
});
