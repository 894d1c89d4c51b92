import { expect, it } from 'vitest';
import type { KnownBlock } from '../../../receiver/slack/blocks.ts';
import { homeView } from '../../../receiver/slack/home-view.ts';
import { approvalView, CONTEXT, deliveryView, eventView, readable } from './message-samples.ts';

const NOTHING = { recent: [], waiting: [], failed: [], counts: { events: {}, deliveries: {}, rejected: 0 } };

it('shows open approvals, failed deliveries and recent events', () => {
  const view = homeView(
    {
      recent: [eventView(), eventView(undefined, { outcome: 'duplicate' })],
      waiting: [
        { approval: approvalView(), event: eventView() },
        { approval: approvalView({ channel: 'C0ASKED' }), event: undefined },
      ],
      failed: [deliveryView({ state: 'dead', reason: 'HTTP 404' })],
      counts: { events: { routed: 1, duplicate: 1 }, deliveries: { held: 1, dead: 1, pending: 2, in_flight: 1 }, rejected: 1 },
      throttles: [{ credential: 'app:acme', until: CONTEXT.now, reason: 'rate <limit>' }],
    },
    CONTEXT,
  );
  expect(view.type).toBe('home');
  expect(readable(view.blocks as KnownBlock[])).toEqual([
    '# wandb-relay',
    '_2 events; deliveries: 0 delivered, 3 waiting, retrying or sending, 1 awaiting approval, 1 failed; 1 request refused. As of 2026-11-21 03:10 UTC._',
    '_*app:acme* is throttled until 2026-11-21 03:10 UTC: rate &lt;limit&gt;_',
    '--- divider',
    '# Awaiting approval',
    '*ada* gave *resnet50* *v12* the alias *production*',
    'route *deploy*, asked in #ml-deploys, expires 2026-11-22 03:00 UTC',
    'event event-1',
    'route *deploy*, asked in <#C0ASKED>, expires 2026-11-22 03:00 UTC',
    '--- divider',
    '# Failed deliveries',
    '*deploy* in <https://github.com/acme/deploy|acme/deploy> (route deploy), 2026-11-21 03:01 UTC',
    'failed: HTTP 404 (delivery delivery-1)',
    '--- divider',
    '# Recent events',
    '*ada* gave *resnet50* *v12* the alias *production*',
    '2026-11-21 03:00 UTC in acme/vision',
    '*ada* gave *resnet50* *v12* the alias *production* (a duplicate)',
    '2026-11-21 03:00 UTC in acme/vision',
  ]);
});

it('says when a list is empty', () => {
  expect(readable(homeView(NOTHING, CONTEXT).blocks as KnownBlock[]).filter((line) => line.startsWith('_'))).toEqual([
    '_0 events; deliveries: 0 delivered, 0 waiting, retrying or sending, 0 awaiting approval, 0 failed; 0 requests refused. As of 2026-11-21 03:10 UTC._',
    '_Nothing awaits approval._',
    '_No delivery failed._',
    '_Nothing has arrived yet._',
  ]);
});

it('shows ten of each and counts the rest', () => {
  const recent = Array.from({ length: 25 }, (_, index) => eventView(undefined, { id: `event-${index}` }));
  const lines = readable(homeView({ ...NOTHING, recent }, CONTEXT).blocks as KnownBlock[]);
  expect(lines.filter((line) => line.startsWith('*ada*'))).toHaveLength(10);
  expect(lines.at(-1)).toBe('_and 15 more_');
});
