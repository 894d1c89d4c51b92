import { describe, expect, it } from 'vitest';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbFault } from '../../stand-ins/wandb-server.ts';
import { eventOf } from '../store/samples.ts';
import { factsOf, runEvent, testEnricher, worldWithRuns } from './enricher-setup.ts';

const wandb = () => wandbServer({ world: worldWithRuns() });
const failing = (count: number, fault: WandbFault): WandbFault[] => Array.from({ length: count }, () => fault);

describe('asking about an event', () => {
  it('takes one query for three deliveries at once, and none later', async () => {
    const { enricher, store, requests } = await testEnricher(await wandb(), [runEvent('e1')]);
    const answers = await Promise.all([enricher.enrich('e1'), enricher.enrich('e1'), enricher.enrich('e1')]);
    expect(answers).toEqual([factsOf('r1'), factsOf('r1'), factsOf('r1')]);
    expect(await enricher.enrich('e1')).toEqual(factsOf('r1'));
    expect(requests()).toBe(1);
    expect((await store.event('e1'))?.wandb).toEqual(answers[0]);
  });

  it('takes no query for what is known since before a restart', async () => {
    const { enricher, store, requests } = await testEnricher(await wandb(), [runEvent('e1'), runEvent('e2')]);
    await store.keepEnrichment('e1', { run: { name: 'kept' } });
    await store.keepEnrichment('e2', null);
    expect([await enricher.enrich('e1'), await enricher.enrich('e2')]).toEqual([{ run: { name: 'kept' } }, null]);
    expect(requests()).toBe(0);
  });

  it('gives the same whether or not the values of the metric have come meanwhile', async () => {
    const { enricher, store } = await testEnricher(await wandb(), [runEvent('e1')]);
    const before = await enricher.enrich('e1');
    expect(await store.keepHistory('e1', { metric: 'loss', axis: 'step', points: [] }, 0)).toBe(true);
    expect(await enricher.enrich('e1')).toEqual(before);
  });

  it('keeps that W&B knows nothing, and does not ask again', async () => {
    const { enricher, store, requests } = await testEnricher(await wandb(), [runEvent('e1', 'nobody')]);
    expect([await enricher.enrich('e1'), await enricher.enrich('e1'), requests()]).toEqual([null, null, 1]);
    expect((await store.event('e1'))?.wandb).toBeNull();
  });

  it('asks nothing about an event that names neither run nor artifact, nor about none', async () => {
    const { enricher, requests } = await testEnricher(await wandb(), [eventOf('e1', { body: 'no JSON' })]);
    expect([await enricher.enrich('e1'), await enricher.enrich('none'), requests()]).toEqual([null, null, 0]);
  });

  it('keeps configured secrets out of the store', async () => {
    const { enricher, store } = await testEnricher(await wandb(), [runEvent('e1')], { secrets: ['run 1'] });
    expect(await enricher.enrich('e1')).toMatchObject({ run: { display_name: '[redacted]' } });
    expect((await store.event('e1'))?.wandb).toMatchObject({ run: { display_name: '[redacted]' } });
  });

  it('fails when the store does, and works again with it', async () => {
    let broken = true;
    const { enricher } = await testEnricher(await wandb(), [runEvent('e1')], {
      wrap: (store) => ({ ...store, event: (id) => (broken ? Promise.reject(new Error('disk full')) : store.event(id)) }),
    });
    await expect(enricher.enrich('e1')).rejects.toThrow('disk full');
    broken = false;
    expect(await enricher.enrich('e1')).toEqual(factsOf('r1'));
  });
});

