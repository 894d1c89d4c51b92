import { describe, expect, it } from 'vitest';
import type { NamespaceUse } from '../../../src/plan/claim.ts';
import { exportSync } from '../../../src/sync/export.ts';
import { testClient } from '../../stand-ins/wandb-in-test.ts';
import { configOf, definition, linesOf, markOf, wandbWithConfigs } from './acme-repository.ts';

const collection = '{ registry: model, collection: resnet50 }';
/** The mark as the first versions wrote it. */
const firstMark = (key: string) => `[wandb-relay acme/models ${key} 00000000]`;
const uses = (use: NamespaceUse) => ({ namespaceUse: () => use });

describe('two configs of one repository', () => {
  const a = configOf('a/wandb-relay.yaml', definition('on-failure') + definition('only-in-a'));
  const b = configOf('b/wandb-relay.yaml', definition('on-failure', { scope: collection }));

  it('never move, delete or list the automations of the other', async () => {
    const { server, apply, plan } = await wandbWithConfigs();
    await apply(a);
    expect(linesOf((await plan(b)).changes)).toEqual(['create on-failure']);
    await apply(b);
    expect(server.world.triggers).toHaveLength(3);
    for (const config of [a, b]) {
      const planned = await plan(config);
      expect(planned.summary).toMatchObject({ create: 0, update: 0, delete: 0, refused: 0 });
      expect((await plan(config, { prune: false })).orphans).toEqual([]);
    }
    expect((await apply(configOf('a/wandb-relay.yaml', definition('on-failure')))).steps).toEqual(['delete only-in-a']);
    expect(server.world.triggers.map(({ name }) => name)).toEqual(['on-failure', 'on-failure']);
  });

  it('are refused the same key in the same scope, with the name of the other', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(a);
    for (const same of [definition('on-failure', { alias: 'other' }), definition('renamed', { more: ', key: on-failure' })]) {
      const { plan, steps } = await apply(configOf('c/wandb-relay.yaml', same), uses('held'));
      expect(steps).toEqual([]);
      expect(plan.changes).toMatchObject([{ action: 'refused', reason: expect.stringContaining('namespace a/wandb-relay.yaml') }]);
    }
    expect(markOf(server, 'on-failure')).toContain(' a/wandb-relay.yaml on-failure ');
  });

  it('keep their namespace when it is declared, wherever the file is', async () => {
    const { apply, plan } = await wandbWithConfigs();
    await apply(configOf('a.yaml', definition('one'), 'namespace: team one\n'));
    expect(linesOf((await plan(configOf('elsewhere/b.yaml', definition('one'), 'namespace: team one\n'))).changes)).toEqual([
      'unchanged one',
    ]);
  });

  it('move an automation from one to the other by adopting it', async () => {
    const { apply } = await wandbWithConfigs();
    await apply(a);
    const moved = configOf('b/wandb-relay.yaml', definition('only-in-a', { more: ', adopt: { from: acme/models }' }));
    expect(linesOf((await apply(moved, uses('held'))).plan.changes)).toEqual([
      'update only-in-a: taken over from the namespace a/wandb-relay.yaml',
    ]);
    expect(linesOf((await apply(moved)).plan.changes)).toEqual(['unchanged only-in-a']);
    expect((await apply(configOf('a/wandb-relay.yaml', definition('on-failure')))).steps).toEqual([]);
  });
});

