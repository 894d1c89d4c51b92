import { expect, it } from 'vitest';
import { enrichmentSchema } from '../../../src/event/enrichment.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { fetchEnrichment } from '../../../src/wandb/enrichment.ts';
import { addArtifact, addRun } from '../../stand-ins/wandb-artifacts.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbFault } from '../../stand-ins/wandb-server.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';

const EVENT: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme-org-entity',
  project: 'wandb-registry-model',
  registry: 'model',
  collection: 'resnet50',
  version: 'v12',
  alias: 'production',
  replaces: { version: 'v11', since: '2026-02-01T00:00:00.000Z' },
};

/** v11 and v12 of the registry's resnet50, each made by a run. */
function twoVersions() {
  const world = acmeWorld();
  const train = world.project('train');
  const sequence = world.addCollection(train, 'resnet50');
  const registered = world.collections.find(({ name, project }) => name === 'resnet50' && project !== train)!;
  const big = Object.fromEntries(Array.from({ length: 900 }, (_none, i) => [`aux_${i}`, i]));
  const runs = [
    { accuracy: 0.93, 'val/loss': 0.41, _step: 5, _wandb: {} },
    { ...big, accuracy: 0.94, 'val/loss': 0.39, _step: 7 },
  ].map((summary, i) => addRun(world, train, `r${i}`, { displayName: `run ${i}`, summaryMetrics: JSON.stringify(summary) }));
  for (const [i, createdBy] of runs.entries()) addArtifact(world, sequence, { createdBy, links: new Map([[registered, 11 + i]]) });
  return world;
}

async function ask(event: RelayEvent, { compare = [] as string[], fault }: { compare?: string[]; fault?: WandbFault } = {}) {
  const server = await wandbServer({ world: twoVersions() });
  if (fault !== undefined) server.fail(fault);
  const { client } = testClient(server);
  const options = { signal: AbortSignal.timeout(20_000), appUrl: 'https://wandb.example', compare };
  const answer = await fetchEnrichment(client, { ...event, payload: {} }, options);
  if (!answer.ok) throw new Error(answer.error.message);
  expect(enrichmentSchema.safeParse(answer.value).error).toBeUndefined();
  return { wandb: answer.value, requests: client.requests };
}

it.each([
  ['its own name', EVENT],
  [
    'the name of its event',
    { ...EVENT, replaces: { ...EVENT.replaces, artifact: 'acme-org-entity/wandb-registry-model/resnet50:v11' } } as RelayEvent,
  ],
  ["a team's name", { ...EVENT, replaces: { ...EVENT.replaces, artifact: 'acme/wandb-registry-model/resnet50:v11' } } as RelayEvent],
])('the replaced version is found by %s, and its metrics beside the new ones, however long the summary is', async (_how, event) => {
  const { wandb, requests } = await ask(event, { compare: ['aux_1'] });
  expect(requests).toBe(2);
  expect(wandb?.replaced).toEqual({
    version: 'v11',
    run: expect.objectContaining({ name: 'r0', display_name: 'run 0', user: 'ada', url: 'https://wandb.example/acme/train/runs/r0' }),
    metrics: { aux_1: { before: null, now: 1 }, 'val/loss': { before: 0.41, now: 0.39 }, accuracy: { before: 0.93, now: 0.94 } },
  });
  expect(wandb?.run).toMatchObject({ name: 'r1', truncated: true, summary: { _step: 7 } });
});

it('nothing is asked about an event that replaces nothing', async () => {
  const { replaces: _none, ...first } = EVENT;
  const { wandb, requests } = await ask(first);
  expect([wandb?.replaced, requests]).toEqual([undefined, 1]);
});

it.each<[string, RelayEvent, WandbFault | undefined]>([
  ['W&B does not answer about it', EVENT, { on: { document: 'RegisteredRunByName' }, status: 503 }],
  ['W&B does not show it', { ...EVENT, replaces: { version: 'v3', since: '2026-02-01T00:00:00.000Z' } }, undefined],
])('the rest is known when %s', async (_why, event, fault) => {
  const { wandb } = await ask(event, fault === undefined ? {} : { fault });
  expect(wandb).toMatchObject({ artifact: { version: 'v12' }, run: { name: 'r1' } });
  expect(wandb).not.toHaveProperty('replaced');
});

it('a version of a project of its own is compared, too', async () => {
  const event: RelayEvent = {
    type: 'add_artifact_alias',
    source: 'default',
    entity: 'acme',
    project: 'train',
    collection: 'resnet50',
    version: 'v1',
    replaces: { version: 'v0', since: '2026-02-01T00:00:00.000Z' },
  };
  expect((await ask(event)).wandb?.replaced).toMatchObject({ version: 'v0', metrics: { accuracy: { before: 0.93, now: 0.94 } } });
});
