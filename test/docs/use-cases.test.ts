import { describe, expect, it } from 'vitest';
import { relayBody } from '../stand-ins/wandb-sender.ts';
import { page } from './pages.ts';
import { HOUR, MINUTE, UseCaseWorld } from './use-case-world.ts';

/** The use cases of docs/engine.md by their headings, each with its whole config. */
const CASES = new Map(
  (page('docs/engine.md').text.split('\n## Use cases\n')[1]?.split('\n## ')[0] ?? '')
    .split('\n### ')
    .slice(1)
    .map((section) => [section.split('\n')[0] ?? '', /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '']),
);

/** A Friday. */
const START = '2026-11-27T06:00:00Z';

type UseCase = (world: UseCaseWorld) => Promise<void>;

const CHECKS: Readonly<Record<string, UseCase>> = {
  'Accuracy below a limit': async (world) => {
    const values = [0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9];
    const [candidate, other] = [world.run('k3v9x2ab', { displayName: 'rc-12', tags: ['release-candidate'] }), world.run('other')];
    const left = [...values];
    await world.pass(values.length * MINUTE, () => {
      const value = left.shift() ?? 0.9;
      for (const run of [candidate, other]) run.log({ 'val/accuracy': value });
    });
    expect(world.messages('ml-alerts')).toEqual([
      expect.stringMatching(/^Resolved: val\/accuracy of rc-12 is 0\.\d+ \(average of 3, alert below 0\.6\), by ada/),
      expect.stringMatching(/^Resolved: val\/accuracy of rc-12 is 0\.\d+ \(average of 3, alert below 0\.6\), by ada/),
    ]);
    const events = await world.store.events({ limit: 10 });
    expect(events.toReversed().map(({ event: { run, step, value, resolved } }) => [run, step, value, resolved])).toEqual([
      ['k3v9x2ab', expect.any(Number), expect.closeTo(0.5, 1), undefined],
      ['k3v9x2ab', expect.any(Number), expect.any(Number), true],
    ]);
  },

  'A loss that stalls': async (world) => {
    const run = world.run('k3v9x2ab', { displayName: 'train-78' });
    let step = 0;
    await world.pass(10 * MINUTE, () => {
      for (const last = step + 5; step < last; step++) run.log({ loss: step < 20 ? 10 / (step + 1) : 0.5 + (step % 2) * 0.001 });
    });
    expect(world.messages('ml-alerts')).toEqual([expect.stringMatching(/^Approve\? loss of train-78 changed by 0\.\d+ % in 20 values/)]);
    expect(run.stopRequested).toBe(false);
    await world.approve();
    await world.pass(MINUTE);
    expect(run.stopRequested).toBe(true);
  },

  'Retraining by a metric': async (world) => {
    const [monitor, training] = [world.run('m0n1t0r', { displayName: 'monitor-eu' }), world.run('train-1')];
    let step = 0;
    await world.pass(8 * MINUTE, () => {
      for (const last = step + 5; step < last; step++)
        for (const run of [monitor, training]) run.log({ 'drift/psi': step < 20 ? 0.1 : 0.4 });
    });
    expect(world.dispatches()).toEqual([
      {
        repository: 'acme/training',
        body: {
          event_type: 'retrain',
          client_payload: {
            delivery_id: expect.any(String),
            reason: expect.stringMatching(/^drift\/psi rose from 0\.1\d* to 0\.\d+$/),
            monitor: 'm0n1t0r',
          },
        },
      },
    ]);
  },

  'A run that failed or crashed': async (world) => {
    const [failed, crashed, back] = ['failed', 'crashed', 'back'].map((name) => world.run(name, { displayName: `train-${name}` }));
    await world.pass(MINUTE, () => void [failed, crashed, back].map((run) => run?.log({ loss: 1 })));
    failed?.setState('failed');
    // The heartbeats of the others end; one of them comes back.
    await world.pass(12 * MINUTE);
    back?.log({ loss: 1 });
    await world.pass(6 * MINUTE, () => void back?.heartbeat());
    expect(world.dispatches()).toEqual(
      ['failed', 'crashed'].map((state) => ({
        repository: 'acme/training',
        body: expect.objectContaining({ ref: 'main', inputs: { run: `train/${state}`, state, delivery_id: expect.any(String) } }),
      })),
    );
    const shown = world.messages('ml-alerts').join('\n');
    expect(shown).toContain('Run train-failed failed');
    expect(shown).toContain('Run train-crashed crashed');
    expect(shown).not.toContain('train-back');
  },

  'A long run that finished': async (world) => {
    const now = world.now;
    const [long, short] = [world.run('long', { displayName: 'nightly', createdAt: now - 7 * HOUR }), world.run('short')];
    for (const run of [long, short]) run.log({ loss: 1 });
    await world.pass(MINUTE, () => void [long, short].map((run) => run.heartbeat()));
    for (const run of [long, short]) run.setState('finished');
    await world.pass(2 * MINUTE);
    expect(world.messages('ml')).toEqual([expect.stringMatching(/^Run finished after 7 h.*: nightly, by ada$/)]);
    const [message] = await world.store.deliveries({ limit: 1 });
    expect(message?.request).toMatchObject({ kind: 'slack', text: 'ada, your run nightly is done.' });
  },

  'A daily summary': async (world) => {
    const run = world.run('k3v9x2ab', { displayName: 'nightly' });
    run.log({ 'val/loss': 0.291, 'val/accuracy': 0.91 }).setState('finished');
    await world.pass(HOUR, undefined, 10 * MINUTE);
    expect(world.messages('ml')).toEqual([]);
    // 8:00 UTC is 9:00 in Berlin in winter.
    await world.pass(HOUR + MINUTE, undefined, 10 * MINUTE);
    expect(world.messages('ml')).toEqual(['Digest daily: 1 run, best val/loss 0.291']);
  },

  'From the registry to a deployment platform': async (world) => {
    const values = {
      entity_name: 'acme-org-entity',
      project_name: 'wandb-registry-model',
      artifact_collection_name: 'resnet50',
      alias: 'production',
    };
    const artifact = 'acme-org-entity/wandb-registry-model/resnet50:v12';
    expect(await world.webhook(relayBody('add_artifact_alias', { ...values, artifact_version_string: artifact }))).toBe(202);
    await world.pass(MINUTE);
    expect(world.messages('ml-deploys')).toEqual([expect.stringMatching(/^Approve\? resnet50 v12 → production/)]);
    expect(world.dispatches()).toEqual([]);
    await world.approve();
    await world.pass(MINUTE);
    expect(world.dispatches()).toEqual([
      {
        repository: 'acme/platform',
        body: expect.objectContaining({
          ref: 'main',
          inputs: { model: artifact, environment: 'production', delivery_id: expect.any(String) },
        }),
      },
    ]);
  },
};

describe('the use cases of docs/engine.md', () => {
  it('are those that are tried here, each with a config', () => {
    expect([...CASES.keys()]).toEqual(Object.keys(CHECKS));
    for (const [name, config] of CASES) expect(config, name).toContain('version: 1');
  });

  it.each(Object.keys(CHECKS))('%s', async (name) => {
    await CHECKS[name]?.(await UseCaseWorld.start(CASES.get(name) ?? '', START));
  });
});
