import { expect, it } from 'vitest';
import { MINUTE, UseCaseWorld } from '../../docs/use-case-world.ts';

const CONFIG = `
version: 1
entity: acme
automations:
  - name: run-died
    engine: relay
    resolve: true
    scope: { project: train }
    event: { run_state: { states: [failed, crashed] } }
    action: { relay: { to: [{ slack: { channel: "#ml-alerts" } }] } }
`;

it('forty runs of a machine that died are one message, which counts those that come back', async () => {
  const world = await UseCaseWorld.start(CONFIG, '2026-11-27T06:00:00Z');
  const runs = Array.from({ length: 40 }, (_, i) => world.run(`run${i}`, { displayName: `train-${i}` }).log({ loss: 1 }));
  await world.pass(MINUTE, () => {
    for (const run of runs) run.heartbeat();
  });
  for (const run of runs) run.setState('crashed');
  await world.pass(MINUTE);
  expect(world.messages('ml-alerts')).toEqual([expect.stringMatching(/^40 runs crashed in one minute: train-\d+, train-\d+, .*, …$/)]);

  for (const run of runs.slice(0, 12)) run.resume().log({ loss: 1 });
  await world.pass(MINUTE, () => {
    for (const run of runs.slice(0, 12)) run.heartbeat();
  });
  expect(world.messages('ml-alerts')).toEqual([expect.stringMatching(/^40 runs crashed in one minute: .*, … \(12 resolved\)$/)]);
});
