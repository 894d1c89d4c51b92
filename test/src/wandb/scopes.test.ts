import { describe, expect, it } from 'vitest';
import type { SingleScope } from '../../../src/automation/automation.ts';
import { resolveScopes } from '../../../src/wandb/scopes.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbStandInOptions } from '../../stand-ins/wandb-server.ts';
import { acmeWorld, type WandbWorld } from '../../stand-ins/wandb-world.ts';
import { ACME, ACME_ORG_ENTITY, DATASET_A, errorOf, REGISTRY_MODEL, RESNET50, successOf, TRAIN } from './trigger-samples.ts';

async function resolve(scopes: readonly SingleScope[], options: WandbStandInOptions & { organization?: string; entity?: string } = {}) {
  const server = await wandbServer(options);
  const { client } = testClient(server);
  const result = await resolveScopes(client, scopes, options.entity ?? 'acme', options.organization);
  return { result, server, requests: client.requests };
}

/** The one error of the one scope. */
async function complaint(scope: SingleScope, world: WandbWorld = acmeWorld(), options: WandbStandInOptions = {}): Promise<string> {
  const { result } = await resolve([scope], { world, ...options });
  const [first] = successOf(result).scopes;
  if (first === undefined) throw new Error('no answer');
  expect(errorOf(first)).toMatchObject({ kind: 'not_found', status: null });
  return errorOf(first).message;
}

describe('scopes', () => {
  it.each<[SingleScope, object]>([
    [{ project: 'train' }, { type: 'PROJECT', id: TRAIN, description: 'project train' }],
    [{ project: 'acme/train' }, { type: 'PROJECT', id: TRAIN, description: 'project acme/train' }],
    [
      { project: 'train', collection: 'dataset-a' },
      { type: 'ARTIFACT_COLLECTION', id: DATASET_A, description: 'project train, collection dataset-a' },
    ],
    [{ registry: 'model' }, { type: 'PROJECT', id: REGISTRY_MODEL, description: 'registry model' }],
    [
      { collection: 'resnet50', registry: 'model' },
      { type: 'ARTIFACT_COLLECTION', id: RESNET50, description: 'registry model, collection resnet50' },
    ],
    [{ team: 'acme' }, { type: 'ENTITY', id: ACME, description: 'team acme' }],
    [{ organization: 'acme-org' }, { type: 'ENTITY', id: ACME_ORG_ENTITY, description: 'organization acme-org' }],
  ])('%o is found', async (scope, expected) => {
    expect(successOf((await resolve([scope])).result).scopes).toEqual([{ ok: true, value: expected }]);
  });

  it('are answered in their order, wherever the organization comes from', async () => {
    const scopes: SingleScope[] = [{ registry: 'model' }, { project: 'nope' }, { project: 'train' }];
    for (const organization of [undefined, 'acme-org']) {
      const { result } = await resolve(scopes, organization === undefined ? {} : { organization });
      expect(successOf(result).scopes.map((scope) => (scope.ok ? scope.value.id : 'error'))).toEqual([REGISTRY_MODEL, 'error', TRAIN]);
    }
  });

  it('name the owners whose automations are listed, even when there are no scopes', async () => {
    expect(successOf((await resolve([])).result).owners).toEqual({
      entities: ['acme'],
      organizations: [{ name: 'acme-org', entity: 'acme-org-entity' }],
    });
    const world = acmeWorld();
    world.addProject(world.addEntity('vision'), 'eval');
    world.addOrganization('second-org', []);
    const scopes: SingleScope[] = [{ project: 'vision/eval' }, { organization: 'second-org' }, { team: 'acme' }];
    expect(successOf((await resolve(scopes, { world })).result).owners).toEqual({
      entities: ['acme', 'vision'],
      organizations: [
        { name: 'acme-org', entity: 'acme-org-entity' },
        { name: 'second-org', entity: 'second-org-entity' },
      ],
    });
  });

  it('cost the same few requests for five automations and for five hundred', async () => {
    const world = acmeWorld();
    const scopes: SingleScope[] = [];
    for (let i = 0; i < 100; i++) {
      world.addCollection(world.project('train'), `data-${i}`);
      scopes.push({ project: 'train' }, { registry: 'model' }, { registry: 'model', collection: 'resnet50' }, { team: 'acme' });
      scopes.push({ project: 'train', collection: `data-${i}` });
    }
    const many = await resolve(scopes, { world });
    expect(successOf(many.result).scopes.filter((scope) => !scope.ok)).toEqual([]);
    expect(many.requests).toBe(3);
    expect((await resolve(scopes.slice(0, 5), { world })).requests).toBe(3);
  });

  it.each(['applied', 'ignored', 'refused'] as const)(
    'find a collection far down the list when filters are %s',
    async (collectionFilters) => {
      const world = acmeWorld();
      for (let i = 0; i < 30; i++) world.addCollection(world.project('train'), `data-${i}`);
      const { result } = await resolve([{ project: 'train', collection: 'data-29' }], { world, collectionFilters, pageSize: 7 });
      expect(successOf(result).scopes[0]?.ok).toBe(true);
    },
  );

  it('prefer what runs log to over a portfolio of the same name, and take a portfolio where there is nothing else', async () => {
    const world = acmeWorld();
    const train = world.project('train');
    const portfolio = world.addCollection(train, 'dataset-a', undefined, 'ArtifactPortfolio');
    const only = world.addCollection(train, 'linked', undefined, 'ArtifactPortfolio');
    world.collections.unshift(...world.collections.splice(world.collections.indexOf(portfolio), 1));
    const scopes: SingleScope[] = [
      { project: 'train', collection: 'dataset-a' },
      { project: 'train', collection: 'linked' },
    ];
    const { result } = await resolve(scopes, { world });
    expect(successOf(result).scopes.map((scope) => (scope.ok ? scope.value.id : undefined))).toEqual([DATASET_A, only.id]);
  });
});

