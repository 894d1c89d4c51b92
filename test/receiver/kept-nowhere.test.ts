import { expect, it } from 'vitest';
import { testReceiver } from '../stand-ins/receiver-in-process.ts';

it('no answer is kept on its way, or guessed at', async () => {
  const { receiver } = testReceiver({ adminToken: 'an-admin-token-for-tests' });
  const headers = { authorization: 'Bearer an-admin-token-for-tests' };
  for (const [path, with_] of [
    ['/healthz', {}],
    ['/readyz', {}],
    ['/api/status', {}],
    ['/api/status', { headers }],
    ['/api/events', { headers }],
    ['/api/nothing', { headers }],
    ['/nothing', {}],
    ['/webhooks/wandb', {}],
  ] as const) {
    const answer = await receiver.app.request(path, with_);
    expect([path, answer.headers.get('cache-control'), answer.headers.get('x-content-type-options')]).toEqual([
      path,
      'no-store',
      'nosniff',
    ]);
  }
});
