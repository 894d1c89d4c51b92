import { expect, test } from 'vitest';
import { wandbTargets } from '../../../receiver/wandb/targets.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { admin } from './worker-in-test.ts';

const NODE = {
  id: 'UnVuOjE=',
  name: 'abc',
  displayName: 'nightly-1',
  state: 'running',
  tags: [],
  createdAt: '2026-11-27T07:00:00',
  heartbeatAt: '2026-11-27T07:00:30',
  historyKeys: null,
};

test('a run is stopped from inside workerd', async () => {
  const documents: string[] = [];
  const wandb: typeof globalThis.fetch = async (_input, init) => {
    const { query } = JSON.parse(String(init?.body)) as { query: string };
    documents.push(query);
    const runs = { edges: [{ cursor: 'a', node: NODE }], pageInfo: { hasNextPage: false, endCursor: 'a' } };
    return Response.json({ data: query.includes('stopRun') ? { stopRun: { success: true } } : { project: { runs } } });
  };
  const runtime = { fetch: wandb, now: Date.now, random: Math.random, redactor: redactorOf([]) };
  const { wandb_stop: target } = wandbTargets({ wandbApiKey: 'a-key-of-wandb', wandbBaseUrl: 'https://api.wandb.test' }, runtime);
  const context = { deliveryId: 'd', eventId: 'e', conversation: null, attempts: 0, signal: new AbortController().signal };
  const request = { kind: 'wandb_stop', entity: 'acme', project: 'train', run: 'abc', is_id: true } as const;

  expect(navigator.userAgent).toBe('Cloudflare-Workers');
  expect(await target?.send(request, context)).toEqual({
    outcome: 'delivered',
    status: 200,
    run: null,
    detail: 'asked W&B to stop acme/train/abc (nightly-1)',
  });
  expect(documents.at(-1)).toContain('stopRun');
});

test('what the engine evaluates can be asked for with the admin token', async () => {
  const answer = await admin('/automations');

  expect([answer.status, answer.body]).toEqual([200, { automations: [], configured: [], projects: [] }]);
});
