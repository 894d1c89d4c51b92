import { describe, expect, it } from 'vitest';
import { runEvaluationNotes } from '../../../src/wandb/run-evaluation.ts';

const failed = (name: string) => ({ name, event: { run_state: { states: ['failed' as const] } } });

describe('a note about run automations that W&B does not evaluate', () => {
  it('names them, and says what to do', () => {
    expect(runEvaluationNotes([failed('a'), { name: 'b', event: { link_artifact: {} } }], 'https://wandb.example')).toEqual([
      'a: W&B evaluates run automations only in its multi-tenant cloud and in Dedicated Cloud from server 0.81. If https://wandb.example is a self-managed server, they never fire: write "engine: relay" and a relay action, and the receiver evaluates them',
    ]);
    const [many] = runEvaluationNotes(['a', 'b', 'c', 'd', 'e'].map(failed), 'https://wandb.example');
    expect(many).toContain('a, b, c and 2 more: ');
  });

  it.each(['https://api.wandb.ai', 'https://acme.wandb.io', 'https://forge.coreweave.com/wandb'])('is none for %s', (url) => {
    expect(runEvaluationNotes([failed('a')], url)).toEqual([]);
  });
});