describe('a scope that does not exist', () => {
  it('is answered with the projects of the team', async () => {
    const world = acmeWorld();
    world.addProject(world.entity('acme'), 'eval');
    expect(await complaint({ project: 'trian' }, world)).toBe('no project trian in team acme; there are train, eval (did you mean train?)');
    expect(await complaint({ project: 'trian' }, world, { pageSize: 1 })).toContain('train, eval');
  });

  it('is answered with the registries of the organization', async () => {
    expect(await complaint({ registry: 'modle' })).toBe('no registry modle of acme-org-entity; there is model (did you mean model?)');
  });

  it('is answered with the collections of the project or registry', async () => {
    expect(await complaint({ project: 'train', collection: 'dataset-b' })).toBe(
      'no collection dataset-b in project train; there is dataset-a (did you mean dataset-a?)',
    );
    expect(await complaint({ registry: 'model', collection: 'bert' })).toBe('no collection bert in registry model; there is resnet50');
  });

  it('is answered with the first ten of many', async () => {
    const world = acmeWorld();
    for (let i = 0; i < 20; i++) world.addCollection(world.project('train'), `d${i}`);
    const said = await complaint({ project: 'train', collection: 'zzzz' }, world, { pageSize: 6 });
    expect(said).toBe('no collection zzzz in project train; there are dataset-a, d0, d1, d2, d3, d4, d5, d6, d7, d8 and 11 more');
  });

  it('in a project that does not exist is answered for the project', async () => {
    expect(await complaint({ project: 'eval', collection: 'x' })).toContain('no project eval in team acme');
  });

  it('is answered with the teams and organizations that the key can see', async () => {
    expect(await complaint({ team: 'acne' })).toContain('no team acne that the API key can see; there');
    expect(await complaint({ team: 'acne' })).toContain('(did you mean acme?)');
    expect(await complaint({ project: 'acne/train' })).toContain('no team acne');
    expect(await complaint({ organization: 'acme-corp' })).toContain(
      'no organization acme-corp that the API key can see; there is acme-org',
    );
  });

  it('costs one listing for each project or team that lacks something', async () => {
    const scopes = Array.from({ length: 40 }, (_none, i): SingleScope => ({ project: 'train', collection: `missing-${i}` }));
    expect((await resolve(scopes)).requests).toBe(4);
  });

  it('is a registry of a team without an organization', async () => {
    const world = acmeWorld();
    world.entity('acme').organization = null;
    expect(await complaint({ registry: 'model' }, world)).toContain('belongs to no organization');
  });
});

describe('without the team or the organization itself', () => {
  it('nothing is resolved', async () => {
    expect(errorOf((await resolve([], { entity: 'acne' })).result)).toMatchObject({
      kind: 'not_found',
      message: expect.stringContaining('no team acne'),
    });
    expect(errorOf((await resolve([], { organization: 'acme-corp' })).result)).toMatchObject({
      kind: 'not_found',
      message: expect.stringContaining('no organization acme-corp'),
    });
  });

  it('an error of W&B is passed on', async () => {
    const server = await wandbServer();
    server.fail({ status: 403 });
    expect(errorOf(await resolveScopes(testClient(server).client, [], 'acme')).kind).toBe('forbidden');
  });
});
