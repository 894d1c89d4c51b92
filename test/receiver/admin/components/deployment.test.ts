import { expect, it } from 'vitest';
import { deploymentOf } from '../../../../receiver/admin/components/deployment.ts';
import type { DeliveryView } from '../../../../receiver/store/delivery.ts';
import type { RunStatus, RunView } from '../../../../receiver/store/run.ts';
import { deliveryView } from '../../slack/message-samples.ts';

const PROMOTION = { version: 'v1', origin: 'event', eventId: 'event-1', run: null } as const;

const runIn = (status: RunStatus, conclusion: string | null = null): RunView => ({
  id: '1',
  url: null,
  status,
  conclusion,
  attempt: 1,
  startedAt: null,
  endedAt: null,
});

const inState = (state: DeliveryView['state'], more: Partial<DeliveryView> = {}) => deliveryView({ state, attempts: 0, ...more });
const ran = (status: RunStatus, conclusion?: string) => inState('delivered', { run: runIn(status, conclusion) });

it.each<[string, string, readonly DeliveryView[]]>([
  ['failed', 'bad', [ran('in_progress'), inState('held'), inState('dead')]],
  ['failed', 'bad', [inState('pending'), ran('completed', 'failure')]],
  ['timed out', 'bad', [ran('completed', 'success'), ran('completed', 'timed_out')]],
  ['awaiting approval', 'wait', [inState('pending'), inState('held')]],
  ['retrying', 'wait', [ran('completed', 'success'), inState('pending', { attempts: 2 })]],
  ['waiting', 'busy', [inState('pending')]],
  ['sending', 'busy', [inState('in_flight')]],
  ['running', 'busy', [ran('in_progress')]],
  ['starting', 'busy', [ran('expected')]],
  ['run did not appear', 'bad', [ran('missing')]],
  ['sent', 'quiet', [ran('unknown')]],
  ['deployed', 'good', [ran('completed', 'success')]],
  ['superseded', 'quiet', [inState('superseded')]],
  ['not dispatched', 'quiet', [inState('dead', { target: 'slack:#ml' })]],
  ['not dispatched', 'quiet', []],
])('a deployment is %s', (word, tone, deliveries) => {
  expect(deploymentOf(PROMOTION, deliveries)).toEqual({ word, tone });
});

it('that has ended is what the ledger says', () => {
  const ended = (conclusion: string) => deploymentOf({ ...PROMOTION, run: { conclusion, url: null, endedAt: 1 } }, [inState('dead')]).word;
  expect([ended('success'), ended('failure'), ended('timed_out')]).toEqual(['deployed', 'failed', 'timed out']);
  expect(deploymentOf({ ...PROMOTION, version: null }, undefined).word).toBe('no version');
  expect(deploymentOf({ ...PROMOTION, origin: 'api', eventId: null }, undefined).word).toBe('seen in W&B');
  expect(deploymentOf({ ...PROMOTION, eventId: null }, undefined).word).toBe('not known');
});
