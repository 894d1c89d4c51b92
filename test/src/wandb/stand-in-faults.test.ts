import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkSignature } from '../../../src/lib/signature.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { startWandb } from '../../stand-ins/wandb-server.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';
import { CREATE, DELETE, post } from './raw-request.ts';
import { NO_OP, triggerInput, WEBHOOK_RELAY } from './trigger-samples.ts';

describe('what goes wrong on demand', () => {
  it('is used once, by the request it fits', async () => {
    const server = await wandbServer();
    server.fail({ on: 'mutation', status: 503, body: 'busy', headers: { 'retry-after': '3' } });
    expect((await post(server, '{ viewer { id } }')).status).toBe(200);
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`api:${server.apiKey}`).toString('base64')}` },
      body: JSON.stringify({ query: DELETE, variables: { id: 'x' } }),
    });
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '3', 'busy']);
    expect((await post(server, DELETE, { id: 'x' })).status).toBe(404);
    expect([server.queries, server.mutations]).toEqual([1, 2]);
  });

  it('can lose the answer and keep the change, or lose both', async () => {
    const server = await wandbServer();
    server.fail({ reset: true, applied: true }, { reset: true });
    await expect(post(server, CREATE, { input: triggerInput({ name: 'kept' }) })).rejects.toThrow('fetch failed');
    await expect(post(server, CREATE, { input: triggerInput({ name: 'lost' }) })).rejects.toThrow('fetch failed');
    expect(server.world.triggers.map((trigger) => trigger.name)).toEqual(['kept']);
  });

  it('can be late', async () => {
    const server = await wandbServer();
    server.fail({ on: { document: 'viewer' }, delayMs: 30 });
    const start = performance.now();
    expect((await post(server, '{ viewer { id } }')).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(25);
  });

  it('includes a mutation where none is allowed', async () => {
    const server = await startWandb();
    server.forbidMutations();
    await post(server, '{ viewer { id } }');
    expect((await post(server, DELETE, { id: 'x' })).status).toBe(400);
    await expect(server.close()).rejects.toThrow('mutation Delete was sent although mutations are forbidden');
  });
});

describe('firing an automation', () => {
  it('posts the payload with its values, signed, as W&B does', async () => {
    const { url, received } = await listener();
    const world = acmeWorld();
    for (const integration of world.integrations) if (integration.__typename === 'GenericWebhookIntegration') integration.urlEndpoint = url;
    const server = await wandbServer({ world });
    const payload =
      '{"event":"${event_type}","from":"${entity_name}/${project_name}/${artifact_collection_name}","alias":"${alias}","tag":"${tag}"}';
    const config = { genericWebhookActionInput: { integrationID: WEBHOOK_RELAY, requestPayload: payload } };
    await post(server, CREATE, { input: triggerInput({ triggeringEventType: 'LINK_MODEL', triggeredActionConfig: config }) });
    const fired = await server.fire(server.world.trigger('deploy-production').id, { alias: 'a "quoted" one' });
    expect(fired.status).toBe(202);
    const [request] = received;
    expect(JSON.parse(request?.body ?? '')).toEqual({
      event: 'LINK_ARTIFACT',
      from: 'acme-org-entity/wandb-registry-model/resnet50',
      alias: 'a "quoted" one',
      tag: '',
    });
    expect(request?.headers.authorization).toBe('Bearer the-access-token-of-the-relay');
    const signature = request?.headers['x-wandb-signature'];
    expect(checkSignature(String(signature), Buffer.from(request?.body ?? ''), ['the-signing-secret-of-the-relay'])).toBeUndefined();
  });

  it('is not done for one that is switched off, or has no webhook', async () => {
    const server = await wandbServer();
    await post(server, CREATE, { input: triggerInput({ name: 'off', enabled: false }) });
    await post(server, CREATE, { input: triggerInput({ name: 'none', ...NO_OP }) });
    await expect(server.fire(server.world.trigger('off').id)).rejects.toThrow('switched off');
    await expect(server.fire(server.world.trigger('none').id)).rejects.toThrow('no webhook action');
  });
});

async function listener() {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    received.push({ headers: request.headers, body });
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received };
}
