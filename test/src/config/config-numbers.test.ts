import { describe, expect, it } from 'vitest';
import { exportYaml } from '../../../src/automation/export-yaml.ts';
import { readConfig } from '../../../src/config/config.ts';
import { type JsonObject, parseExactJson } from '../../../src/lib/json.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { contextWith, theValue } from '../event/samples.ts';
import { automationConfig, routeConfig } from './config-samples.ts';

/** The request of the only target of a config of one route, as JSON. */
function requestOf(to: string): string {
  const [definition] = theValue(readConfig(routeConfig({ to }), 'relay.yaml')).routes;
  if (definition === undefined) throw new Error('no route');
  return JSON.stringify(theValue(compileRoute(definition).targets[0]?.build(contextWith()) ?? { ok: false, error: 'no target' }));
}

const dispatch = (payload: string) => `{ repository_dispatch: { repository: a/b, event_type: go, client_payload: ${payload} } }`;

describe('numbers of a config', () => {
  it.each([
    ['{ run: 9007199254740993 }', '{"run":9007199254740993}'],
    ['{ runs: [-9007199254740993, { deep: 0.12345678901234567890 }] }', '{"runs":[-9007199254740993,{"deep":0.12345678901234567890}]}'],
    ['{ version: 1.10, far: 1e400, two: 2 }', '{"version":1.10,"far":1e400,"two":2}'],
    ['{ hex: 0x20000000000001, plus: +9007199254740993, zeros: 007 }', '{"hex":9007199254740993,"plus":9007199254740993,"zeros":7}'],
    ['{ run: "{{ event.payload.run | default: 9007199254740993 }}" }', '{"run":9007199254740993}'],
    ['{ run: "{{ event.payload.run | default: -9007199254740993 | json }}" }', '{"run":"-9007199254740993"}'],
  ])('in client_payload are sent as they are written: %s', (payload, sent) => {
    expect(requestOf(dispatch(payload))).toContain(`"client_payload":${sent}`);
  });

  it('in inputs are sent as they are written', () => {
    expect(
      requestOf('{ workflow_dispatch: { repository: a/b, workflow: x.yml, ref: main, inputs: { run: 9007199254740993, v: 1.10 } } }'),
    ).toContain('"inputs":{"run":"9007199254740993","v":"1.10"}');
  });

  it('behind an alias are the same', () => {
    const text = `version: 1
routes:
  - name: deploy
    on: {}
    to:
      - repository_dispatch: { repository: a/b, event_type: go, client_payload: &same { run: 9007199254740993 } }
      - repository_dispatch: { repository: a/c, event_type: go, client_payload: *same }
`;
    const config = theValue(readConfig(text, 'relay.yaml'));
    expect(JSON.stringify(config.routes[0]?.to).match(/9007199254740993/g)).toHaveLength(2);
    expect(JSON.stringify(config.source).match(/9007199254740993/g)).toHaveLength(2);
  });

  it('in the payload of a webhook automation reach W&B as they are written', () => {
    const action = '{ webhook: { integration: ci, payload: { run: 9007199254740993, list: [1.0] } } }';
    const [automation] = theValue(readConfig(automationConfig({ action }), 'relay.yaml')).automations;
    expect(JSON.stringify(automation?.action)).toContain('"payload":{"run":9007199254740993,"list":[1.0]}');
  });

  it('elsewhere are ordinary numbers', () => {
    const event = '{ run_metric: { metric: loss, above: 8.0 } }';
    const config = theValue(readConfig(automationConfig({ event }), 'relay.yaml'));
    expect(config.automations[0]?.event).toEqual({ run_metric: { metric: 'loss', above: 8 } });
    expect(config.source).toMatchObject({ automations: [{ event: { run_metric: { above: 8 } } }] });
  });

  it('are written by an export as they were', () => {
    const definition = {
      name: 'a',
      payload: theValue(parseExactJson('{"run":9007199254740993,"far":1e400,"one":1.0,"two":2}')),
    } as JsonObject;
    const yaml = exportYaml({ entity: 'acme', organization: undefined, definitions: [definition], left: [] });
    for (const line of ['run: 9007199254740993', 'far: 1e400', 'one: 1.0', 'two: 2']) expect(yaml).toMatch(new RegExp(`^ +${line}$`, 'm'));
  });
});
