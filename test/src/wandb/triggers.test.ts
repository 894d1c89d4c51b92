import { describe, expect, it } from 'vitest';
import { readFeatures } from '../../../src/wandb/feature-lookup.ts';
import { liveTriggerOf, savedFilter, type TriggerAnswer } from '../../../src/wandb/live-trigger.ts';
import { createTrigger, deleteTrigger, listTriggers, type TriggerOwners, updateTrigger } from '../../../src/wandb/triggers.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { CLOUD_FEATURES } from '../../stand-ins/wandb-schema.ts';
import type { WandbStandInOptions } from '../../stand-ins/wandb-server.ts';
import { acmeWorld, type WandbWorld } from '../../stand-ins/wandb-world.ts';
import {
  ACME,
  ALIAS_FILTER,
  DATASET_A,
  errorOf,
  NO_OP,
  RESNET50,
  SLACK_ML_ALERTS,
  successOf,
  TRAIN,
  triggerInput,
  WEBHOOK_RELAY,
} from './trigger-samples.ts';

const OWNERS: TriggerOwners = { entities: ['acme'], organizations: [{ name: 'acme-org', entity: 'acme-org-entity' }] };

async function session(options: WandbStandInOptions = {}) {
  const server = await wandbServer(options);
  const { client } = testClient(server);
  const features = successOf(await readFeatures(client));
  const list = async (owners = OWNERS) => successOf(await listTriggers(client, features, owners));
  return { server, client, features, list };
}

/** One automation in every kind of place, and one in a team that nobody asked about. */
function spreadWorld(): WandbWorld {
  const world = acmeWorld();
  const acme = world.entity('acme');
  const other = world.addEntity('other-team');
  other.organization = world.organization('acme-org');
  const collections = Object.fromEntries(world.collections.map((collection) => [collection.name, collection]));
  world.addTrigger({ name: 'on-project', scope: world.project('train') });
  world.addTrigger({ name: 'on-sequence', scope: collections['dataset-a'] ?? null });
  world.addTrigger({ name: 'on-registry', scope: world.project('wandb-registry-model') });
  world.addTrigger({ name: 'on-portfolio', scope: collections.resnet50 ?? null });
  world.addTrigger({ name: 'on-team', scope: acme });
  world.addTrigger({ name: 'on-organization', scope: world.entity('acme-org-entity') });
  world.addTrigger({ name: 'elsewhere', scope: world.addProject(other, 'theirs') });
  return world;
}

const IN_PROJECTS = ['on-portfolio', 'on-project', 'on-registry', 'on-sequence'];

