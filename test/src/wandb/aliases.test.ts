import { describe, expect, it } from 'vitest';
import { findAliasHolders, listAliases } from '../../../src/wandb/aliases.ts';
import { addArtifact } from '../../stand-ins/wandb-artifacts.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { CLOUD_FEATURES } from '../../stand-ins/wandb-schema.ts';
import { acmeWorld, type WandbWorld } from '../../stand-ins/wandb-world.ts';

const OLD: readonly string[] = CLOUD_FEATURES.filter((flag) => flag !== 'PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP');
const OWN = { entity: 'acme', project: 'train', collection: 'bert' };
const REGISTERED = { entity: 'acme-org-entity', project: 'wandb-registry-model', collection: 'resnet50' };

/** Project train has bert v0 to v119; every tenth is linked to the registry's resnet50, as v0 to v11. */
function versionsWorld(): WandbWorld {
  const world = acmeWorld();
  const bert = world.addCollection(world.project('train'), 'bert');
  const resnet = world.collections.find(({ name, project }) => name === 'resnet50' && project.name === 'wandb-registry-model')!;
  for (let i = 0; i < 120; i++) {
    const isLinked = i % 10 === 0;
    addArtifact(world, bert, {
      links: new Map(isLinked ? [[resnet, i / 10]] : []),
      aliases: [
        ...(i === 119 ? [{ alias: 'latest', collection: bert }] : []),
        ...(i === 3 ? [{ alias: 'best', collection: bert }] : []),
        ...(i === 110
          ? [
              { alias: 'latest', collection: resnet },
              { alias: 'v11', collection: resnet },
            ]
          : []),
        ...(i === 40 ? [{ alias: 'production', collection: resnet }] : []),
      ],
    });
  }
  return world;
}

async function asked(features: readonly string[]) {
  const server = await wandbServer({ world: versionsWorld(), features });
  const { client } = testClient(server);
  return { client, features: new Set(features) };
}

const holdersOf = async (flags: readonly string[], ...names: Parameters<typeof findAliasHolders>[2]) => {
  const { client, features } = await asked(flags);
  const found = await findAliasHolders(client, features, names);
  if (!found.ok) throw new Error(found.error.message);
  return { holders: found.value.map((holder) => (holder.ok ? holder.value : holder.error)), requests: client.requests };
};

describe('which version has an alias', () => {
  it('is known of projects and registries, by their own numbers, and that no version has it', async () => {
    const { holders } = await holdersOf(
      CLOUD_FEATURES,
      { ...OWN, alias: 'best' },
      { ...OWN, alias: 'nowhere' },
      { ...REGISTERED, alias: 'production' },
      // An event of a registry may name the team.
      { ...REGISTERED, entity: 'acme', alias: 'production' },
    );
    expect(holders).toEqual(['v3', null, 'v4', 'v4']);
  });

  it('is not taken for none where the project or the collection is not to be seen', async () => {
    const { holders } = await holdersOf(
      CLOUD_FEATURES,
      { ...OWN, project: 'gone', alias: 'best' },
      { ...OWN, collection: 'gone', alias: 'best' },
      { ...REGISTERED, project: 'wandb-registry-gone', alias: 'best' },
    );
    expect(holders).toEqual([
      'W&B shows no project gone of acme: it is gone, or the key may not see it',
      'W&B shows no version of acme/train/gone: it is gone, or the key may not see it',
      'W&B shows no registry gone of acme-org-entity: it is gone, or the key may not see it',
    ]);
  });

  it('is asked for fifty at a time', async () => {
    const names = Array.from({ length: 120 }, (_none, i) => ({ ...OWN, alias: `v${i}` }));
    const { holders, requests } = await holdersOf(CLOUD_FEATURES, ...names);
    expect([holders, requests]).toEqual([names.map(({ alias }) => alias), 3]);
  });

  it('is known of projects from an older server, and of registries not', async () => {
    const { holders } = await holdersOf(OLD, { ...OWN, alias: 'best' }, { ...OWN, alias: 'none' }, { ...REGISTERED, alias: 'production' });
    expect(holders).toEqual(['v3', null, expect.stringContaining('does not say which number')]);
  });
});

describe('the aliases of a collection', () => {
  it.each([
    ['a new server', CLOUD_FEATURES],
    ['an old server', OLD],
  ])('are found on %s, each with its version, also in a registry', async (_name, flags) => {
    const { client, features } = await asked(flags);
    const own = await listAliases(client, features, OWN);
    const registered = await listAliases(client, features, REGISTERED);
    expect([own, registered].map((listed) => listed.ok && Object.fromEntries(listed.value.holders))).toEqual([
      { latest: 'v119', best: 'v3' },
      { latest: 'v11', production: 'v4' },
    ]);
  });

  it.each([CLOUD_FEATURES, OLD])('are an error of a collection that W&B does not show', async (...flags) => {
    const { client, features } = await asked(flags);
    for (const path of [
      { ...OWN, collection: 'gone' },
      { ...OWN, project: 'gone' },
      { ...REGISTERED, collection: 'gone' },
    ]) {
      expect(await listAliases(client, features, path)).toMatchObject({ ok: false, error: { kind: 'not_found' } });
    }
  });
});
