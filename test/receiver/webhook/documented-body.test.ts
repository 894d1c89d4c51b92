import { describe, expect, it } from 'vitest';
import type { DeliveryView } from '../../../receiver/store/delivery.ts';
import { SECRET, testReceiver } from '../../stand-ins/receiver-in-process.ts';
import { signedHeaders } from '../../stand-ins/wandb-sender.ts';

/** What W&B's documentation teaches for a webhook to GitHub, its variables filled in: no alias, no event type of W&B. */
const DOCUMENTED = {
  event_type: 'BUILD_AND_DEPLOY',
  client_payload: {
    event_author: 'ada',
    artifact_version: 'wandb-artifact://_id/QXJ0aWZhY3Q6NTE3ODg5ODg3',
    artifact_version_string: 'acme/wandb-registry-model/resnet50:v3',
    artifact_collection_name: 'resnet50',
    project_name: 'wandb-registry-model',
    entity_name: 'acme',
  },
};

const PASSTHROUGH = `version: 1
routes:
  - name: github
    on: { payload: { event_type: BUILD_AND_DEPLOY } }
    to:
      - repository_dispatch: { repository: acme/deploy, passthrough: true }
`;

async function sentFor(
  body: unknown,
  config = PASSTHROUGH,
): Promise<{ answer: Record<string, unknown>; delivery: DeliveryView | undefined }> {
  const { post, store } = testReceiver({ config });
  const answer = await post(body);
  expect(answer.status).toBe(202);
  const [delivery] = await store.deliveries({ limit: 10 });
  return { answer: answer.body, delivery };
}

describe("W&B's documented GitHub body", () => {
  it('is sent on as it came, with the id of the delivery', async () => {
    const { answer, delivery } = await sentFor(DOCUMENTED);
    expect(delivery).toMatchObject({ state: 'pending', target: 'repository_dispatch:acme/deploy' });
    expect(delivery?.request).toEqual({
      kind: 'repository_dispatch',
      repository: 'acme/deploy',
      event_type: 'BUILD_AND_DEPLOY',
      client_payload: { ...DOCUMENTED.client_payload, delivery_id: delivery?.id },
    });
    expect(answer.detail).toBe(
      `Stored as event ${answer.id} of type unknown. Route github sends a repository_dispatch to acme/deploy (delivery ${delivery?.id}).`,
    );
  });

  it('is never a duplicate: two automations that use it both dispatch', async () => {
    const { post, store } = testReceiver({ config: PASSTHROUGH });
    const answers = [await post(DOCUMENTED), await post(DOCUMENTED)];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(await store.deliveries({ limit: 10 })).toHaveLength(2);
  });

  it('keeps every digit, in the stored body, too', async () => {
    const { post, store, receiver } = testReceiver({ config: PASSTHROUGH, adminToken: 'admin' });
    const numbers = '"run":9007199254740993,"in":[-9007199254740995,{"long":0.12345678901234567890,"huge":1.5E+400,"one":1.0}]';
    const body = `{"event_type":"BUILD_AND_DEPLOY","client_payload":{${numbers}}}`;
    await post(body);
    const [delivery] = await store.deliveries({ limit: 1 });
    expect(JSON.stringify(delivery?.request)).toContain(`"client_payload":{${numbers},"delivery_id":"${delivery?.id}"}`);
    expect((await store.events({ limit: 1 }))[0]?.body).toBe(body);
    const shown = await receiver.app.request(`/api/deliveries/${delivery?.id}`, { headers: { authorization: 'Bearer admin' } });
    expect(await shown.text()).toContain(numbers);
  });

  it('keeps every digit of a body in which a secret was replaced', async () => {
    const { post, store } = testReceiver({ config: PASSTHROUGH, secrets: ['hush-hush'] });
    const body = '{"event_type":"BUILD_AND_DEPLOY","client_payload":{"run":9007199254740993,"said":"hush-hush"}}';
    await post(body);
    expect((await store.events({ limit: 1 }))[0]?.body).toBe(body.replace('hush-hush', '[redacted]'));
  });

  it('with ten keys leaves no room for the id, and is sent without', async () => {
    const client_payload = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, i]));
    expect((await sentFor({ ...DOCUMENTED, client_payload })).delivery?.request).toMatchObject({ client_payload });
    const nine = Object.fromEntries(Object.entries(client_payload).slice(1));
    const { delivery } = await sentFor({ ...DOCUMENTED, client_payload: nine });
    expect(delivery?.request).toMatchObject({ client_payload: { ...nine, delivery_id: delivery?.id } });
  });

  it('keeps a delivery_id of its own', async () => {
    const { delivery } = await sentFor({ ...DOCUMENTED, client_payload: { delivery_id: 'mine' } });
    expect(delivery?.request).toMatchObject({ client_payload: { delivery_id: 'mine' } });
  });

  it('may have no client_payload, as at GitHub', async () => {
    const { delivery } = await sentFor({ event_type: 'BUILD_AND_DEPLOY' });
    expect(delivery?.request).toMatchObject({ client_payload: { delivery_id: delivery?.id } });
  });

  const ANY = PASSTHROUGH.replace('{ payload: { event_type: BUILD_AND_DEPLOY } }', '{}');

  it.each<[unknown, RegExp]>([
    [{ event_type: 'ADD_ARTIFACT_TAG', tag: 'checked' }, /this one has no client_payload$/],
    [{ relay: 1, client_payload: {} }, /this one has no event_type$/],
    [{ event_type: 5, client_payload: {} }, /this one has an event_type that is not text$/],
    [{ event_type: ' ', client_payload: {} }, /this one has an empty event_type$/],
    [{ event_type: 'go', client_payload: [] }, /this one has a client_payload that is not an object$/],
    [{ event_type: 'go', client_payload: null }, /this one has a client_payload that is not an object$/],
    [{ event_type: 'go', client_payload: 9007199254740993n.toString() }, /this one has a client_payload that is not an object$/],
    [['go'], /this one is not a JSON object$/],
    [{ event_type: 'x'.repeat(101), client_payload: {} }, /^event_type has 101 characters; GitHub allows 100$/],
    [
      { event_type: 'go', client_payload: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, i])) },
      /^client_payload has 11 top-level keys; GitHub allows 10$/,
    ],
    [{ event_type: 'go', client_payload: { text: 'x'.repeat(60_001) } }, /^client_payload has 60012 bytes; GitHub takes less than 64 KB/],
  ])('of another shape fails with the reason: %j', async (body, reason) => {
    const { answer, delivery } = await sentFor(body, ANY);
    expect(delivery).toMatchObject({ state: 'dead', reason: expect.stringMatching(reason), request: null });
    expect(answer.detail).toContain(`cannot send a repository_dispatch to acme/deploy (delivery ${delivery?.id}): ${delivery?.reason}`);
  });
});

