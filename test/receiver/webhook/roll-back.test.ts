import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PromotionView } from '../../../receiver/store/ledger.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { acceptInBatches } from '../../../receiver/webhook/accept-batch.ts';
import { rollBackWith, targetIn } from '../../../receiver/webhook/roll-back.ts';
import { planEvent } from '../../../receiver/webhook/route-event.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { digest } from '../../../src/lib/digest.ts';
import { idsFrom } from '../../../src/lib/id.ts';
import { compileRoute, routeMatches } from '../../../src/route/route.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { reportOf } from '../store/conversation-samples.ts';
import { claim, MINUTE, succeed, T0 } from '../store/samples.ts';

const EVENT: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'vision',
  collection: 'resnet50',
  alias: 'production',
  author: 'ci-bot',
};
const KEY = digest(promotionOf({ ...EVENT, version: 'any' })!.aliasKey);

/** v1 is deployed, v2 has the alias and failed. The one route is for what `ci-bot` does, and reads the body. */
async function twoVersions() {
  const store = sqliteStore(openMigrated());
  onTestFinished(() => store.close());
  const route = compileRoute({
    name: 'deploy',
    on: { author: 'ci-bot' },
    cooldown: 3_600_000,
    to: [
      {
        repository_dispatch: {
          repository: 'acme/deploy',
          event_type: 'go',
          client_payload: { event: '{{ event }}', note: '{{ event.payload.note }}', who: '{{ event.payload.event_author }}' },
        },
      },
    ],
  });
  const clock = { now: T0 };
  const options = {
    matchRoutes: (event: RelayEvent, payload: never) => (routeMatches(route, event, payload) ? [route] : []),
    credentialFor: () => 'github',
    newId: idsFrom(
      () => clock.now,
      () => randomBytes(16),
    ),
    connected: { slack: false, wandb: false },
  };
  const plan = { ...options, matchRoutes: options.matchRoutes as never };
  for (const [version, conclusion] of [
    ['v1', 'success'],
    ['v2', 'failure'],
  ] as const) {
    const body = JSON.stringify({ note: `of ${version}`, event_author: 'ci-bot' });
    const event = { ...EVENT, version };
    const planned = planEvent({ event, payload: JSON.parse(body), body, bodyHash: body, receivedAt: clock.now }, plan);
    await store.accept([planned], { dedupeWindowMs: 0 });
    await store.keepEnrichment(planned.id, { artifact: { type: 'model' } });
    for (const claimed of await claim(store, clock.now)) {
      await succeed(store, claimed, clock.now);
      const report = { runId: claimed.id, title: claimed.id, createdAt: clock.now, endedAt: clock.now, conclusion };
      await store.recordRuns([reportOf('completed', report)], clock.now, () => []);
    }
    clock.now += 2 * 60 * MINUTE;
  }
  const accept = acceptInBatches(store, 0, () => clock.now);
  const rollBack = rollBackWith({ ...plan, store, accept, now: () => clock.now, app: () => ({ url: 'https://wandb.example' }) });
  return { store, rollBack, clock };
}

describe('a rollback', () => {
  it('goes to what the routes matched then, with the body that arrived then, and names who asked', async () => {
    const { store, rollBack } = await twoVersions();
    const result = await rollBack({ aliasKey: KEY, by: 'ada' });
    expect(result).toMatchObject({ ok: true, value: { version: 'v1', holder: 'v2', isHeld: false } });
    if (!result.ok) return;
    expect(result.value.link).toEqual({ kind: 'artifact', url: 'https://wandb.example/acme/vision/artifacts/model/resnet50/v1' });
    const [delivery] = await store.deliveries({ limit: 1 });
    expect(delivery?.request).toMatchObject({
      client_payload: {
        note: 'of v1',
        who: 'ci-bot',
        event: { version: 'v1', author: 'ada', rollback: true, replaces: { version: 'v2', since: expect.any(String) } },
      },
    });
  });

  it('is possible when the event is no longer stored: with a body as our automations send it', async () => {
    const { store, rollBack, clock } = await twoVersions();
    await store.prune({ before: clock.now, limit: 99 });
    expect(await rollBack({ aliasKey: KEY, by: 'ada' })).toMatchObject({ ok: true });
    const [event] = await store.events({ limit: 1 });
    expect(JSON.parse(event?.body ?? '')).toMatchObject({
      relay: 1,
      event: 'add_artifact_alias',
      artifact_version: 'v1',
      alias: 'production',
    });
  });

  it('is refused with a reason', async () => {
    const { store, rollBack } = await twoVersions();
    const errors = [
      [{ aliasKey: 'none' }, 'nothing is known of this alias'],
      [{ aliasKey: KEY, to: 'v2' }, 'v2 has the alias: to send it again, replay its delivery'],
      [{ aliasKey: KEY, to: 'v9' }, 'v9 is not known to have been deployed successfully; deployed were v1'],
      [{ aliasKey: KEY, from: 'v0' }, 'v0 is not what is deployed any more: v2 is'],
    ] as const;
    for (const [request, error] of errors) expect(await rollBack({ ...request, by: 'ada' })).toEqual({ ok: false, error });
    await rollBack({ aliasKey: KEY, by: 'ada' });
    expect(await rollBack({ aliasKey: KEY, by: 'bob' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('is under way already'),
    });
    expect(await store.events({ limit: 9 })).toHaveLength(3);
  });
});

describe('the version to go back to', () => {
  const promotion = (version: string | null, deployedAt: number | null): PromotionView => ({
    version,
    deployedAt,
    artifact: null,
    since: 0,
    by: null,
    origin: 'event',
    eventId: null,
    replaced: null,
    run: null,
  });

  it('is the one that was deployed last, apart from what has the alias', () => {
    expect(targetIn([promotion('v3', null), promotion('v2', 20), promotion('v1', 30)], undefined)).toEqual({ ok: true, value: 'v1' });
    expect(targetIn([promotion('v3', 40), promotion('v2', 20)], undefined)).toEqual({ ok: true, value: 'v2' });
    expect(targetIn([promotion(null, null), promotion('v2', 20)], undefined)).toEqual({ ok: true, value: 'v2' });
    expect(targetIn([promotion('v3', 40)], undefined)).toMatchObject({ ok: false });
  });
});
