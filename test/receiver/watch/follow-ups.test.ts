import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunView } from '../../../receiver/store/run.ts';
import type { RunChange } from '../../../receiver/store/run-change.ts';
import { followUpsOf } from '../../../receiver/watch/follow-ups.ts';

const queued: RunView = { id: '1', url: null, status: 'queued', conclusion: null, attempt: 1, startedAt: 0, endedAt: null };
const failed: RunView = { ...queued, status: 'completed', conclusion: 'failure', endedAt: 3_725_000 };

function changeOf(before: RunView, after: RunView, repository = 'acme/deploy'): RunChange {
  const conversations = [
    { key: 'c1', channel: '#ml' },
    { key: 'c2', channel: '#ops' },
  ];
  return { deliveryId: 'd', eventId: 'e', route: 'deploy', repository, before, after, conversations };
}

const follows = followUpsOf({
  newId: () => 'new',
  commitStatus: {
    commitOf: () => ({ repository: 'acme/train', sha: 'a'.repeat(40) }),
    credentialFor: (repository) => `github:${repository}`,
  },
});

describe('what follows from the end of a run', () => {
  it('is the status of the commit', () => {
    expect(
      follows(changeOf(queued, failed)).map(({ orderKey, credential, conversation }) => ({ orderKey, credential, conversation })),
    ).toEqual([{ orderKey: expect.stringContaining('acme/train'), credential: 'github:acme/train', conversation: undefined }]);
  });

  it('is nothing before the end, and nothing once more for the same attempt', () => {
    expect(follows(changeOf(queued, { ...queued, status: 'in_progress' }))).toEqual([]);
    expect(follows(changeOf(failed, { ...failed, conclusion: 'timed_out' }))).toEqual([]);
    expect(follows(changeOf(failed, { ...failed, attempt: 2 }))).toHaveLength(1);
  });

  it('describes the run within the 140 characters that GitHub allows', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer(), fc.nat(), (repository, endedAt, attempt) => {
        const deliveries = follows(changeOf(queued, { ...failed, endedAt, attempt }, repository));
        const status = deliveries.flatMap(({ request }) => (request?.kind === 'commit_status' ? [request] : []));
        expect(status).toHaveLength(1);
        expect(status[0]?.description.length).toBeLessThanOrEqual(140);
      }),
    );
    const [status] = follows(changeOf(queued, failed));
    expect(status?.request).toMatchObject({ description: 'The workflow in acme/deploy failed after 1 h 2 min' });
  });
});
