import { describe, expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { CLOUD_FEATURES } from '../../stand-ins/wandb-schema.ts';
import { CREATE, DELETE, post, UPDATE } from './raw-request.ts';
import { ACME, ACME_ORG_ENTITY, NO_OP, REGISTRY_MODEL, SLACK_ML_ALERTS, TRAIN, triggerInput, WEBHOOK_RELAY } from './trigger-samples.ts';

const METRIC_FILTER = JSON.stringify({ run_filter: '{"$and":[]}', run_metric_filter: { threshold_filter: { name: 'loss' } } });

/** The fields that the Python client reads of an automation, with its aliases. */
const TRIGGER_FIELDS = (hasEntityScope: boolean) => `
  __typename id createdAt updatedAt name description enabled
  scope {
    ... on Project { __typename id name }
    ... on ArtifactPortfolio { __typename id name }
    ... on ArtifactSequence { __typename id name }
    ${hasEntityScope ? '... on Entity { __typename id name entityType }' : ''}
  }
  event: triggeringCondition { ... on FilterEventTriggeringCondition { __typename eventType filter } }
  action: triggeredAction {
    ... on NotificationTriggeredAction { __typename integration { ... on SlackIntegration { __typename id teamName channelName } } title message severity }
    ... on GenericWebhookTriggeredAction { __typename integration { ... on GenericWebhookIntegration { __typename id name urlEndpoint } } requestPayload }
    ... on NoOpTriggeredAction { __typename noOp }
  }`;
const PAGE = 'pageInfo { endCursor hasNextPage }';

describe('who asks', () => {
  it.each([undefined, 'Basic d3Jvbmc=', 'Bearer wandb-key-for-tests-only'])('with %s is turned away', async (authorization) => {
    const server = await wandbServer();
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: '{"query":"{ viewer { id } }"}' });
    expect(response.status).toBe(401);
    expect(server.requests).toEqual([]);
  });
});

describe('creating an automation', () => {
  it.each<[string, Parameters<typeof triggerInput>[0], number]>([
    ['a collection with CREATE_ARTIFACT', { triggeringEventType: 'CREATE_ARTIFACT' }, 200],
    ['a project with CREATE_ARTIFACT', { triggeringEventType: 'CREATE_ARTIFACT', scopeType: 'PROJECT', scopeID: TRAIN }, 400],
    ['a team with CREATE_ARTIFACT', { triggeringEventType: 'CREATE_ARTIFACT', scopeType: 'ENTITY', scopeID: ACME }, 400],
    [
      'a project with a run event',
      { triggeringEventType: 'RUN_METRIC', eventFilter: METRIC_FILTER, scopeType: 'PROJECT', scopeID: TRAIN },
      200,
    ],
    ['a team with a run event', { triggeringEventType: 'RUN_METRIC', eventFilter: METRIC_FILTER, scopeType: 'ENTITY', scopeID: ACME }, 200],
    ['a collection with a run event', { triggeringEventType: 'RUN_METRIC', eventFilter: METRIC_FILTER }, 400],
    [
      'a registry with a run event',
      { triggeringEventType: 'RUN_METRIC', eventFilter: METRIC_FILTER, scopeType: 'PROJECT', scopeID: REGISTRY_MODEL },
      400,
    ],
    ['an organization', { scopeType: 'ENTITY', scopeID: ACME_ORG_ENTITY }, 200],
    ['a run event without its filter', { triggeringEventType: 'RUN_STATE', eventFilter: '{}', scopeType: 'PROJECT', scopeID: TRAIN }, 400],
    ['a filter that is not JSON', { eventFilter: '{' }, 400],
    ['a scope that does not exist', { scopeID: 'bm9uZQ==' }, 404],
    ['a scope of another type', { scopeType: 'PROJECT' }, 400],
    ['a name of 255 characters', { name: 'x'.repeat(255) }, 200],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, 400],
    ['an event that does not exist', { triggeringEventType: 'MADE_UP' }, 400],
    [
      'an integration that does not exist',
      { triggeredActionConfig: { genericWebhookActionInput: { integrationID: 'x', requestPayload: null } } },
      404,
    ],
    [
      'an integration of another kind',
      { triggeredActionConfig: { genericWebhookActionInput: { integrationID: SLACK_ML_ALERTS, requestPayload: null } } },
      400,
    ],
    [
      'a payload that is not JSON',
      { triggeredActionConfig: { genericWebhookActionInput: { integrationID: WEBHOOK_RELAY, requestPayload: 'hi' } } },
      400,
    ],
    ['an action that does not fit its type', { triggeredActionType: 'NO_OP' }, 400],
    ['an action that does nothing', NO_OP, 200],
  ])('with %s', async (_name, changes, status) => {
    const server = await wandbServer();
    const answer = await post(server, CREATE, { input: triggerInput(changes) });
    expect([answer.status, answer.body.errors?.map((error) => error.message)]).toEqual([
      status,
      status === 200 ? undefined : expect.any(Array),
    ]);
    expect(server.world.triggers).toHaveLength(status === 200 ? 1 : 0);
  });

  it('on a team is refused where the organization has not switched it on', async () => {
    const server = await wandbServer();
    server.world.organization('acme-org').flags.clear();
    expect((await post(server, CREATE, { input: triggerInput({ scopeType: 'ENTITY', scopeID: ACME }) })).status).toBe(400);
  });

  it('of a name that the scope has is a conflict', async () => {
    const server = await wandbServer();
    expect((await post(server, CREATE, { input: triggerInput() })).status).toBe(200);
    expect((await post(server, CREATE, { input: triggerInput() })).status).toBe(409);
    expect((await post(server, CREATE, { input: triggerInput({ scopeType: 'PROJECT', scopeID: REGISTRY_MODEL }) })).status).toBe(200);
  });
});

