import { describe, expect, it } from 'vitest';
import { readEventOutputs } from '../../../src/action/event-command.ts';
import { compileTarget } from '../../../src/route/target.ts';
import { contextWith, theError, theValue } from './samples.ts';

const TARGET = compileTarget({ repository_dispatch: { repository: 'acme/deploy', event_type: 'model' } });

/** What a workflow receives by default, as the outputs of the Action's `event` command. */
function outputs(wandb: object) {
  const context = contextWith({ version: 'v12' });
  const request = theValue(TARGET.build({ ...context, event: { ...context.event, wandb: wandb as never } }));
  return readEventOutputs(request.kind === 'repository_dispatch' ? request.client_payload : undefined);
}

describe('a default payload with facts of W&B', () => {
  it('is read by the Action, whose outputs stay those of the event', () => {
    const wandb = {
      artifact: { type: 'model', size: 1, metadata: { a: [1] }, truncated: true },
      run: { name: 'r1', summary: { accuracy: 0.9 } },
    };
    expect(theValue(outputs(wandb))).toEqual(theValue(outputs({})));
    expect(theValue(outputs(wandb))).toMatchObject({ 'delivery-id': 'delivery-1', version: 'v12' });
  });

  it('may have fields that this Action does not know', () => {
    expect(outputs({ weave: {}, artifact: { license: 'MIT' } }).ok).toBe(true);
  });

  it('is refused where a known word is of another type', () => {
    expect(theError(outputs({ artifact: { size: 'large' } }))).toContain('event.wandb.artifact.size');
    expect(theError(outputs([]))).toContain('event.wandb');
  });
});
