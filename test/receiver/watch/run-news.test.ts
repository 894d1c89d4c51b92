import { describe, expect, it } from 'vitest';
import { commitStatusTarget } from '../../../receiver/github/commit-status-target.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { CommitLookup } from '../../../receiver/watch/record-runs.ts';
import type { DispatchRequest, TargetRequest } from '../../../src/route/target.ts';
import { claim } from '../store/samples.ts';
import { FollowedRuns, HOUR, MINUTE, SECOND, TOKEN } from './followed-runs.ts';

const SHA = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';
const byHand: DispatchRequest = {
  kind: 'workflow_dispatch',
  repository: 'acme/deploy',
  workflow: 'train.yml',
  ref: 'main',
  inputs: { delivery_id: 'd-e1' },
};
const trained: CommitLookup = { commitOf: () => ({ repository: 'acme/train', sha: SHA }), credentialFor: () => 'github' };

async function commitStatuses(followed: FollowedRuns): Promise<Extract<TargetRequest, { kind: 'commit_status' }>[]> {
  const deliveries = await followed.store.deliveries({ limit: 1000 });
  return deliveries.flatMap(({ request }) => (request?.kind === 'commit_status' ? [request] : [])).toReversed();
}

/** Ends the run of a dispatch and lets the watch see it. */
async function end(followed: FollowedRuns, conclusion: string): Promise<void> {
  followed.now += 90 * SECOND;
  await followed.github.advance(followed.github.runs[0]!.id, { conclusion });
  await followed.pass(MINUTE);
}

describe('what is said about the end of a run', () => {
  it.each(['failure', 'timed_out', 'startup_failure', 'cancelled'])('says %s in the thread', async (conclusion) => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1');
    await end(followed, conclusion);
    const [reply] = await followed.store.deliveries({ limit: 1 });
    expect(reply).toMatchObject({
      eventId: 'e1',
      route: 'deploy',
      target: 'slack:#ml',
      state: 'pending',
      request: {
        kind: 'slack_reply',
        conversation: 'c-e1',
        alert: { problem: 'run_failed', route: 'deploy', mention: ['U012ABC'], broadcast: true, run: { conclusion, attempt: 1 } },
      },
    });
  });

  it.each(['success', 'neutral', 'skipped', 'action_required'])('leaves %s to the head of the conversation', async (conclusion) => {
    const followed = await FollowedRuns.start();
    const id = await followed.dispatch('e1');
    await end(followed, conclusion);
    expect(await followed.runOf(id)).toMatchObject({ status: 'completed', conclusion });
    expect(await followed.alerts()).toEqual([]);
  });
});

