import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { automationConfig, problemsIn, routeConfig } from './config-samples.ts';

const RUN = '{ run_state: { states: [running] } }';
const relay = (to: string, event = RUN) => automationConfig({ event, action: `{ relay: { to: [${to}] } }` });
const problems = (text: string) => problemsIn(text).map((line) => line.replace(/^relay\.yaml:\d+:\d+: /, ''));

describe('wandb_stop', () => {
  it.each([RUN, '{ run_metric: { metric: loss, above: 8 } }', '{ run_metric_zscore: { metric: x, threshold: 3, direction: above } }'])(
    'may stand in the relay action of a run automation: %s',
    (event) => {
      expect(readConfig(relay('{ slack: { channel: x } }, { wandb_stop: {} }', event), 'relay.yaml')).toMatchObject({
        ok: true,
        value: { routes: [{ to: [{ slack: { channel: 'x' } }, { wandb_stop: {} }] }] },
      });
    },
  );

  it.each(['{ link_artifact: {} }', '{ add_artifact_alias: { alias: x } }'])('and not of another one: %s', (event) => {
    const type = event.split(' ')[1]?.replace(':', '');
    expect(problems(relay('{ slack: { channel: x } }, { wandb_stop: {} }', event))).toEqual([
      `automations[0].action.relay.to[1].wandb_stop: stops the run that fired, and ${type} is about no run: it is for run events only`,
    ]);
  });

  it.each(['{ wandb_stop: {} }', 'wandb_stop', '{ wandb_stop: }', '{ slack: { channel: x }, wandb_stop: {} }'])(
    'nor in a route: %s',
    (target) => {
      const [only, ...others] = problems(routeConfig({ to: target }));
      expect(others).toEqual([]);
      expect(only).toMatch(
        /^routes\[0\]\.to\[0\](\.wandb_stop:|: wandb_stop) is for the relay action of a run automation: write it there \(automations: /,
      );
    },
  );

  it.each([
    ['{ wandb_stop: }', 'automations[0].action.relay.to[0].wandb_stop: takes no value: write wandb_stop: {}'],
    ['{ wandb_stop: true }', 'automations[0].action.relay.to[0].wandb_stop: takes no value: write wandb_stop: {}'],
    ['wandb_stop', 'automations[0].action.relay.to[0]: write wandb_stop: {}'],
    ['{ wandb_stop: { grace: 5m } }', 'automations[0].action.relay.to[0].wandb_stop.grace: unknown key'],
    ['{ stop_run: {} }', 'automations[0].action.relay.to[0].stop_run: unknown key (did you mean "wandb_stop"?)'],
    ['{ stop: {} }', 'automations[0].action.relay.to[0].stop: unknown key (did you mean "wandb_stop"?)'],
  ])('has no fields: %s', (target, problem) => {
    expect(problems(relay(target))).toEqual([problem]);
  });

  it.each([
    ['{ wandb_stop: {} }', 'automations[0].action.wandb_stop: unknown key: write relay: { to: [{ wandb_stop: {} }] }'],
    ['{ relay: { wandb_stop: {} } }', 'automations[0].action.relay.wandb_stop: unknown key: write to: [{ wandb_stop: {} }]'],
    ['{ relay: { to: { wandb_stop: {} } } }', 'automations[0].action.relay.to: must be a list: write to: [{ wandb_stop: {} }]'],
  ])('is a target: %s', (action, problem) => {
    expect(problems(automationConfig({ event: RUN, action }))).toEqual([problem]);
  });
});