describe('listing', () => {
  it('finds what hangs under the team, the organization and its entity, each once', async () => {
    const { list } = await session({ world: spreadWorld() });
    const { triggers, unreadable } = await list();
    expect(triggers.map((trigger) => trigger.name).sort()).toEqual([...IN_PROJECTS, 'on-organization', 'on-team'].sort());
    expect(unreadable).toEqual([]);
    expect(Object.fromEntries(triggers.map(({ name, scope }) => [name, scope]))).toMatchObject({
      'on-project': { type: 'PROJECT', id: TRAIN, name: 'train', entity: 'acme', project: null },
      'on-sequence': { type: 'ARTIFACT_COLLECTION', id: DATASET_A, name: 'dataset-a', entity: 'acme', project: 'train' },
      'on-portfolio': { type: 'ARTIFACT_COLLECTION', id: RESNET50, entity: 'acme-org-entity', project: 'wandb-registry-model' },
      'on-team': { type: 'ENTITY', id: ACME, name: 'acme', entity: 'acme', project: null },
    });
  });

  it('walks the projects of an older server, which cannot show those on a whole team', async () => {
    const { list, server } = await session({ world: spreadWorld(), features: 'unknown' });
    expect((await list()).triggers.map((trigger) => trigger.name).sort()).toEqual(IN_PROJECTS);
    expect(server.requests.map((request) => request.name)).toEqual(['ServerFeatures', 'ProjectAutomations', 'ProjectAutomations']);
  });

  it.each(['QUERY_AUTOMATIONS_ON_ENTITY', 'AUTOMATIONS_ON_ORGANIZATION', 'AUTOMATION_SCOPE_ENTITY'])('does without %s', async (flag) => {
    const world = spreadWorld();
    if (flag === 'AUTOMATION_SCOPE_ENTITY') world.triggers.splice(4, 2);
    const { list } = await session({ world, features: CLOUD_FEATURES.filter((other) => other !== flag) });
    expect((await list()).triggers.map((trigger) => trigger.name)).toEqual(expect.arrayContaining(IN_PROJECTS));
  });

  it.each<[string, WandbStandInOptions['features']]>([
    ['a new server', CLOUD_FEATURES],
    ['an old server', 'unknown'],
  ])('reads all pages of %s', async (_name, features) => {
    const world = acmeWorld();
    for (let i = 0; i < 25; i++) {
      world.addTrigger({ name: `automation-${i}`, scope: world.addProject(world.entity('acme'), `project-${i}`) });
    }
    const { list, client } = await session({ world, features: features ?? 'unknown', pageSize: 4 });
    const { triggers } = await list();
    expect(new Set(triggers.map((trigger) => trigger.name)).size).toBe(25);
    expect(triggers).toHaveLength(25);
    expect(client.requests).toBeGreaterThan(7);
  });

  it('needs one request for a hundred', async () => {
    const world = acmeWorld();
    for (let i = 0; i < 500; i++) world.addTrigger({ name: `automation-${i}`, scope: world.project('train') });
    const { list, client } = await session({ world, features: ['QUERY_AUTOMATIONS_ON_ENTITY'] });
    const before = client.requests;
    expect((await list()).triggers).toHaveLength(500);
    expect(client.requests - before).toBe(6);
  });

  it('does not fail on an unknown event, action or scope', async () => {
    const world = acmeWorld();
    world.addTrigger({
      name: 'new-kind',
      scope: world.project('train'),
      eventType: 'SOMETHING_NEW',
      action: { __typename: 'SomethingNewTriggeredAction', what: 'x' },
    });
    const lost = world.addTrigger({ name: 'new-place', scope: null });
    const { list } = await session({ world, hasUnknownKinds: true });
    const { triggers, unreadable } = await list();
    expect(triggers).toMatchObject([
      { name: 'new-kind', eventType: 'SOMETHING_NEW', action: { type: 'OTHER', kind: 'SomethingNewTriggeredAction' } },
    ]);
    expect(unreadable).toEqual([{ id: lost.id, name: 'new-place', scopeKind: 'SomethingNewScope' }]);
  });

  it('reads queue jobs and prompts by their kind, and an integration that does not exist any more', async () => {
    const world = acmeWorld();
    const scope = world.project('train');
    const gone = { __typename: 'GenericWebhookTriggeredAction', integrationID: 'gone', requestPayload: null } as const;
    world.addTrigger({
      name: 'job',
      scope,
      action: { __typename: 'QueueJobTriggeredAction', queue: { id: 'q', name: 'gpu' }, template: '{}' },
    });
    world.addTrigger({ name: 'prompt', scope, action: { __typename: 'ARIATriggeredAction', prompt: 'hi' } });
    world.addTrigger({ name: 'hook', scope, action: gone });
    expect((await (await session({ world })).list()).triggers.map((trigger) => trigger.action)).toEqual([
      { type: 'OTHER', kind: 'QueueJobTriggeredAction' },
      { type: 'OTHER', kind: 'ARIATriggeredAction' },
      { type: 'GENERIC_WEBHOOK', integrationId: null, integrationName: null, requestPayload: null },
    ]);
  });

  it('passes on why W&B cannot be asked', async () => {
    const { server, client, features } = await session();
    server.fail({ status: 403, body: { error: 'permission denied' } });
    expect(errorOf(await listTriggers(client, features, OWNERS)).kind).toBe('forbidden');
  });

  it('takes a team that does not exist for one without automations', async () => {
    const { list } = await session();
    expect((await list({ entities: ['nobody'], organizations: [] })).triggers).toEqual([]);
  });
});

describe('a saved filter', () => {
  it.each(['text', 'object'] as const)('is unwrapped when it comes as %s', async (wrapping) => {
    const { client, features, list } = await session({ wrapping });
    successOf(await createTrigger(client, features, triggerInput()));
    expect((await list()).triggers[0]?.filter).toEqual(ALIAS_FILTER);
  });

  it('of a run event is what was sent', async () => {
    const { client, features } = await session();
    const filter = { run_filter: '{"$and":[]}', run_state_filter: { states: ['FAILED'] } };
    const input = triggerInput({
      scopeType: 'PROJECT',
      scopeID: TRAIN,
      triggeringEventType: 'RUN_STATE',
      eventFilter: JSON.stringify(filter),
    });
    expect(successOf(await createTrigger(client, features, input)).filter).toEqual(filter);
  });

  it.each([
    ['{"filter":"{\\"$or\\":[]}"}', { $or: [] }],
    ['{"filter":{"$or":[]}}', { $or: [] }],
    ['{"filter":""}', {}],
    ['{"filter":null}', {}],
    ['', {}],
    ['{"$or":[]}', { $or: [] }],
    ['{"filter":{},"other":1}', { filter: {}, other: 1 }],
    ['not JSON', 'not JSON'],
  ])('%s is read', (text, value) => {
    expect(savedFilter(text)).toEqual(value);
  });
});