describe('the status of the commit', () => {
  it('is not written unless it is asked for', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1');
    await end(followed, 'success');
    expect(await commitStatuses(followed)).toEqual([]);
  });

  it.each([
    ['success', 'success', 'The workflow in acme/deploy succeeded after 1 min 31 s'],
    ['failure', 'failure', 'The workflow in acme/deploy failed after 1 min 31 s'],
    ['timed_out', 'failure', 'The workflow in acme/deploy timed out after 1 min 31 s'],
  ])('of a run that ended with %s is %s, once', async (conclusion, state, description) => {
    const followed = await FollowedRuns.start({ commitStatus: trained });
    await followed.dispatch('e1');
    await end(followed, conclusion);
    await followed.pass(HOUR);
    const target_url = followed.github.runs[0]!.html_url;
    expect(await commitStatuses(followed)).toEqual([
      { kind: 'commit_status', repository: 'acme/train', sha: SHA, state, context: 'wandb-relay/deploy', description, target_url },
    ]);
  });

  it('is not touched by a run that was cancelled', async () => {
    const followed = await FollowedRuns.start({ commitStatus: trained });
    await followed.dispatch('e1');
    await end(followed, 'cancelled');
    expect(await commitStatuses(followed)).toEqual([]);
    expect(await followed.alerts()).toHaveLength(1);
  });

  it('is written to no repository of another owner, whatever the event says', async () => {
    const elsewhere = { ...trained, commitOf: () => ({ repository: 'other/train', sha: SHA }) };
    const followed = await FollowedRuns.start({ commitStatus: elsewhere });
    const id = await followed.dispatch('e1');
    await end(followed, 'success');
    expect(await followed.runOf(id)).toMatchObject({ conclusion: 'success' });
    expect(await commitStatuses(followed)).toEqual([]);
  });

  it('is looked up for the event of the run, also when only the run tells which it is', async () => {
    const asked: string[] = [];
    const lookup: CommitLookup = {
      ...trained,
      commitOf: async (event) => {
        asked.push(event.id);
        return { repository: 'acme/train', sha: SHA };
      },
    };
    const followed = await FollowedRuns.start({ commitStatus: lookup });
    await followed.dispatch('e0');
    await followed.dispatch('e1', byHand);
    const run = followed.github.runs[1]!;
    const report = { repository: 'acme/deploy', runId: String(run.id), url: run.html_url, title: run.display_title, event: run.event };
    const ended = { ...report, status: 'completed', conclusion: 'success', attempt: 1, createdAt: followed.now, startedAt: null } as const;
    // As a webhook does it: nobody asked, and the title is the workflow's own.
    await followed.record([{ ...ended, endedAt: null }]);
    await followed.record([{ ...ended, endedAt: null }]);
    expect(asked).toEqual(['e1']);
    expect(await commitStatuses(followed)).toHaveLength(1);
  });

  it('needs no look-up of the delivery when it was asked about', async () => {
    const wrap = (store: Store): Store => ({ ...store, deliveries: async () => [] });
    const asked: string[] = [];
    const commitOf = (event: { readonly id: string }) => void asked.push(event.id);
    const followed = await FollowedRuns.start({ commitStatus: { ...trained, commitOf }, wrap });
    await followed.dispatch('e1', byHand);
    await end(followed, 'success');
    expect(asked).toEqual(['e1']);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('W&B answered 502'))],
    ['takes too long', () => new Promise<undefined>(() => {})],
  ])('is left out when the look-up %s; everything else goes on', async (_how, commitOf) => {
    const followed = await FollowedRuns.start({ commitStatus: { ...trained, commitOf, limitMs: 20 } });
    const id = await followed.dispatch('e1');
    await end(followed, 'failure');
    expect(await followed.runOf(id)).toMatchObject({ conclusion: 'failure' });
    expect(await followed.alerts()).toHaveLength(1);
    expect(await commitStatuses(followed)).toEqual([]);
    expect(followed.warnings()).toEqual([expect.stringContaining('could not be looked up')]);
  });

  it('reaches GitHub as it was stored', async () => {
    const followed = await FollowedRuns.start({ commitStatus: trained });
    await followed.dispatch('e1');
    await end(followed, 'failure');
    const [claimed] = await claim(followed.store, followed.now, { serves: (credential) => credential === 'github' });
    const target = commitStatusTarget({
      credentials: tokenCredentials(TOKEN),
      apiUrl: followed.github.url,
      fetch,
      now: () => followed.now,
    });
    const context = { deliveryId: 'd', eventId: 'e1', conversation: null, attempts: 0, signal: new AbortController().signal };
    const request = claimed!.request as Extract<TargetRequest, { kind: 'commit_status' }>;
    expect(await target.send(request, context)).toMatchObject({
      outcome: 'delivered',
      status: 201,
      detail: 'wandb-relay/deploy is failure on acme/train@a94a8fe5cc',
    });
    expect(followed.github.statuses).toEqual([
      {
        repository: 'acme/train',
        sha: SHA,
        state: 'failure',
        context: 'wandb-relay/deploy',
        description: 'The workflow in acme/deploy failed after 1 min 31 s',
        target_url: followed.github.runs[0]!.html_url,
      },
    ]);
  });
});
