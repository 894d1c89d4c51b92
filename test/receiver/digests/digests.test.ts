import { describe, expect, it } from 'vitest';
import { alertMessage, isFullAlert } from '../../../receiver/slack/failure-text.ts';
import { attemptAt, bury, claim } from '../store/samples.ts';
import { DAY, DigestWorld, HOUR, MINUTE } from './digest-world.ts';

const config = (more = '', digest = ''): string => `
version: 1
entity: acme
digests:
  - name: daily
    schedule: "0 9 * * *"
    timezone: Europe/Berlin
    scope: { project: train }
    slack: "#ml"
    metrics: [val/loss]
    ${digest}
${more}`;

const NIGHTLY = config().replace('0 9 * * *', '30 2 * * *');
const ROUTE = `
routes:
  - { name: all, on: {}, to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }, { slack: { channel: "#all" } }] }`;

describe('an occurrence', () => {
  it('is sent once, by several receivers that start and end', async () => {
    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    for (let i = 0; i < 3; i++) await world.start();
    await world.until('2026-11-23T12:00:00Z');
    world.stopAll();
    for (let i = 0; i < 2; i++) await world.start();
    await world.until('2026-11-25T12:00:00Z');

    expect(world.sent.map(({ at }) => at)).toEqual(['2026-11-23T08:00:00.000Z', '2026-11-24T08:00:00.000Z', '2026-11-25T08:00:00.000Z']);
    expect(await world.store.events({ limit: 10 })).toHaveLength(3);
  });

  it.each([
    ['2027-03-27T12:00:00Z', ['2027-03-28T01:00:00.000Z', '2027-03-29T00:30:00.000Z']],
    ['2026-10-24T12:00:00Z', ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']],
  ])('at 2:30 in Berlin is sent once when clocks are changed: %s', async (from, times) => {
    const world = new DigestWorld(NIGHTLY, from);
    await world.start();
    await world.start();
    await world.until(new Date(Date.parse(from) + 2 * DAY).toISOString());
    expect(world.sent.map(({ at }) => at)).toEqual(times);
    // Each begins where the one before ended.
    expect(world.sent[1]?.facts.since).toBe(world.sent[0]?.facts.dueAt);
  });

  it('that was missed is sent late, and says which ones were skipped', async () => {
    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    await world.start();
    await world.until('2026-11-23T12:00:00Z');
    world.stopAll();
    await world.until('2026-11-26T13:00:00Z', HOUR);
    await world.start();
    await world.until('2026-11-27T12:00:00Z');

    expect(world.sent.map(({ at, facts: { since, skipped } }) => [at, new Date(since).toISOString(), skipped])).toEqual([
      ['2026-11-23T08:00:00.000Z', '2026-11-22T08:00:00.000Z', 0],
      ['2026-11-26T13:01:00.000Z', '2026-11-23T08:00:00.000Z', 2],
      ['2026-11-27T08:00:00.000Z', '2026-11-26T08:00:00.000Z', 0],
    ]);
  });

  it('that is too late is not sent, and the next one has its time', async () => {
    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    await world.start();
    await world.until('2026-11-22T12:05:00Z');
    world.stopAll();
    await world.until('2026-11-23T21:00:00Z', HOUR);
    await world.start();
    await world.until('2026-11-24T12:00:00Z');

    expect(world.sent.map(({ at, facts }) => [at, facts.skipped, new Date(facts.since).toISOString()])).toEqual([
      ['2026-11-24T08:00:00.000Z', 1, '2026-11-22T08:00:00.000Z'],
    ]);
  });

  it('from before the digest was there is not sent', async () => {
    const world = new DigestWorld(config(), '2026-11-23T08:30:00Z');
    await world.start();
    await world.until('2026-11-24T07:59:00Z');
    expect(world.sent).toEqual([]);
    await world.until('2026-11-24T08:00:00Z');
    expect(world.sent).toHaveLength(1);
  });

  it('is not sent while the clock cannot be trusted', async () => {
    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    let steady = true;
    await world.start({ isSteady: () => steady });
    await world.until('2026-11-22T13:00:00Z');
    steady = false;
    await world.until('2026-11-23T09:00:00Z');
    expect(world.sent).toEqual([]);
    steady = true;
    await world.until('2026-11-23T09:02:00Z');
    expect(world.sent).toHaveLength(1);
  });

  it('is known ahead, for alarms', async () => {
    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    const receiver = await world.start();
    expect(new Date(receiver.nextAt() ?? 0).toISOString()).toBe('2026-11-23T08:00:00.000Z');
  });
});

describe('a digest', () => {
  it('has runs by state, the best values and how they changed since the one before', async () => {
    const world = new DigestWorld(config('', 'top: 2'), '2026-11-22T12:00:00Z');
    await world.start();
    world.wandb.run('a', { displayName: 'train-a' }).row({ 'val/loss': 0.304 }).become('finished');
    world.wandb.run('b').row({ 'val/loss': Number.NaN }).become('failed');
    await world.until('2026-11-23T08:10:00Z');
    world.wandb.run('c', { displayName: 'train-c' }).row({ 'val/loss': 0.291 }).become('finished');
    world.wandb.run('d').row({ 'val/loss': 0.4 }).become('running');
    world.wandb.run('e').row({ 'val/loss': 0.35 }).become('killed');
    world.wandb.run('other', {}, 'acme/other').row({ 'val/loss': 0.1 });
    await world.until('2026-11-24T08:00:00Z');

    const [first, second] = world.sent;
    expect(first?.facts.runs).toMatchObject({ total: 2, states: { finished: 1, failed: 1 } });
    expect(first?.text).toBe('Digest daily: 2 runs, 1 failed, best val/loss 0.304');
    expect(second?.facts.runs).toMatchObject({ total: 3, states: { finished: 1, running: 1, killed: 1 }, failed: [{ run: 'e' }] });
    expect(second?.facts.metrics).toMatchObject([
      {
        metric: 'val/loss',
        best: 'min',
        runs: 3,
        before: 0.304,
        top: [
          { name: 'train-c', value: 0.291 },
          { name: 'e', value: 0.35 },
        ],
      },
    ]);
    expect(second?.text).toBe('Digest daily: 3 runs, best val/loss 0.291 (was 0.304, −4.28 %)');
  });

  it('has a run that crashed around its time once, in the one that knows it', async () => {
    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    await world.start();
    await world.until('2026-11-23T07:57:00Z');
    const run = world.wandb.run('a').row({ 'val/loss': 1 });
    await world.until('2026-11-23T08:03:00Z');
    run.become('crashed');
    await world.until('2026-11-24T08:00:00Z');
    expect(world.sent.map(({ facts }) => facts.runs?.states)).toEqual([{ running: 1 }, { crashed: 1 }]);
  });

  it('has new versions, promotions, alerts and failures of its scope and time, from any automation', async () => {
    const world = new DigestWorld(config(ROUTE), '2026-11-23T07:00:00Z');
    await world.start();
    await world.event({ type: 'create_artifact', collection: 'resnet50', version: 'v11' });
    await world.until('2026-11-23T08:30:00Z');
    await world.event({ type: 'create_artifact', collection: 'resnet50', version: 'v12', author: 'ada' });
    await world.event({ type: 'create_artifact', project: 'other', collection: 'bert', version: 'v1' });
    await world.event({ type: 'add_artifact_alias', collection: 'resnet50', version: 'v12', alias: 'production', author: 'ada' });
    await world.event({ type: 'run_metric', run: 'a', metric: 'loss', automation: 'loss-too-high' });
    await world.event({ type: 'run_metric', run: 'a', metric: 'loss', automation: 'loss-too-high', engine: 'relay', resolved: true });
    const [dispatch] = await claim(world.store, world.now, { serves: (credential) => credential === 'github' });
    if (dispatch === undefined) throw new Error('nothing to dispatch');
    await bury(world.store, dispatch, world.now);
    await world.until('2026-11-24T08:00:00Z');

    const { facts } = world.sent.at(-1) ?? {};
    expect(facts?.versions).toEqual({ count: 1, latest: [{ collection: 'resnet50', version: 'v12', by: 'ada' }] });
    expect(facts?.promotions).toMatchObject({ count: 1, latest: [{ collection: 'resnet50', version: 'v12', alias: 'production' }] });
    expect(facts?.alerts).toEqual([{ automation: 'loss-too-high', count: 1 }]);
    expect(facts?.failures).toMatchObject({ count: 1, latest: [{ what: expect.stringContaining('resnet50 v1'), target: 'acme/deploy' }] });
  });

  it('fires no route, and is one delivery that lists show', async () => {
    const world = new DigestWorld(config(ROUTE), '2026-11-23T07:59:00Z');
    await world.start();
    await world.until('2026-11-24T08:00:00Z');
    const [event] = await world.store.events({ limit: 10 });
    expect(event).toMatchObject({ outcome: 'routed', event: { type: 'digest', automation: 'daily', entity: 'acme', project: 'train' } });
    expect(
      (await world.store.deliveries({ eventId: event?.id ?? '', limit: 10 })).map(({ route, target, state }) => [route, target, state]),
    ).toEqual([['digest daily', 'slack:#ml', 'delivered']]);
    expect(world.wakes).toBeGreaterThan(0);
  });

  it('that cannot be posted is reported where problems of the relay go', async () => {
    const world = new DigestWorld(config('\nalerts: { slack: "#ops" }'), '2026-11-23T07:59:00Z');
    await world.start();
    world.now += MINUTE;
    await world.receivers[0]?.runOnce();
    const [digest] = await claim(world.store, world.now, { serves: (credential) => credential === 'slack:#ml' });
    if (digest === undefined) throw new Error('nothing to post');
    const alerts = { mention: [], broadcast: true, channel: '#ops' };
    await world.store.settle(digest, attemptAt(world.now, 'refused'), { state: 'dead', reason: 'channel_not_found', alerts });
    const [alert] = await claim(world.store, world.now + MINUTE, { serves: (credential) => credential === 'slack:#ops' });
    if (alert?.request.kind !== 'slack_reply' || !('alert' in alert.request) || !isFullAlert(alert.request.alert))
      throw new Error('no alert');
    expect(alertMessage(alert.request.alert, { githubUrl: 'https://github.com', slackUsers: {} }).text).toBe(
      'NOT POSTED: the digest daily. #ml: channel_not_found',
    );
  });

  it('of a registry has no runs, and needs no key', async () => {
    const world = new DigestWorld(
      config().replace('{ project: train }', '{ registry: model, collection: resnet50 }'),
      '2026-11-23T07:59:00Z',
    );
    const receiver = await world.start({ withoutKey: true });
    expect(receiver.details?.()).toEqual([]);
    const registry = { entity: 'acme-org', project: 'wandb-registry-model', registry: 'model', version: 'v3' };
    await world.event({ type: 'link_artifact', ...registry, collection: 'resnet50' });
    await world.event({ type: 'link_artifact', ...registry, collection: 'bert' });
    await world.until('2026-11-23T08:00:00Z');
    expect(world.sent).toMatchObject([{ facts: { about: 'resnet50 in registry model', runs: null, versions: { count: 1 }, notes: [] } }]);
  });

  it('of a team has all of its projects', async () => {
    const world = new DigestWorld(config().replace('{ project: train }', '{ team: acme }'), '2026-11-23T07:59:00Z');
    await world.start();
    world.wandb.projectsOf.set('acme', ['train', 'other', 'wandb-registry-model']);
    world.wandb.run('a').row({ 'val/loss': 1 });
    world.wandb.run('b', {}, 'acme/other').row({ 'val/loss': 0.5 });
    await world.until('2026-11-23T08:00:00Z');
    expect(world.sent[0]?.facts).toMatchObject({
      about: 'team acme',
      runs: { total: 2, projects: 2 },
      metrics: [{ top: [{ project: 'other' }, { project: 'train' }] }],
    });
  });

  it('says that its runs are missing: without a key, and when W&B cannot be read for a quarter of an hour', async () => {
    const keyless = new DigestWorld(config(), '2026-11-23T07:59:00Z');
    expect((await keyless.start({ withoutKey: true })).details?.()).toEqual(['the digests daily show no runs: set WANDB_API_KEY']);
    await keyless.until('2026-11-23T08:00:00Z');
    expect(keyless.sent[0]?.facts).toMatchObject({ runs: null, notes: ['Runs are not shown: WANDB_API_KEY is not set.'] });

    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    await world.start();
    world.wandb.trouble = () => ({ kind: 'unavailable', message: 'W&B answered 503' });
    await world.until('2026-11-23T08:10:00Z');
    expect(world.sent).toEqual([]);
    await world.until('2026-11-23T08:20:00Z');
    expect(world.sent).toMatchObject([
      { at: '2026-11-23T08:15:00.000Z', facts: { runs: null, notes: ['Runs are not shown: W&B answered 503'] } },
    ]);
    world.wandb.trouble = () => undefined;
    await world.until('2026-11-24T08:00:00Z');
    expect(world.sent[1]?.facts).toMatchObject({ runs: { total: 0 }, notes: [] });
  });

  it('is sent without delay when waiting does not help', async () => {
    const world = new DigestWorld(config(), '2026-11-22T12:00:00Z');
    await world.start();
    world.wandb.trouble = () => ({ kind: 'missing', message: 'the project acme/train does not exist' });
    await world.until('2026-11-23T08:00:00Z', MINUTE);
    expect(world.sent).toMatchObject([{ facts: { notes: ['Runs are not shown: the project acme/train does not exist'] } }]);
  });

  it('keeps secrets out of what it stores', async () => {
    const world = new DigestWorld(config(), '2026-11-23T07:59:00Z');
    await world.start();
    world.wandb.run('a', { displayName: 'run a-secret-token' }).row({ 'val/loss': 1 });
    await world.until('2026-11-23T08:00:00Z');
    const [event] = await world.store.events({ limit: 1 });
    expect(event?.body).toContain('val/loss');
    expect(event?.body).not.toContain('a-secret-token');
  });
});