describe('updating an automation', () => {
  it('loses the filter and the description that are left out', async () => {
    const server = await wandbServer();
    await post(server, CREATE, { input: triggerInput({ description: 'why' }) });
    const { id } = server.world.trigger('deploy-production');
    expect((await post(server, UPDATE, { input: { id, enabled: false } })).status).toBe(200);
    expect(server.world.trigger('deploy-production')).toMatchObject({ description: null, filter: '{}', enabled: false });
  });

  it('or deleting one that is not there is a 404', async () => {
    const server = await wandbServer();
    expect((await post(server, UPDATE, { input: { id: 'x', ...triggerInput() } })).status).toBe(404);
    expect((await post(server, DELETE, { id: 'x' })).status).toBe(404);
  });
});

describe('an older server', () => {
  const flagged: [string, string][] = [
    ['QUERY_AUTOMATIONS_ON_ENTITY', '{ entity(name: "acme") { triggers { pageInfo { hasNextPage } } } }'],
    ['AUTOMATIONS_ON_ORGANIZATION', '{ organization(name: "acme-org") { triggers { pageInfo { hasNextPage } } } }'],
    ['AUTOMATION_SCOPE_ENTITY', '{ project(name: "train", entityName: "acme") { triggers { scope { ... on Entity { id } } } } }'],
    [
      'AUTOMATION_ACTION_QUEUE_JOB',
      '{ project(name: "train", entityName: "acme") { triggers { triggeredAction { ... on QueueJobTriggeredAction { template } } } } }',
    ],
    [
      'AUTOMATION_ACTION_ARIA',
      '{ project(name: "train", entityName: "acme") { triggers { triggeredAction { ... on ARIATriggeredAction { prompt } } } } }',
    ],
  ];

  it.each(flagged)('without %s refuses a query that needs it, whole', async (flag, query) => {
    expect((await post(await wandbServer(), query)).status).toBe(200);
    const older = await wandbServer({ features: CLOUD_FEATURES.filter((other) => other !== flag) });
    const { status, body } = await post(older, query);
    expect([status, body.data]).toEqual([400, undefined]);
  });

  it('does not take an event that it does not have', async () => {
    const older = await wandbServer({ features: [] });
    expect((await post(older, CREATE, { input: triggerInput({ triggeringEventType: 'ADD_ARTIFACT_TAG' }) })).status).toBe(400);
  });

  it('may refuse the query for its features', async () => {
    const asked = '{ serverInfo { features { name isEnabled } } }';
    expect((await post(await wandbServer({ features: [] }), asked)).body.data).toEqual({ serverInfo: { features: [] } });
    expect((await post(await wandbServer({ features: 'unknown' }), asked)).status).toBe(400);
  });
});

