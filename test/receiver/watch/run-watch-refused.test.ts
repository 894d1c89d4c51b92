import { describe, expect, it } from 'vitest';
import type { DispatchRequest } from '../../../src/route/target.ts';
import { FollowedRuns, HOUR, MINUTE, SECOND } from './followed-runs.ts';

const byHand: DispatchRequest = {
  kind: 'workflow_dispatch',
  repository: 'acme/deploy',
  workflow: 'train.yml',
  ref: 'main',
  inputs: { delivery_id: 'd-e1' },
};

describe('what GitHub refuses', () => {
  it('says which permission is missing, and warns once', async () => {
    const followed = await FollowedRuns.start();
    followed.github.forbidReading('acme/deploy');
    const ids = [await followed.dispatch('e1'), await followed.dispatch('e2')];
    await followed.pass(HOUR);
    for (const id of ids) {
      expect(await followed.runOf(id)).toMatchObject({ status: 'unknown' });
      expect(await followed.notesOf(id)).toEqual([
        expect.stringContaining('GITHUB_TOKEN needs the permission "Actions: read" for acme/deploy'),
      ]);
    }
    expect(followed.warnings()).toEqual([expect.stringContaining('Actions: read')]);
  });

  it('does not give a run up because the token has expired', async () => {
    const followed = await FollowedRuns.start();
    const id = await followed.dispatch('e1');
    followed.github.failReads({ status: 401, message: 'Bad credentials' }, { status: 401, message: 'Bad credentials' });
    await followed.pass(30 * SECOND);
    expect(await followed.runOf(id)).toMatchObject({ status: 'expected' });
    await followed.pass(MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'queued' });
    expect(followed.warnings()).toEqual([expect.stringContaining('has expired')]);
  });

  it('asks rarely for a run that is gone', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1', byHand);
    await followed.pass(MINUTE);
    const gone = { status: 404, message: 'Not Found' };
    followed.github.failReads(...Array.from({ length: 1000 }, () => gone));
    await followed.pass(10 * MINUTE);
    const before = followed.github.reads.length;
    await followed.pass(24 * HOUR);
    expect(followed.github.reads.length - before).toBeLessThan(26);
  });

  it('holds the credential back on a rate limit and asks nothing until it ends', async () => {
    const followed = await FollowedRuns.start();
    const id = await followed.dispatch('e1');
    followed.github.failReads({ status: 403, headers: { 'retry-after': '120' }, message: 'You have exceeded a secondary rate limit' });
    await followed.pass(10 * SECOND);
    const [held] = await followed.store.throttles(followed.now);
    expect(held).toMatchObject({ reason: expect.stringContaining('rate limit'), until: expect.any(Number) });
    await followed.pass(100 * SECOND);
    expect(followed.github.reads).toHaveLength(1);
    await followed.pass(MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'queued' });
  });

  it('asks nothing more in the same look once there is a limit, or GitHub is down', async () => {
    const limit = { status: 429, headers: { 'retry-after': '120' } };
    for (const [fault, requests] of [
      [limit, 1],
      [{ status: 502 }, 3],
    ] as const) {
      const followed = await FollowedRuns.start();
      for (const id of ['e1', 'e2', 'e3', 'e4', 'e5']) await followed.dispatch(id, byHand);
      followed.now += 10 * SECOND;
      followed.github.failReads(fault, fault, fault, fault, fault);
      await followed.watch.runOnce();
      expect(followed.github.reads).toHaveLength(requests);
    }
  });

  it('holds the credential back when an answer used up the allowance', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1', byHand);
    const until = followed.now + 30 * MINUTE;
    const usedUp = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(until / 1000) };
    followed.github.failReads({ status: 403, headers: usedUp, message: 'API rate limit exceeded' });
    await followed.pass(10 * MINUTE);
    expect(await followed.store.throttles(followed.now)).toMatchObject([{ until }]);
    expect(followed.github.reads).toHaveLength(1);
  });
});
