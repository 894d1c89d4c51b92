import { describe, expect, it } from 'vitest';
import { commitStatusTarget } from '../../../receiver/github/commit-status-target.ts';
import type { Permission } from '../../../receiver/github/credentials.ts';
import { type ScriptedAnswer, scriptedServer } from '../../stand-ins/scripted-server.ts';

const SHA = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';
const request = {
  kind: 'commit_status',
  repository: 'acme/train',
  sha: SHA,
  state: 'success',
  context: 'wandb-relay/deploy',
  description: 'The workflow in acme/deploy succeeded',
  target_url: 'https://github.example/runs/1',
} as const;
const context = { deliveryId: 'd', eventId: 'e', conversation: null, attempts: 0, signal: new AbortController().signal };

async function target(...answers: ScriptedAnswer[]) {
  const server = await scriptedServer(...answers);
  const asked: Permission[] = [];
  const credentials = {
    kind: 'token',
    credentialFor: () => 'github',
    token: async (_repository: string, permission: Permission) => {
      asked.push(permission);
      return { token: 'ghp_x', createdAt: undefined };
    },
  } as const;
  const { send, findPrior: look } = commitStatusTarget({ credentials, apiUrl: server.url, fetch, now: () => 0 });
  return { send, look, asked, requests: server.requests };
}

describe('a commit status', () => {
  it('is posted as GitHub documents it, with no more permission than that', async () => {
    const { send, asked, requests } = await target({ status: 201, body: {} });
    expect(await send(request, context)).toMatchObject({ outcome: 'delivered', status: 201, run: null });
    expect(asked).toEqual([{ statuses: 'write' }]);
    const { state, description, target_url } = request;
    const body = { state, description, target_url, context: 'wandb-relay/deploy' };
    expect(requests).toMatchObject([{ method: 'POST', url: `/repos/acme/train/statuses/${SHA}`, body }]);
  });

  it('has no link when the run has none', async () => {
    const { send, requests } = await target({ status: 201, body: {} });
    await send({ ...request, target_url: null }, context);
    expect(requests[0]?.body).not.toHaveProperty('target_url');
  });

  it.each([
    [403, 'Resource not accessible', /give it "Commit statuses: read and write"/],
    [404, 'Not Found', /acme\/train does not exist, or GITHUB_TOKEN may not see it/],
    [422, `No commit found for SHA: ${SHA}`, /acme\/train has no commit a94a8fe5.*was the commit pushed there\?/],
  ])('is refused by %i (%s) and says what to fix', async (status, message, hint) => {
    const { send } = await target({ status, body: { message } });
    expect(await send(request, context)).toMatchObject({ outcome: 'refused', status, detail: expect.stringMatching(hint) });
  });

  it('is sent again after an unclear answer without looking: the latest counts', async () => {
    const { send, look } = await target({ status: 502, body: 'oops' });
    expect(await send(request, context)).toMatchObject({ outcome: 'failed', ambiguous: true });
    expect(await look(request, { ...context, runsSince: 0, sentWithin: [] })).toEqual({ outcome: 'not_found' });
  });
});
