import { expect, test } from 'vitest';
import { keptMetrics } from '../../../receiver/metrics/kept-metrics.ts';
import { failed, ScriptedOutbox } from './scripted-outbox.ts';

test('attempts are counted, and deliveries once their sending has ended', async () => {
  const metrics = keptMetrics(undefined, () => undefined);
  const box = new ScriptedOutbox({ metrics });
  box.outbox.start();
  await box.accept('e1', { send: [failed, failed] });
  await box.until('d-e1', 'delivered');
  await box.accept('e2', { send: [{ outcome: 'refused', status: 404, detail: 'no such repository' }] });
  await box.until('d-e2', 'dead');
  await box.outbox.stop(0);

  const { counters, histograms } = metrics.counts();
  expect(counters).toMatchObject({
    attempts: {
      '["repository_dispatch","failed"]': 2,
      '["repository_dispatch","delivered"]': 1,
      '["repository_dispatch","refused"]': 1,
    },
    deliveries: { '["repository_dispatch","delivered"]': 1, '["repository_dispatch","dead"]': 1 },
  });
  const timesOf = (name: 'attemptTime' | 'deliveryTime') =>
    histograms[name]?.['["repository_dispatch"]']?.counts.reduce((sum, count) => sum + count, 0);
  expect([timesOf('attemptTime'), timesOf('deliveryTime')]).toEqual([4, 1]);
});
