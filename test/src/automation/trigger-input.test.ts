import { describe, expect, it } from 'vitest';
import { integrationOf, triggerInput } from '../../../src/automation/trigger-input.ts';
import { fieldChanges, stateDigest, stateOfInput } from '../../../src/automation/trigger-state.ts';
import { readConfig } from '../../../src/config/config.ts';
import { automationConfig } from '../config/config-samples.ts';
import { theValue } from '../event/samples.ts';
import { CLIENT_INPUTS, fixture, inputFor, opened } from './trigger-samples.ts';

const { automations } = theValue(readConfig(fixture('trigger-cases.yaml'), 'trigger-cases.yaml'));

const one = (action: string, event = '{ link_artifact: {} }') => {
  const [automation] = theValue(readConfig(automationConfig({ action, event }), 'relay.yaml')).automations;
  if (automation === undefined) throw new Error('the config has one automation');
  return automation;
};

describe('a definition becomes the input that the W&B client sends:', () => {
  it('there is an input for each definition', () => {
    expect(automations.map(({ name }) => name)).toEqual(Object.keys(CLIENT_INPUTS));
  });

  it.each(automations.map((automation) => [automation.name, automation] as const))('%s', (name, automation) => {
    const wanted = CLIENT_INPUTS[name];
    expect(wanted && opened(inputFor(automation))).toEqual(wanted && opened(wanted));
  });
});

describe('the payload of a webhook', () => {
  const payloadOf = (payload: string) => {
    const { triggeredActionConfig: config } = inputFor(one(`{ webhook: { integration: hook, payload: ${payload} } }`));
    return 'genericWebhookActionInput' in config ? config.genericWebhookActionInput.requestPayload : 'no webhook';
  };

  // SendWebhook.request_payload in actions.py: an object, or a text that holds one.
  it.each([
    ['{ b: 1, a: [ "${tag}" ] }', '{"b":1,"a":["${tag}"]}'],
    ['"{\\"a\\": 1}"', '{"a":1}'],
    ['{ run: 9007199254740993 }', '{"run":9007199254740993}'],
    ['"{\\"run\\": [9007199254740993, 1.0]}"', '{"run":[9007199254740993,1.0]}'],
    ['null', null],
    // What the client does not take is sent as the JSON that was written.
    ['[1, two]', '[1,"two"]'],
    ['text', '"text"'],
    ['"[1]"', '"[1]"'],
    ['false', 'false'],
  ])('%s', (written, sent) => {
    expect(payloadOf(written)).toBe(sent);
  });
});

describe('two payloads are the same', () => {
  const stateOf = (payload: string) => stateOfInput(inputFor(one(`{ webhook: { integration: hook, payload: ${payload} } }`)));

  it('when their numbers are, however they are written', () => {
    expect(fieldChanges(stateOf('{ n: 1.0, m: [1e2] }'), stateOf('{ n: 1, m: [100] }'))).toEqual([]);
    expect(stateDigest(stateOf('{ n: 1.0 }'))).toBe(stateDigest(stateOf('{ n: 1 }')));
  });

  it('only when every digit is', () => {
    expect(fieldChanges(stateOf('{ n: 9007199254740993 }'), stateOf('{ n: 9007199254740992 }'))).toHaveLength(1);
    expect(stateDigest(stateOf('{ n: 9007199254740993 }'))).not.toBe(stateDigest(stateOf('{ n: 9007199254740992 }')));
  });
});

describe('a relay payload of before, without the literals of the metric,', () => {
  const EVENT = '{ run_metric: { metric: loss, aggregate: average, window: 10, above: 4 } }';
  const definition = (event = EVENT) => stateOfInput(inputFor(one('{ webhook: { integration: relay } }', event)));
  /** The same as an earlier version wrote it. */
  const older = () => {
    const { action, ...rest } = definition();
    const { aggregate, window, comparison, threshold, ...payload } = action.payload as Record<string, string>;
    expect({ aggregate, window, comparison, threshold }).toEqual({ aggregate: 'average', window: 10, comparison: 'above', threshold: 4 });
    return { ...rest, action: { ...action, payload } };
  };

  it('is equal until something else changes, and then gets them', () => {
    expect(fieldChanges(older(), definition())).toEqual([]);
    const changed = fieldChanges({ ...older(), enabled: false }, definition());
    expect(changed.map(({ path }) => path)).toEqual([
      'enabled',
      ...['aggregate', 'window', 'comparison', 'threshold'].map((name) => `action.payload.${name}`),
    ]);
  });

  it('differs when its threshold is another one', () => {
    expect(fieldChanges(definition(), definition(EVENT.replace('4', '5'))).map(({ path }) => path)).toContain('action.payload.threshold');
  });

  it('differs when it is a payload of somebody else', () => {
    const { action, ...rest } = older();
    const foreign = { ...rest, action: { ...action, payload: { ...(action.payload as object), relay: 2 } } };
    expect(fieldChanges(foreign, definition()).length).toBeGreaterThan(1);
  });
});

describe('the integration that an action needs', () => {
  it.each([
    ['{ relay: { to: [ { slack: { channel: x } } ] } }', { kind: 'webhook', name: 'relay' }],
    ['{ relay: { integration: other, to: [ { slack: { channel: x } } ] } }', { kind: 'webhook', name: 'other' }],
    ['{ webhook: { integration: hook } }', { kind: 'webhook', name: 'hook' }],
    ['{ notification: { slack: "#ml" } }', { kind: 'slack', name: '#ml' }],
    ['{ no_op: {} }', undefined],
  ])('%s', (action, integration) => {
    expect(integrationOf(one(action))).toEqual(integration);
  });

  it('must have been looked up', () => {
    const scope = { type: 'PROJECT', id: 'x', description: 'project train' } as const;
    expect(() => triggerInput(one('{ webhook: { integration: hook } }'), { scope, integrationId: undefined })).toThrow('not resolved');
  });
});