describe('the documents of the Python client', () => {
  async function filled(features: readonly string[]) {
    const server = await wandbServer({ features, pageSize: 2 });
    for (const name of ['a', 'b', 'c']) await post(server, CREATE, { input: triggerInput({ name, scopeType: 'PROJECT', scopeID: TRAIN }) });
    return server;
  }

  it.each<[string, readonly string[], string]>([
    [
      'of an entity',
      CLOUD_FEATURES,
      `query Q($cursor: String, $perPage: Int, $order: String, $filters: JSONString) { scope: entity(name: "acme") { triggers(after: $cursor, first: $perPage, order: $order, filters: $filters) { ${PAGE} edges { node { ${TRIGGER_FIELDS(true)} } } } } }`,
    ],
    [
      'of an organization',
      CLOUD_FEATURES,
      `query Q($cursor: String, $perPage: Int, $order: String, $filters: JSONString) { scope: organization(name: "acme-org") { triggers(first: $perPage, after: $cursor, order: $order, filters: $filters) { ${PAGE} edges { node { ${TRIGGER_FIELDS(true)} } } } } }`,
    ],
  ])('list the automations %s', async (_name, features, query) => {
    const server = await filled(features);
    const first = await post(server, query, { perPage: 50 });
    expect(first).toMatchObject({
      status: 200,
      body: {
        data: {
          scope: {
            triggers: {
              pageInfo: { hasNextPage: true },
              edges: [
                {
                  node: {
                    __typename: 'Trigger',
                    name: 'a',
                    scope: { __typename: 'Project', id: TRAIN, name: 'train' },
                    event: { __typename: 'FilterEventTriggeringCondition', eventType: 'ADD_ARTIFACT_ALIAS' },
                    action: {
                      __typename: 'GenericWebhookTriggeredAction',
                      integration: { __typename: 'GenericWebhookIntegration', id: WEBHOOK_RELAY },
                    },
                  },
                },
                {},
              ],
            },
          },
        },
      },
    });
    expect(await post(server, query, { filters: '{"name": "c"}' })).toMatchObject({
      body: { data: { scope: { triggers: { pageInfo: { hasNextPage: false }, edges: [{ node: { name: 'c' } }] } } } },
    });
  });

  it.each([
    ["of the viewer's projects", 'viewer'],
    ["of an entity's projects", 'entity(name: "acme")'],
  ])('list the automations %s, on an old server', async (_name, root) => {
    const query = `query Q($cursor: String, $perPage: Int) { scope: ${root} { projects(after: $cursor, first: $perPage) { ${PAGE} edges { node { __typename triggers { ${TRIGGER_FIELDS(false)} } } } } } }`;
    const answer = await post(await filled([]), query, { perPage: 50 });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toHaveProperty('scope.projects.edges.0.node.__typename', 'Project');
    expect(answer.body.data).toHaveProperty('scope.projects.edges.0.node.triggers.2.name', 'c');
  });

  it('create without the fields that are null, and list integrations', async () => {
    const server = await wandbServer();
    const { description: _none, ...input } = triggerInput();
    const create = `mutation M($input: CreateFilterTriggerInput!) { result: createFilterTrigger(input: $input) { trigger { ${TRIGGER_FIELDS(true)} } } }`;
    expect(await post(server, create, { input })).toMatchObject({
      status: 200,
      body: { data: { result: { trigger: { description: null } } } },
    });
    const list = `query Q($entity: String!) { entity(name: $entity) { integrations { ${PAGE} edges { node { __typename ... on SlackIntegration { id teamName channelName } ... on GenericWebhookIntegration { id name urlEndpoint } } } } } }`;
    expect(await post(server, list, { entity: 'acme' })).toMatchObject({
      body: { data: { entity: { integrations: { edges: [{ node: { channelName: '#ml-alerts' } }, { node: { name: 'relay' } }] } } } },
    });
  });
});

describe('creating a webhook integration', () => {
  const MAKE =
    'mutation M($input: CreateGenericWebhookIntegrationInput!) { createGenericWebhookIntegration(input: $input) { integration { __typename } } }';

  it.each([
    [{ name: 'my hook-1', secretRef: 'RELAY_SECRET' }, 200],
    [{ name: 'relay' }, 409],
    [{ name: ' hook' }, 400],
    [{ name: 'x'.repeat(65) }, 400],
    [{ name: 'hook', secretRef: 'NO_SUCH_SECRET' }, 400],
    [{ name: 'hook', urlEndpoint: 'nowhere' }, 400],
    [{ name: 'hook', entityName: 'nobody' }, 404],
  ])('%o is answered %d', async (changes, status) => {
    const input = { entityName: 'acme', urlEndpoint: 'https://x.example/', ...changes };
    expect((await post(await wandbServer(), MAKE, { input })).status).toBe(status);
  });
});