describe('on.payload', () => {
  const routed = async (condition: string, body: unknown): Promise<boolean> => {
    const config = PASSTHROUGH.replace('{ event_type: BUILD_AND_DEPLOY }', condition);
    const { post } = testReceiver({ config });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const { body: answer } = await post(text, { headers: signedHeaders(text, SECRET) });
    return (answer.deliveries as unknown[]).length === 1;
  };

  it.each<[string, unknown, boolean]>([
    ['{ client_payload.event_author: ada }', DOCUMENTED, true],
    ['{ client_payload.event_author: bob }', DOCUMENTED, false],
    ['{ client_payload.event_author: [bob, ada] }', DOCUMENTED, true],
    ['{ client_payload.artifact_version_string: { regex: ":v3$" } }', DOCUMENTED, true],
    ['{ event_type: BUILD_AND_DEPLOY, client_payload.entity_name: other }', DOCUMENTED, false],
    ['{ client_payload.nope: { not: x } }', DOCUMENTED, false],
    ['{ client_payload: { not: x } }', DOCUMENTED, false],
    ['{ a.b: "1" }', { 'a.b': 1 }, true],
    ['{ a.b.c: "true" }', { a: { 'b.c': true } }, true],
    ['{ runs.1.id: "9007199254740993" }', '{"runs":[{"id":1},{"id":9007199254740993}]}', true],
    ['{ runs.1.id: "9007199254740992" }', '{"runs":[{"id":1},{"id":9007199254740993}]}', false],
    ['{ constructor.name: Object }', { n: 1 }, false],
    ['{ a: { regex: "" } }', { a: null }, false],
    ['{ a: "" }', { a: '' }, true],
  ])('%s of %j: %j', async (condition, body, expected) => {
    expect(await routed(condition, body)).toBe(expected);
  });
});
