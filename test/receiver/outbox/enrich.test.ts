import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import { enrichRequest } from '../../../receiver/outbox/enrich.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { type JsonObject, parseExactJson } from '../../../src/lib/json.ts';
import { compileTarget, requestProblem, type TargetRequest } from '../../../src/route/target.ts';
import type { TargetDefinition } from '../../../src/route/target-schema.ts';
import { theValue } from '../../src/event/samples.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, claim, claimOne, deliveryOf, eventOf, retryAt, SECOND, SETTLE_MS, succeed, T0 } from '../store/samples.ts';

const EVENT = { type: 'link_artifact', source: 'default', collection: 'resnet50', version: 'v12' } as const;
const PAYLOAD = { artifact_collection_name: 'resnet50', extra: { n: 1 } };
const WANDB: JsonObject = { artifact: { type: 'model', size: 12, metadata: { layers: 50 } } };
const DEFAULT: TargetDefinition = { repository_dispatch: { repository: 'acme/deploy', event_type: 'model' } };
const SLACK: TargetDefinition = { slack: { channel: '#ml', text: '{{ event.wandb.artifact.type }}' } };

/** One delivery of a target, accepted as the receiver does it, with what the store and W&B are asked. */
async function accepted(definition: TargetDefinition, options: { wandb?: JsonObject | null; template?: boolean; body?: string } = {}) {
  const store = sqliteStore(openMigrated());
  const context = { delivery_id: 'd-1', route: 'deploy', event: { ...EVENT, payload: PAYLOAD } };
  const request = theValue(compileTarget(definition).build(context, 'unchecked'));
  const template = options.template === false ? {} : { template: definition };
  await accept(
    store,
    eventOf('e1', {
      at: T0,
      event: EVENT,
      body: options.body ?? JSON.stringify(PAYLOAD),
      deliveries: [deliveryOf('d-1', { request, ...template })],
    }),
  );
  const asked: string[] = [];
  const enrich = async (eventId: string) => {
    asked.push(eventId);
    return options.wandb === undefined ? WANDB : options.wandb;
  };
  const complete = (delivery: Parameters<typeof enrichRequest>[0]) =>
    enrichRequest(delivery, { store, enrich, compile: compileTarget, log: silentLogger });
  return { store, request, asked, complete };
}

function payloadOf(request: TargetRequest): JsonObject {
  if (request.kind !== 'repository_dispatch') throw new Error(`a ${request.kind}`);
  return request.client_payload;
}

