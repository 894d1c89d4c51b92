import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../../src/config/config.ts';
import { compileRoute, routeMatches } from '../../../src/route/route.ts';
import { applySync, driftSync, planSync, type SyncOptions } from '../../../src/sync/commands.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { theError, theValue } from '../event/samples.ts';

const OPTIONS: SyncOptions = { repository: 'acme/models', namespace: 'wandb-relay.yaml', prune: false, maxDeletes: 3 };

const configOf = (scope: string, more = ''): Config =>
  theValue(
    readConfig(
      `version: 1
entity: acme
automations:
  - name: promoted
    scope: ${scope}
    event: { add_artifact_alias: { alias: production } }
    action: { relay: { to: [{ slack: { channel: "#ml" } }] } }
${more}`,
      'wandb-relay.yaml',
    ),
  );

async function wandb() {
  const server = await wandbServer();
  const { world } = server;
  const train = world.project('train');
  const model = world.project('wandb-registry-model');
  const client = () => testClient(server).client;
  return {
    server,
    world,
    train,
    model,
    plan: async (config: Config) => await planSync(config, client(), OPTIONS),
    apply: async (config: Config) => theValue(await applySync(config, client(), OPTIONS, undefined, () => undefined)),
    drift: async (config: Config) => theValue(await driftSync(config, client(), OPTIONS)).drift,
  };
}

const changesOf = (planned: Awaited<ReturnType<typeof planSync>>) =>
  theValue(planned).plan.changes.map(({ action, name, scope }) => `${action} ${name}: ${scope}`);

describe('a scope of several collections', () => {
  it('stands for one automation per collection that exists and matches', async () => {
    const { world, model, plan, apply, drift } = await wandb();
    for (const name of ['resnet101', 'bert', 'my-resnet']) world.addCollection(model, name);
    const config = configOf('{ registry: model, collection: { regex: "^resnet" } }');
    expect(changesOf(await plan(config))).toEqual([
      'create promoted: registry model, collection resnet50',
      'create promoted: registry model, collection resnet101',
    ]);
    await apply(config);
    expect(changesOf(await plan(config)).map((line) => line.split(' ')[0])).toEqual(['unchanged', 'unchanged']);

    world.addCollection(model, 'resnet152');
    expect(changesOf(await plan(config))[2]).toBe('create promoted: registry model, collection resnet152');
    expect((await drift(config)).map(({ change }) => [change.action, change.scope])).toEqual([
      ['create', 'registry model, collection resnet152'],
    ]);
  });

  it.each([
    ['{ contains: set }', ['dataset-a', 'testset']],
    ['{ in: [dataset-a, other] }', ['dataset-a', 'other']],
    ['{ not_in: [dataset-a] }', ['other', 'testset']],
    ['{ not: other }', ['dataset-a', 'testset']],
  ])('takes the MATCH %s in a project', async (match, names) => {
    const { world, train, plan } = await wandb();
    for (const name of ['other', 'testset']) world.addCollection(train, name);
    expect(changesOf(await plan(configOf(`{ project: train, collection: ${match} }`))).sort()).toEqual(
      names.map((name) => `create promoted: project train, collection ${name}`).sort(),
    );
  });

  it('is a note when nothing matches yet', async () => {
    const { plan } = await wandb();
    const planned = theValue(await plan(configOf('{ registry: model, collection: { regex: "^vit" } }')));
    expect(planned.plan.changes).toEqual([]);
    expect(planned.plan.notes).toEqual([
      '"promoted" (line 4) stands for no automation yet: nothing matches registry model, collection /^vit/',
    ]);
  });

  it('is an error at its line when the project does not exist, or another automation has the name there', async () => {
    const { plan } = await wandb();
    expect(theError(await plan(configOf('{ project: trian, collection: { regex: x } }')))).toMatchObject([
      { location: { line: 5, column: 12 }, message: expect.stringContaining('did you mean train?') },
    ]);
    const more = `  - name: promoted
    key: other
    scope: { registry: model, collection: resnet50 }
    event: { link_artifact: {} }
    action: { no_op: {} }`;
    expect(theError(await plan(configOf('{ registry: model, collection: { regex: "^resnet" } }', more)))).toMatchObject([
      {
        location: { line: 10 },
        message: expect.stringContaining('there is another automation "promoted" in registry model, collection resnet50 (line 4)'),
      },
    ]);
  });

  it('asks W&B for nothing more where no scope has a pattern', async () => {
    const { server, plan } = await wandb();
    await plan(configOf('{ registry: model, collection: resnet50 }'));
    const plain = server.requests.length;
    await plan(configOf('{ registry: model, collection: resnet50 }'));
    expect(server.requests.length).toBe(2 * plain);
  });

  it('makes one relay route, whose condition is the same MATCH', () => {
    const { routes } = configOf('{ registry: model, collection: { regex: "^resnet" } }');
    const [definition] = routes;
    if (definition === undefined) throw new Error('no route');
    expect(definition.on).toEqual({ event: 'add_artifact_alias', automation: 'promoted', collection: { regex: '^resnet' } });
    const route = compileRoute(definition);
    const event = (collection: string) => ({ type: 'add_artifact_alias' as const, source: 'default', automation: 'promoted', collection });
    expect(routeMatches(route, event('resnet101'), {})).toBe(true);
    expect(routeMatches(route, event('bert'), {})).toBe(false);
  });
});