describe('W&B in trouble', () => {
  it.each<[string, WandbFault]>([
    ['a server error', { status: 503 }],
    ['a rate limit', { status: 429, headers: { 'retry-after': '1' } }],
    ['a broken connection', { reset: true }],
    ['no JSON', { status: 200, body: '<html>' }],
    ['a shape that nobody knows', { status: 200, body: { data: { project: { run: 'r1' } } } }],
    ['a refused query', { status: 400, body: { errors: [{ message: 'no such field' }] } }],
    ['a refused key', { status: 401 }],
  ])('%s leaves the event as it arrived, without asking again or keeping that', async (_what, fault) => {
    const server = await wandb();
    server.fail(fault);
    const { enricher, store, requests, log } = await testEnricher(server, [runEvent('e1'), runEvent('e2', 'r2')]);
    expect([await enricher.enrich('e1'), await enricher.enrich('e1'), requests()]).toEqual([null, null, 1]);
    expect((await store.event('e1'))?.wandb).toBeUndefined();
    expect(log).toEqual([
      { level: 'warn', message: expect.stringMatching(/^not enriched: W&B/), fields: expect.objectContaining({ event: 'e1' }) },
    ]);
    expect(await enricher.enrich('e2')).toEqual(factsOf('r2'));
  });

  it('a refusal that is final is kept', async () => {
    const server = await wandb();
    server.fail({ status: 403 });
    const { enricher, store } = await testEnricher(server, [runEvent('e1')]);
    expect(await enricher.enrich('e1')).toBeNull();
    expect((await store.event('e1'))?.wandb).toBeNull();
  });

  it('no answer is waited for no longer than the limit', async () => {
    const server = await scriptedServer('silence');
    const { enricher, requests, log } = await testEnricher(server, [runEvent('e1')], { limitMs: 50 });
    const since = performance.now();
    expect(await enricher.enrich('e1')).toBeNull();
    expect(performance.now() - since).toBeLessThan(5_000);
    expect([requests(), log.map(({ message }) => message)]).toEqual([1, ['not enriched: W&B: no response in time']]);
  });

  it('never puts the key into the log', async () => {
    const apiKey = 'a-key-that-is-wrong';
    const server = await scriptedServer({ status: 401, body: { error: `${apiKey} is not valid` } });
    const { enricher, log } = await testEnricher(server, [runEvent('e1')], { apiKey });
    expect(await enricher.enrich('e1')).toBeNull();
    expect(JSON.stringify(log)).toContain('WANDB_API_KEY');
    expect(JSON.stringify(log)).not.toContain(apiKey);
  });
});

describe('an outage', () => {
  const events = Array.from({ length: 9 }, (_, i) => runEvent(`e${i + 1}`, `r${i + 1}`));

  it('stops the questions for 30 seconds after three failures in a row', async () => {
    const server = await wandb();
    server.fail(...failing(3, { status: 503 }));
    const { enricher, requests, clock, log } = await testEnricher(server, events);
    for (const id of ['e1', 'e2', 'e3', 'e4']) expect(await enricher.enrich(id)).toBeNull();
    expect(requests()).toBe(3);
    expect(log.at(-1)?.fields).toMatchObject({ event: 'e3', pausedUntil: new Date(clock.now + 30_000).toISOString() });
    clock.now += 29_999;
    expect([await enricher.enrich('e4'), requests()]).toEqual([null, 3]);
    clock.now += 1;
    expect(await enricher.enrich('e4')).toEqual(factsOf('r4'));
    expect(await enricher.enrich('e5')).toEqual(factsOf('r5'));
  });

  it('stops no questions because the clock was put back', async () => {
    const server = await wandb();
    server.fail(...failing(3, { status: 503 }));
    const { enricher, clock } = await testEnricher(server, events);
    for (const id of ['e1', 'e2', 'e3']) expect(await enricher.enrich(id)).toBeNull();
    clock.now -= 3_600_000;
    expect(await enricher.enrich('e4')).toEqual(factsOf('r4'));
  });

  it('that goes on costs one question per pause, however many ask at once', async () => {
    const server = await wandb();
    server.fail(...failing(4, { status: 503 }));
    const { enricher, requests, clock } = await testEnricher(server, events);
    for (const id of ['e1', 'e2', 'e3']) await enricher.enrich(id);
    clock.now += 30_000;
    expect(await Promise.all(['e4', 'e5', 'e6'].map((id) => enricher.enrich(id)))).toEqual([null, null, null]);
    expect(requests()).toBe(4);
    expect([await enricher.enrich('e7'), requests()]).toEqual([null, 4]);
    clock.now += 30_000;
    expect(await enricher.enrich('e7')).toEqual(factsOf('r7'));
  });

  it('is none while W&B answers in between', async () => {
    const server = await wandb();
    const { enricher, requests } = await testEnricher(server, events);
    for (const [i, { id }] of events.entries()) {
      if (i % 3 !== 2) server.fail({ status: 503 });
      await enricher.enrich(id);
    }
    expect(requests()).toBe(events.length);
  });

  it('is not ended by an event that W&B is not asked about', async () => {
    const server = await wandb();
    server.fail(...failing(3, { status: 503 }));
    const { enricher, requests } = await testEnricher(server, [...events, eventOf('other')]);
    for (const id of ['e1', 'e2', 'other', 'e3', 'other', 'e4']) expect(await enricher.enrich(id)).toBeNull();
    expect(requests()).toBe(3);
  });
});