describe('a mark without a namespace', () => {
  it('is no change by itself, and is written again with the next change', async () => {
    const { server, apply, plan } = await wandbWithConfigs();
    await apply(configOf('a.yaml', definition('one')));
    server.world.trigger('one').description = firstMark('one');
    expect(linesOf((await plan(configOf('a.yaml', definition('one')))).changes)).toEqual(['unchanged one']);
    await apply(configOf('a.yaml', definition('one', { alias: 'staging' })));
    expect(markOf(server, 'one')).toMatch(/^\[wandb-relay\/2 acme\/models a\.yaml one [0-9a-f]{8}\]$/);
  });

  it('belongs to the config that defines its key and its scope, and is never deleted', async () => {
    const { server, apply, plan } = await wandbWithConfigs();
    await apply(configOf('a.yaml', definition('one')));
    server.world.trigger('one').description = firstMark('one');
    const elsewhere = configOf('b.yaml', definition('one', { scope: collection }));
    expect(linesOf((await plan(elsewhere)).changes)).toEqual(['create one']);
    const without = await plan(configOf('b.yaml', definition('two')), { prune: false });
    expect([without.summary.delete, without.orphans]).toEqual([0, []]);
    expect((await apply(configOf('b.yaml', definition('two')))).steps).toEqual(['create two']);
    expect(server.world.triggers.map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('is followed through a rename in its scope', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(configOf('a.yaml', definition('one')));
    server.world.trigger('one').description = firstMark('one');
    expect((await apply(configOf('a.yaml', definition('uno', { more: ', moved_from: one' })))).steps).toEqual(['update uno']);
    server.world.trigger('uno').description = firstMark('another key');
    expect(linesOf((await apply(configOf('a.yaml', definition('uno')))).plan.changes)).toEqual([
      expect.stringMatching(/^refused uno: .*for the key "another key".*moved_from: another key/),
    ]);
  });
});

describe('a config that moved', () => {
  it.each([
    ['free', 'update one: taken over from the namespace models/old'],
    ['held', expect.stringMatching(/^refused one: it belongs to another config of this repository/)],
    ['unknown', expect.stringMatching(/^refused one: .*--migrate-from acme\/models#models\/old$/)],
  ] as const)('takes over a definition of a namespace that is %s, and deletes nothing', async (use, line) => {
    const { server, apply } = await wandbWithConfigs();
    await apply(configOf('models/old', definition('one') + definition('two')));
    const { plan, steps } = await apply(configOf('models/new', definition('one')), uses(use));
    expect(linesOf(plan.changes)).toEqual([line]);
    expect(steps).toEqual(use === 'free' ? ['update one'] : []);
    expect(server.world.triggers.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(markOf(server, 'one')).toContain(use === 'free' ? ' models/new one ' : ' models/old one ');
  });

  it('takes over nothing of another key that only has the same name', async () => {
    const { apply } = await wandbWithConfigs();
    await apply(configOf('models/old', definition('one', { more: ', key: other' })));
    expect(linesOf((await apply(configOf('models/new', definition('one')), uses('free'))).plan.changes)).toEqual([
      expect.stringMatching(/^refused one: it belongs to another config/),
    ]);
  });

  it('takes over all of the namespace that --migrate-from names, and deletes none of it', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(configOf('models/old', definition('one') + definition('two')));
    const migrateFrom = { repository: 'acme/models', namespace: 'models/old' };
    const { plan } = await apply(configOf('models/new', definition('one')), { migrateFrom, ...uses('unknown') });
    expect(linesOf(plan.changes)).toEqual(['update one: taken over from the namespace models/old']);
    expect(server.world.triggers).toHaveLength(2);
  });
});

describe('two configs that have one namespace, because their files are in one folder', () => {
  const prod = configOf('ml', definition('one') + definition('two'));
  const dev = configOf('ml', definition('one', { scope: collection }) + definition('three'));

  it('delete and list nothing of the other, and say why', async () => {
    const { server, apply, plan } = await wandbWithConfigs();
    await apply(prod);
    const { steps, plan: planned } = await apply(configOf('ml', definition('three')), uses('held'));
    expect([steps, planned.summary.refused]).toEqual([['create three'], 0]);
    expect(planned.notes).toEqual([expect.stringMatching(/^2 automations have the namespace ml and no definition in this config\./)]);
    expect((await plan(configOf('ml', definition('three')), { prune: false, ...uses('held') })).orphans).toEqual([]);
    expect(server.world.triggers).toHaveLength(3);
  });

  it('move nothing of the other', async () => {
    const { apply } = await wandbWithConfigs();
    await apply(prod);
    expect(linesOf((await apply(dev, uses('held'))).plan.changes)).toEqual([
      expect.stringMatching(/^refused one: it is on another scope, and may belong to another config/),
      'create three',
    ]);
  });

  it('are told apart by a namespace of their own, which takes over what it defines', async () => {
    const { server, apply, plan } = await wandbWithConfigs();
    await apply(prod);
    const named = configOf('ml', definition('one', { scope: collection }) + definition('two'), 'namespace: dev\n');
    const migrateFrom = { repository: 'acme/models', namespace: 'ml' };
    expect(linesOf((await apply(named, { migrateFrom, ...uses('held') })).plan.changes)).toEqual([
      'create one',
      'update two: taken over from the namespace ml',
    ]);
    expect(server.world.triggers).toHaveLength(3);
    expect((await plan(named, uses('held'))).summary).toMatchObject({ unchanged: 2, refused: 0, delete: 0 });
  });
});

it('an export leaves out the automations of another config, and says whose they are', async () => {
  const { server, apply } = await wandbWithConfigs();
  await apply(configOf('a.yaml', definition('one')));
  await apply(configOf('b.yaml', definition('two')));
  const exported = await exportSync(
    { entity: 'acme', organization: undefined, namespace: 'a.yaml' },
    testClient(server).client,
    'acme/models',
  );
  expect(exported.ok && exported.value.definitions.map(({ name }) => name)).toEqual(['one']);
  expect(exported.ok && exported.value.left).toEqual([
    { name: 'two', why: 'it belongs to another config of this repository, with the namespace b.yaml' },
  ]);
});
