import { expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import { runAction } from './run-action.ts';

const CONFIG = `version: 1
entity: acme
automations:
  - name: run-failed
    scope: { project: train }
    event: { run_state: { states: [failed] } }
    action: { no_op: {} }
`;

it('the input backtest shows on how many runs an automation would have fired, and max-estimated-fires fails the check', async () => {
  const server = await wandbServer();
  const began = Date.now() - 86_400_000;
  for (const [name, state] of Object.entries({ aaa: 'failed', bbb: 'finished', ccc: 'crashed' })) {
    liveRun(server.world, server.world.project('train'), name, { state, createdAt: began, heartbeatAt: began + 60_000 });
  }
  const plan = (inputs: Readonly<Record<string, string>>) =>
    runAction({
      inputs: { command: 'plan', 'wandb-api-key': server.apiKey, 'wandb-base-url': server.url, ...inputs },
      files: { 'wandb-relay.yaml': CONFIG },
    });
  const shown = await plan({ backtest: '30d', 'max-estimated-fires': '2' });
  expect([shown.code, shown.summary]).toEqual([0, expect.stringContaining('Would have fired on **2 of 3** runs in 30 days.')]);
  expect(shown.summary).toContain('would have fired on 2 of 3 runs</summary>');

  const many = await plan({ backtest: '30d', 'max-estimated-fires': '1' });
  const message = 'run-failed would have fired 2 times in 30 days, on 2 of 3 runs: more often than max-estimated-fires (1) allows';
  expect([many.code, many.outputs['failure-reason']]).toEqual([1, message]);
  expect(many.annotations).toContainEqual(
    expect.objectContaining({ kind: 'error', message, properties: expect.stringContaining('line=4') }),
  );

  const wrong = await plan({ backtest: 'a month', 'max-estimated-fires': '-1' });
  expect(wrong.log).toContain('backtest: "a month" must be a duration such as 12h or 30d');
  expect(wrong.log).toContain('max-estimated-fires: "-1" must be a whole number');
  expect((await plan({ 'max-estimated-fires': '1' })).log).toContain('max-estimated-fires: needs the input backtest, such as 30d');
});