describe('completing a request', () => {
  it('adds what W&B says to the default payload, and to nothing else of it', async () => {
    const { store, request, complete } = await accepted(DEFAULT);
    const sent = await complete(await claimOne(store, T0));
    expect(payloadOf(sent)).toEqual({ delivery_id: 'd-1', route: 'deploy', event: { ...EVENT, wandb: WANDB } });
    expect(payloadOf(request)).toEqual({ delivery_id: 'd-1', route: 'deploy', event: EVENT });
  });

  it('fills what only W&B can fill; without it the request is what its limits refuse', async () => {
    const definition = {
      repository_dispatch: { repository: 'acme/deploy', event_type: '{{ event.wandb.artifact.type }}', client_payload: {} },
    };
    const known = await accepted(definition);
    expect(await known.complete(await claimOne(known.store, T0))).toMatchObject({ event_type: 'model' });
    const unknown = await accepted(definition, { wandb: null });
    const sent = await unknown.complete(await claimOne(unknown.store, T0));
    expect(requestProblem(sent)).toMatch(/event_type is empty for this event/);
  });

  it('keeps every digit of the body and of what W&B says', async () => {
    const client_payload = {
      run: '{{ event.payload.run }}',
      size: '{{ event.wandb.artifact.metadata.size }}',
      own: '{{ event.payload.own }}',
    };
    const definition = { repository_dispatch: { repository: 'acme/deploy', event_type: 'model', client_payload } };
    const body = '{"run":9007199254740993,"own":[1.0]}';
    const wandb = theValue(parseExactJson('{"artifact":{"metadata":{"size":-9007199254740995}}}')) as JsonObject;
    const { store, complete } = await accepted(definition, { wandb, body });
    const sent = await complete(await claimOne(store, T0));
    expect(JSON.stringify(payloadOf(sent))).toBe('{"run":9007199254740993,"size":-9007199254740995,"own":[1.0]}');
  });

  it('renders templates with it, beside the body as it arrived', async () => {
    const { store, complete } = await accepted({
      workflow_dispatch: {
        repository: 'acme/deploy',
        workflow: 'deploy.yml',
        ref: 'main',
        inputs: { type: '{{ event.wandb.artifact.type }}', n: '{{ event.payload.extra.n }}' },
      },
    });
    expect(await complete(await claimOne(store, T0))).toMatchObject({ inputs: { type: 'model', n: '1' } });
  });

  it('is done once: retries and replays send the same, and ask nobody', async () => {
    const { store, asked, complete } = await accepted(DEFAULT);
    const first = await claimOne(store, T0);
    const sent = await complete(first);
    await retryAt(store, first, T0, T0 + SECOND, true);
    const second = await claimOne(store, T0 + SECOND);
    expect(second.template).toBeNull();
    expect(await complete(second)).toEqual(sent);
    await succeed(store, second, T0 + SECOND);
    await store.replay(['d-1'], T0 + 2 * SECOND);
    expect(payloadOf(await complete(await claimOne(store, T0 + 2 * SECOND)))).toEqual(payloadOf(sent));
    expect(asked).toEqual(['e1', 'e1']);
  });

  it('without an answer sends what was accepted, also later when there is one', async () => {
    const { store, request, complete } = await accepted(DEFAULT, { wandb: null });
    const first = await claimOne(store, T0);
    expect(await complete(first)).toEqual(request);
    await store.keepEnrichment('e1', WANDB);
    await retryAt(store, first, T0, T0 + SECOND);
    const second = await claimOne(store, T0 + SECOND);
    expect([second.template, await complete(second)]).toEqual([null, request]);
  });

  it('does not change what may have been sent in a run that was cut short', async () => {
    const { store, request, asked, complete } = await accepted(DEFAULT);
    await claimOne(store, T0);
    await store.recoverInFlight(T0);
    const again = await claimOne(store, T0 + SETTLE_MS);
    expect([again.ambiguous, await complete(again), asked]).toEqual([true, request, []]);
  });

  it('leaves out the details where they make it too large, and everything where that is not enough', async () => {
    const payload = (text: string): TargetDefinition => ({
      repository_dispatch: { repository: 'acme/deploy', event_type: 'model', client_payload: { all: '{{ event.wandb }}', text } },
    });
    const large = (key: string) => ({ artifact: { type: 'model', [key]: { text: 'x'.repeat(4_000) } } });
    const roomy = await accepted(payload('y'.repeat(56_500)), { wandb: large('metadata') });
    expect(payloadOf(await roomy.complete(await claimOne(roomy.store, T0))).all).toEqual({ artifact: { type: 'model', truncated: true } });
    const full = await accepted(payload('y'.repeat(56_500)), { wandb: large('other') });
    expect(await full.complete(await claimOne(full.store, T0))).toEqual(full.request);
  });

  it('renders the text of a message', async () => {
    const { store, complete } = await accepted(SLACK);
    expect(await complete(await claimOne(store, T0))).toMatchObject({ kind: 'slack', text: 'model' });
  });

  it('builds what people are asked about before they are asked: that is what is sent', async () => {
    const definition: TargetDefinition = {
      workflow_dispatch: { repository: 'acme/deploy', workflow: 'deploy.yml', ref: '{{ event.wandb.artifact.type | default: "main" }}' },
    };
    for (const [wandb, ref] of [[WANDB, 'model'] as const, [null, 'main'] as const]) {
      const { store, complete } = await accepted(SLACK, { wandb });
      const request = theValue(
        compileTarget(definition).build({ delivery_id: 'h', route: 'deploy', event: { ...EVENT, payload: PAYLOAD } }),
      );
      const held = deliveryOf('h', { state: 'held', request, template: definition, orderKey: 'h' });
      const asks = deliveryOf('asks', { orderKey: 'asks', request: { kind: 'slack', channel: '#ml', text: null, thread: true } });
      const event = { at: T0, subject: 'asked', event: EVENT, body: JSON.stringify(PAYLOAD) };
      await accept(store, eventOf('e2', { ...event, deliveries: [held, asks] }));
      const claimed = await claim(store, T0);

      await complete(claimed.find(({ id }) => id === 'asks')!);

      expect((await store.delivery('h'))?.delivery.request).toMatchObject({ ref });
      await store.approve(['h'], T0);
      await store.keepEnrichment('e2', { artifact: { type: 'something else' } });
      const [approved] = (await claim(store, T0)).filter(({ id }) => id === 'h');
      expect(await complete(approved!)).toMatchObject({ ref });
    }
  });

  it('asks also for a delivery that sends the same in any case, and stores nothing for it', async () => {
    const { store, request, asked, complete } = await accepted(DEFAULT, { template: false });
    expect([await complete(await claimOne(store, T0)), asked]).toEqual([request, ['e1']]);
  });

  it('sends what is stored when its lease is lost', async () => {
    const { store, request, complete } = await accepted(DEFAULT);
    const delivery = await claimOne(store, T0);
    expect(await complete({ ...delivery, leaseToken: 'lost' })).toEqual(request);
  });

  describe('that depends on its approval', () => {
    const facts = { by: 'ada (U012ABC)', at: new Date(T0).toISOString(), reason: 'fine' };
    /** A held dispatch of a target, asked about in a message; approved. `wandb`: what is known when people are asked. */
    async function approved(definition: TargetDefinition, wandb: JsonObject | null, body: JsonObject = PAYLOAD) {
      const { store, complete } = await accepted(SLACK, { wandb });
      const context = { delivery_id: 'h', route: 'deploy', event: { ...EVENT, payload: body } };
      const request = theValue(compileTarget(definition).build(context, 'unchecked'));
      const held = deliveryOf('h', { state: 'held', request, template: definition, approvalTemplate: definition, orderKey: 'h' });
      const asks = deliveryOf('asks', { orderKey: 'asks', request: { kind: 'slack', channel: '#ml', text: null, thread: true } });
      await accept(store, eventOf('e2', { at: T0, subject: 'asked', event: EVENT, body: JSON.stringify(body), deliveries: [held, asks] }));
      if (wandb !== null) await store.keepEnrichment('e2', wandb);
      await complete((await claim(store, T0)).find(({ id }) => id === 'asks')!);
      const asked = (await store.delivery('h'))?.delivery.request;
      // What becomes known later changes nothing of what people were asked about.
      await store.keepEnrichment('e2', { artifact: { type: 'later' } });
      await store.approve(['h'], T0, { by: 'ada (U012ABC)', reason: 'fine' });
      const claimed = (await claim(store, T0)).find(({ id }) => id === 'h')!;
      const sent = await complete(claimed);
      return { store, asked, sent, claimed };
    }

    it('gets who approved it, when and why, and is otherwise what people were asked about', async () => {
      for (const wandb of [WANDB, null]) {
        const { store, asked, sent, claimed } = await approved(DEFAULT, wandb);
        const { event } = payloadOf(asked!) as { event: JsonObject };
        expect(payloadOf(sent)).toEqual({ delivery_id: 'h', route: 'deploy', event: { ...event, approval: facts } });
        expect(event.wandb).toEqual(wandb ?? undefined);
        // A retry, and a replay, send the same.
        await retryAt(store, claimed, T0, T0);
        const again = (await claim(store, T0 + SECOND)).find(({ id }) => id === 'h');
        expect(again?.request).toEqual(sent);
        expect(again).not.toHaveProperty('approved');
      }
    });

    it('fills a template with it, also one that only the approval can fill', async () => {
      const definition: TargetDefinition = {
        workflow_dispatch: {
          repository: 'acme/deploy',
          workflow: 'deploy.yml',
          ref: '{{ event.approval.reason }}',
          inputs: { by: '{{ event.approval.by }}' },
        },
      };
      const { sent } = await approved(definition, null);
      expect(sent).toMatchObject({ ref: 'fine', inputs: { by: 'ada (U012ABC)' } });
    });

    it('that does not fit any more goes out as people were asked about it', async () => {
      const large = (characters: number): TargetDefinition => ({
        repository_dispatch: {
          repository: 'acme/deploy',
          event_type: 'model',
          client_payload: { pad: 'x'.repeat(characters), approval: '{{ event.approval }}' },
        },
      });
      const { asked, sent } = await approved(large(59_960), WANDB);
      expect(sent).toEqual(asked);
      expect((await approved(large(59_000), WANDB)).sent).toMatchObject({ client_payload: { approval: facts } });
    });
  });
});
