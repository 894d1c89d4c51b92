import { describe, expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { runAction } from './run-action.ts';

const config = (step: number) => `version: 1
entity: acme
automations:
  - name: loss-too-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 8 } }
    action: { relay: { to: [{ slack: { channel: "#a" } }] } }
tests:
  - name: a loss that explodes
    automation: loss-too-high
    series: { loss: 3 2.9 2.8x10 NaN 9+1x3 }
    fires: [{ step: ${step} }]
`;

const FAILURE = 'the test "a loss that explodes" failed: "loss-too-high" fired at step 14, expected at step 15';
const PULL_REQUEST = { number: 7, head: { sha: 'b'.repeat(40), repo: { full_name: 'acme/models' } } };

describe('the tests of a config', () => {
  it('are run with a plan: a failure fails the step, is at its line, and is in the summary', async () => {
    const server = await wandbServer();
    const inputs = { command: 'plan', 'wandb-api-key': server.apiKey, 'wandb-base-url': server.url };
    const event = { pull_request: PULL_REQUEST };
    const failed = await runAction({ inputs, files: { 'wandb-relay.yaml': config(15) }, event });
    expect(failed.code).toBe(1);
    expect(failed.annotations).toContainEqual({
      kind: 'error',
      properties: expect.stringMatching(/line=10/),
      message: expect.stringContaining(FAILURE),
    });
    expect(failed.log).toContain('    step 14 (14 min): the value is 9, which meets the condition; fired, not expected');
    expect(failed.log).toContain('1 of 1 test failed');
    expect(failed.summary).toContain('> 1 of 1 test failed');
    expect(failed.summary).toContain('❌ <b><code>a loss that explodes</code></b>');
    const passed = await runAction({ inputs, files: { 'wandb-relay.yaml': config(14) }, event });
    expect([passed.code, passed.summary]).toEqual([0, expect.stringContaining('✅ 1 test passed')]);
  });

  it('are run by validate, and without a key', async () => {
    const files = { 'wandb-relay.yaml': config(15) };
    const validated = await runAction({ inputs: { command: 'validate' }, files });
    expect([validated.code, validated.log]).toEqual([1, expect.stringContaining(FAILURE)]);
    const fork = { pull_request: { ...PULL_REQUEST, head: { repo: { full_name: 'mallory/models' } } } };
    const planned = await runAction({ inputs: { command: 'plan' }, files, event: fork });
    expect([planned.code, planned.log]).toEqual([1, expect.stringContaining(FAILURE)]);
    const good = await runAction({ inputs: { command: 'plan' }, files: { 'wandb-relay.yaml': config(14) }, event: fork });
    expect(good.code).toBe(0);
  });

  it('are not run by apply, which does what was approved', async () => {
    const server = await wandbServer();
    const inputs = { command: 'apply', 'wandb-api-key': server.apiKey, 'wandb-base-url': server.url };
    expect((await runAction({ inputs, files: { 'wandb-relay.yaml': config(15) } })).code).toBe(0);
  });
});
