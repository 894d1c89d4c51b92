import { describe, expect, it } from 'vitest';
import { entityScopeAllowed, readFeatures } from '../../../src/wandb/feature-lookup.ts';
import { supports } from '../../../src/wandb/features.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { CLOUD_FEATURES } from '../../stand-ins/wandb-schema.ts';
import { errorOf, successOf } from './trigger-samples.ts';

describe('the features of a server', () => {
  it('are asked for in one request', async () => {
    const { client } = testClient(await wandbServer());
    const features = successOf(await readFeatures(client));
    expect([...features].sort()).toEqual([...CLOUD_FEATURES].sort());
    expect(client.requests).toBe(1);
  });

  it('are none on a server too old to be asked', async () => {
    const { client } = testClient(await wandbServer({ features: 'unknown' }));
    expect(successOf(await readFeatures(client)).size).toBe(0);
    expect(client.requests).toBe(1);
  });

  it('are not taken for none when the server is down', async () => {
    const server = await wandbServer();
    server.fail(...Array.from({ length: 5 }, () => ({ status: 503 })));
    expect(errorOf(await readFeatures(testClient(server).client)).kind).toBe('unavailable');
  });
});

describe('what a server supports', () => {
  const none = new Set<string>();

  it.each(['CREATE_ARTIFACT', 'LINK_MODEL', 'ADD_ARTIFACT_ALIAS', 'RUN_METRIC', 'RUN_METRIC_CHANGE', 'RUN_STATE'])(
    'always has %s',
    (event) => {
      expect(supports(none, { event })).toBe(true);
    },
  );

  it('always has three actions and two scopes', () => {
    for (const action of ['NOTIFICATION', 'GENERIC_WEBHOOK', 'NO_OP']) expect(supports(none, { action })).toBe(true);
    for (const scope of ['PROJECT', 'ARTIFACT_COLLECTION']) expect(supports(none, { scope })).toBe(true);
  });

  it('has the rest by flag', () => {
    expect(supports(none, { event: 'RUN_METRIC_ZSCORE' })).toBe(false);
    expect(supports(new Set(['AUTOMATION_EVENT_RUN_METRIC_ZSCORE']), { event: 'RUN_METRIC_ZSCORE' })).toBe(true);
    expect(supports(new Set(['AUTOMATION_ACTION_ARIA']), { action: 'ARIA' })).toBe(true);
    expect(supports(none, { scope: 'ENTITY' })).toBe(false);
    expect(supports(new Set(['AUTOMATION_SCOPE_ENTITY']), { scope: 'ENTITY' })).toBe(true);
    expect(supports(none, 'query_on_entity')).toBe(false);
    expect(supports(new Set(['QUERY_AUTOMATIONS_ON_ENTITY']), 'query_on_entity')).toBe(true);
    expect(supports(new Set(['AUTOMATIONS_ON_ORGANIZATION']), 'organization')).toBe(true);
  });
});

describe('automations on a whole team', () => {
  it('are allowed when the server and the organization both have the flag', async () => {
    const server = await wandbServer();
    const { client } = testClient(server);
    const features = successOf(await readFeatures(client));
    expect(successOf(await entityScopeAllowed(client, features, 'acme-org'))).toBe(true);
    server.world.organization('acme-org').flags.clear();
    expect(successOf(await entityScopeAllowed(client, features, 'acme-org'))).toBe(false);
    expect(successOf(await entityScopeAllowed(client, features, 'nobody'))).toBe(false);
  });

  it('are not asked about where the server has no such scope', async () => {
    const { client } = testClient(await wandbServer({ features: 'unknown' }));
    expect(successOf(await entityScopeAllowed(client, new Set(), 'acme-org'))).toBe(false);
    expect(client.requests).toBe(0);
  });
});
