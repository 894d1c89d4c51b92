import { expect, it, vi } from 'vitest';
import { githubTargets } from '../../../receiver/github/targets.ts';
import { silentLogger } from '../../../receiver/log/log.ts';
import { redactorOf } from '../../../src/lib/redact.ts';

vi.mock('../../../receiver/github/dispatch-target.ts', () => {
  throw new Error('no such file');
});

it("a dispatch fails and is made again while GitHub's client cannot be loaded: nothing was sent", async () => {
  const { targets, runs, load, credentialFor } = await githubTargets(
    { github: { kind: 'token', token: 'a-token-for-tests' }, githubApiUrl: 'http://127.0.0.1:9' },
    {
      fetch: () => Promise.reject(new Error('nothing is to be sent')),
      now: () => 0,
      log: silentLogger,
      redactor: redactorOf([]),
      store: { keepRepositoryId: async () => undefined },
    },
  );
  const request = { kind: 'repository_dispatch', repository: 'acme/deploy', event_type: 'go', client_payload: {} } as const;
  const { signal } = new AbortController();
  const context = { deliveryId: 'd', eventId: 'e', conversation: null, attempts: 0, signal };
  const failed = {
    outcome: 'failed',
    ambiguous: false,
    status: null,
    detail: expect.stringMatching(/^GitHub's client cannot be loaded: /),
  };
  expect(await targets.repository_dispatch?.send(request, context)).toEqual(failed);
  expect(await targets.repository_dispatch?.findPrior(request, { ...context, runsSince: 0, sentWithin: [] })).toEqual(failed);
  expect(await runs?.get('acme/deploy', '1', undefined, signal)).toEqual(failed);
  await expect(load?.()).rejects.toThrow("GitHub's client cannot be loaded");
  expect(credentialFor({ kind: 'repository_dispatch', repository: 'acme/deploy' } as never)).toMatch(/^github:/);
});