describe('creating', () => {
  it('returns the automation as it then is, with any action', async () => {
    const { client, features } = await session();
    const webhook = successOf(await createTrigger(client, features, triggerInput()));
    expect(webhook).toMatchObject({
      name: 'deploy-production',
      description: null,
      enabled: true,
      updatedAt: null,
      eventType: 'ADD_ARTIFACT_ALIAS',
      scope: { type: 'ARTIFACT_COLLECTION', id: RESNET50 },
      action: { type: 'GENERIC_WEBHOOK', integrationId: WEBHOOK_RELAY, integrationName: 'relay' },
    });
    const slack = triggerInput({
      name: 'tell',
      triggeredActionType: 'NOTIFICATION',
      triggeredActionConfig: { notificationActionInput: { integrationID: SLACK_ML_ALERTS, title: 't', message: 'm', severity: 'WARN' } },
    });
    expect(successOf(await createTrigger(client, features, slack)).action).toEqual({
      type: 'NOTIFICATION',
      integrationId: SLACK_ML_ALERTS,
      channel: '#ml-alerts',
      title: 't',
      message: 'm',
      severity: 'WARN',
    });
    expect(successOf(await createTrigger(client, features, triggerInput({ name: 'none', ...NO_OP }))).action).toEqual({ type: 'NO_OP' });
  });

  it('works on a server without any flag', async () => {
    const { client, features } = await session({ features: 'unknown' });
    expect((await createTrigger(client, features, triggerInput())).ok).toBe(true);
  });

  it('is a conflict when the scope has one of that name', async () => {
    const { client, features, server } = await session();
    successOf(await createTrigger(client, features, triggerInput()));
    expect(errorOf(await createTrigger(client, features, triggerInput()))).toMatchObject({ kind: 'conflict', status: 409 });
    const elsewhere = triggerInput({ scopeType: 'PROJECT', scopeID: TRAIN });
    expect((await createTrigger(client, features, elsewhere)).ok).toBe(true);
    expect(server.world.triggers).toHaveLength(2);
  });

  it.each([
    ['the answer is lost', { reset: true, applied: true }, 1],
    ['a proxy answers instead', { status: 502, body: '<html>', applied: true }, 1],
    ['the server fails', { status: 500, body: { error: 'x' } }, 0],
  ])('is unclear, and not done twice, when %s', async (_name, fault, existing) => {
    const { client, features, server, list } = await session();
    server.fail({ on: 'mutation', ...fault });
    expect(errorOf(await createTrigger(client, features, triggerInput())).kind).toBe('unclear');
    expect(server.mutations).toBe(1);
    expect((await list()).triggers).toHaveLength(existing);
  });
});

describe('updating and deleting', () => {
  it('sends all fields', async () => {
    const { client, features, server } = await session();
    const { id } = successOf(await createTrigger(client, features, triggerInput({ description: 'old' })));
    const next = triggerInput({ name: 'renamed', description: 'new', enabled: false, scopeType: 'PROJECT', scopeID: TRAIN });
    expect(successOf(await updateTrigger(client, features, id, next))).toMatchObject({
      id,
      name: 'renamed',
      description: 'new',
      enabled: false,
      scope: { id: TRAIN },
      filter: ALIAS_FILTER,
    });
    expect(server.requests.at(-1)?.variables).toEqual({ input: { id, ...next } });
    expect(server.world.trigger('renamed').updatedAt).not.toBeNull();
  });

  it('may not take a name that is taken', async () => {
    const { client, features } = await session();
    const { id } = successOf(await createTrigger(client, features, triggerInput()));
    successOf(await createTrigger(client, features, triggerInput({ name: 'second' })));
    expect(errorOf(await updateTrigger(client, features, id, triggerInput({ name: 'second' }))).kind).toBe('conflict');
  });

  it('reports what does not exist any more', async () => {
    const { client, features, server } = await session();
    const { id } = successOf(await createTrigger(client, features, triggerInput()));
    expect(await deleteTrigger(client, id)).toEqual({ ok: true, value: undefined });
    expect(server.world.triggers).toEqual([]);
    expect(errorOf(await deleteTrigger(client, id))).toMatchObject({ kind: 'not_found', status: 404 });
    expect(errorOf(await updateTrigger(client, features, id, triggerInput()))).toMatchObject({ kind: 'not_found', status: 404 });
  });
});

describe('a scope that was deleted', () => {
  const answer = (scope: Partial<TriggerAnswer['scope']>): TriggerAnswer => ({
    id: 't',
    name: 'one',
    description: null,
    enabled: true,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: null,
    scope: { __typename: 'ArtifactPortfolio', ...scope },
    triggeringCondition: { __typename: 'FilterEventTriggeringCondition', eventType: 'LINK_MODEL', filter: '{}' },
    triggeredAction: { __typename: 'NoOpTriggeredAction' },
  });

  it('is named as such, so that its automation can still be moved or deleted', () => {
    const project = { name: 'wandb-registry-model', entityName: 'acme-org-entity' };
    expect(liveTriggerOf(answer({ project }))?.scope).toMatchObject({ name: '(no longer exists)', project: 'wandb-registry-model' });
    expect(liveTriggerOf(answer({ __typename: 'SomethingNewScope' }))).toBeUndefined();
  });
});
