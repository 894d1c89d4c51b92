import { describe, expect, it } from 'vitest';
import * as builders from '../../../src/builders/builders.ts';
import {
  type AutomationDefinition,
  artifactEvent,
  automation,
  collection,
  config,
  doNothing,
  onAddArtifactAlias,
  onAddArtifactTag,
  onAddCollectionTag,
  onCreateArtifact,
  onLinkArtifact,
  onRemoveArtifactTag,
  onRemoveCollectionTag,
  onRunMetric,
  onRunState,
  onUnlinkArtifact,
  organization,
  project,
  registry,
  relay,
  runEvent,
  sendNotification,
  sendWebhook,
  team,
} from '../../../src/builders/builders.ts';
import { readConfig } from '../../../src/config/config.ts';
import { CLIENT_INPUTS, inputFor, opened } from '../automation/trigger-samples.ts';
import { problemsIn } from '../config/config-samples.ts';
import { theValue } from '../event/samples.ts';

const { alias, tag } = artifactEvent;
const { name, state, metric } = runEvent;
const train = project('train');
const model = registry('model');
const resnet50 = collection(model, 'resnet50');
const event = onLinkArtifact(model);
const action = doNothing();

/** The nineteen cases of trigger-cases.yaml that the project was given. */
const NINETEEN = [
  automation({
    name: 'alias-eq',
    event: onAddArtifactAlias(resnet50, alias.eq('production')),
    action: sendWebhook({ integration: 'relay', payload: { event: '${event_type}' } }),
  }),
  automation({
    name: 'alias-regex-registry',
    event: onAddArtifactAlias(model, alias.matchesRegex('^prod.*$')),
    action: sendWebhook({ integration: 'relay', payload: null }),
  }),
  automation({ name: 'alias-any', event: onAddArtifactAlias(train), action }),
  automation({
    name: 'link-registry-slack',
    description: 'd',
    enabled: false,
    event,
    action: sendNotification({ slack: '#ml-alerts', title: 'New version', message: 'see registry', severity: 'warn' }),
  }),
  automation({ name: 'unlink-collection', event: onUnlinkArtifact(resnet50), action }),
  automation({ name: 'create-sequence', event: onCreateArtifact(collection(train, 'dataset-a')), action }),
  automation({ name: 'tag-add-regex', event: onAddArtifactTag(train, tag.matchesRegex('^europe.*')), action }),
  automation({ name: 'tag-remove', event: onRemoveArtifactTag(train, tag.eq('approved')), action }),
  automation({ name: 'collection-tag-add-team', event: onAddCollectionTag(team('acme'), tag.eq('gold')), action }),
  automation({
    name: 'metric-single-gt',
    event: onRunMetric(train, metric('custom-metric').gt(10)),
    action: sendNotification({ slack: '#ml-alerts' }),
  }),
  automation({ name: 'metric-avg-gte', event: onRunMetric(train, metric('accuracy').avg(5).gte(0.6)), action }),
  automation({ name: 'metric-min-lt', event: onRunMetric(train, metric('val/loss').min(3).lt(0.01)), action }),
  automation({
    name: 'change-rel-decrease',
    event: onRunMetric(train, metric('loss').avg(10).decreasesBy({ frac: 0.25, priorWindow: 10 })),
    action,
  }),
  automation({ name: 'change-abs-increase-single', event: onRunMetric(train, metric('loss').increasesBy({ diff: 2 })), action }),
  automation({
    name: 'change-any-prior',
    event: onRunMetric(train, metric('loss').mean(10).changesBy({ frac: 0.1, priorWindow: 50 })),
    action,
  }),
  automation({ name: 'zscore-above', event: onRunMetric(train, metric('accuracy').zscore(30).gt(2)), action }),
  automation({ name: 'state-two', event: onRunState(train, state.in(['finished', 'failed'])), action }),
  automation({ name: 'state-run-name', event: onRunState(train, builders.and(name.matchesRegex('^train-'), state.eq('failed'))), action }),
  automation({
    name: 'metric-run-name-contains',
    event: onRunMetric(train, builders.and(name.contains('nightly'), metric('accuracy').gt(0.9))),
    action,
  }),
];

const readBack = (...automations: AutomationDefinition[]) =>
  theValue(readConfig(JSON.stringify(config({ entity: 'acme', automations })), 'wandb-relay.json')).automations;

describe('what is built in TypeScript becomes the input that the W&B client sends:', () => {
  it('all nineteen', () => {
    expect(NINETEEN.map((one) => one.name)).toEqual(Object.keys(CLIENT_INPUTS).slice(0, 19));
  });

  it.each(readBack(...NINETEEN).map((one) => [one.name, one] as const))('%s', (caseName, definition) => {
    const wanted = CLIENT_INPUTS[caseName];
    expect(wanted && opened(inputFor(definition))).toEqual(wanted && opened(wanted));
  });

  it('events in the other scopes', () => {
    const definitions = [
      automation({ name: 'link-organization', event: onLinkArtifact(organization('acme-org')), action }),
      automation({ name: 'collection-tag-remove', event: onRemoveCollectionTag(model, tag.matchesRegex('^g')), action }),
      automation({ name: 'alias-full-project', event: onAddArtifactAlias(project('acme/train'), alias.eq('a')), action }),
      automation({ name: 'state-team', event: onRunState(team('acme'), state.eq('finished')), action }),
    ];
    for (const definition of readBack(...definitions)) expect(inputFor(definition)).toEqual(CLIENT_INPUTS[definition.name]);
  });
});

describe('a built automation', () => {
  it('is the plain JSON that YAML would have been', () => {
    const built = automation({
      name: 'deploy',
      key: 'k',
      movedFrom: 'old',
      adopt: true,
      description: 'd',
      event: onAddArtifactAlias(resnet50, alias.in(['a', 'b'])),
      action: relay({ to: [{ slack: { channel: '#x' } }], cooldown: '10m' }),
    });
    expect(built).toEqual({
      name: 'deploy',
      key: 'k',
      moved_from: 'old',
      adopt: true,
      description: 'd',
      scope: { registry: 'model', collection: 'resnet50' },
      event: { add_artifact_alias: { alias: { in: ['a', 'b'] } } },
      action: { relay: { to: [{ slack: { channel: '#x' } }], cooldown: '10m' } },
    });
    expect(JSON.parse(JSON.stringify(built))).toEqual(built);
  });

  it('has the defaults of the config file, so a window that is not given is not written', () => {
    const eventOf = (condition: Parameters<typeof onRunMetric>[1]) => onRunMetric(train, condition).event;
    expect(eventOf(metric('loss').max(4).changesBy({ diff: 1 }))).toEqual({
      run_metric_change: { metric: 'loss', aggregate: 'max', window: 4, changes_by: 1 },
    });
    expect(eventOf(metric('loss').avg().gt(1))).toEqual({ run_metric: { metric: 'loss', aggregate: 'average', above: 1 } });
    expect(eventOf(metric('loss').avg().increasesBy({ frac: 0.5, priorWindow: 7 }))).toEqual({
      run_metric_change: { metric: 'loss', aggregate: 'average', prior_window: 7, increases_by: '50%' },
    });
    expect(eventOf(metric('loss').zscore().lt(-1))).toEqual({
      run_metric_zscore: { metric: 'loss', window: 30, threshold: 1, direction: 'below' },
    });
  });

  it('without a payload for its webhook gets the relay payload, and with null gets none', () => {
    const [left, none] = readBack(
      automation({ name: 'webhook-left-out', event: onAddArtifactTag(model, tag.eq('x')), action: sendWebhook({ integration: 'relay' }) }),
      automation({ name: 'none', event, action: sendWebhook({ integration: 'relay', payload: null }) }),
    );
    expect(left && inputFor(left)).toEqual(CLIENT_INPUTS['webhook-left-out']);
    expect(none && inputFor(none).triggeredActionConfig).toMatchObject({ genericWebhookActionInput: { requestPayload: null } });
  });

  it('is checked like any other when its file is read', () => {
    const bad = automation({ name: 'x', event: onAddArtifactAlias(model, alias.matchesRegex('(?=a)')), action });
    expect(problemsIn(JSON.stringify(config({ entity: 'acme', automations: [bad] })))[0]).toContain('not an RE2 regular expression');
  });
});

describe('a config', () => {
  it('of several parts is read like a file', () => {
    const read = readConfig(
      JSON.stringify(
        config({
          entity: 'acme',
          organization: 'acme-org',
          integrations: { webhooks: [{ name: 'relay', url: 'https://relay.example.com/webhooks/wandb/prod', secret: 'RELAY' }] },
          automations: NINETEEN,
          routes: [{ name: 'r', on: { event: 'link_artifact' }, to: [{ slack: { channel: 'x' } }] }],
        }),
      ),
      'wandb-relay.json',
    );
    expect(theValue(read)).toMatchObject({ entity: 'acme', organization: 'acme-org', integrations: { webhooks: [{ name: 'relay' }] } });
  });
});

describe('a builder refuses at once', () => {
  const loss = metric('loss');
  it.each([
    ['a window that is no whole number', () => loss.avg(1.5)],
    ['a window of nothing', () => loss.max(0)],
    ['a boolean threshold', () => loss.gt(true as unknown as number)],
    ['a threshold that is no number', () => loss.gt(Number.NaN)],
    ['a change by nothing', () => loss.changesBy({ diff: 0 })],
    ['a change by a negative fraction', () => loss.decreasesBy({ frac: -0.1 })],
    ['a change by both', () => loss.changesBy({ diff: 1, frac: 1 } as unknown as { diff: number })],
    ['a change by neither', () => loss.changesBy({} as unknown as { diff: number })],
    ['a prior window without an aggregate', () => loss.changesBy({ diff: 1, priorWindow: 3 })],
    ['a z-score below a positive threshold', () => loss.zscore(30).lt(2)],
    ['a z-score above a negative threshold', () => loss.zscore(30).gt(-2)],
    ['an absolute z-score above a negative threshold', () => loss.zscore(30).abs().gt(-2)],
  ])('%s', (_what, build) => {
    expect(build).toThrow();
  });
});

describe('no object of the builders', () => {
  /** Everything that can be reached through keys, and by calling what is no constructor of conditions that need arguments. */
  function reachable(value: unknown, seen: Set<unknown>): Set<unknown> {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return seen;
    seen.add(value);
    for (const key of Object.keys(value)) reachable((value as Record<string, unknown>)[key], seen);
    return seen;
  }

  it('has a method called "then", which would make a promise of it', () => {
    const objects = reachable(
      [
        builders,
        NINETEEN,
        config({ automations: NINETEEN }),
        event,
        action,
        metric('x'),
        metric('x').avg(1),
        metric('x').zscore(1),
        metric('x').zscore(1).abs(),
        metric('x').gt(1),
        state.eq('failed'),
        alias.eq('a'),
        builders.not(builders.or(alias.eq('a'), tag.eq('b'))),
        builders.and(name.eq('a'), state.eq('failed')),
      ],
      new Set(),
    );
    expect(objects.size).toBeGreaterThan(100);
    for (const object of objects) expect('then' in (object as object)).toBe(false);
  });
});

describe('a config in JavaScript, which is not type-checked', () => {
  const whole = automation({ name: 'a', event: onLinkArtifact(project('train')), action: doNothing() });

  it.each<[string, (...given: never[]) => unknown, readonly unknown[], string]>([
    [
      'a metric without a comparison',
      onRunMetric,
      [project('train'), runEvent.metric('loss').avg(3)],
      'onRunMetric needs a whole condition: add a',
    ],
    [
      'a state without a comparison',
      onRunState,
      [{ scope: project('train'), filter: runEvent.state }],
      'onRunState needs a whole condition: add a',
    ],
    ['a text for a condition', onRunState, [project('train'), 'failed'], 'write runEvent.state.eq("failed")'],
    ['a text for a channel', sendNotification, ['#ml'], 'needs an object, not "#ml": write sendNotification({ slack:'],
    ['a text for an integration', sendWebhook, ['hook'], 'needs an object, not "hook": write sendWebhook({ integration:'],
    ['a list for a relay action', relay, [[]], 'needs an object, not []: write relay({ to:'],
    ['a condition for an event', automation, [{ ...whole, event: runEvent.metric('loss').gt(1) }], '"a" needs an event in its scope'],
    ['a number in quotes', (value: never) => runEvent.metric('loss').gt(value), ['2'], 'expected a number, got "2"'],
  ])('%s', (_what, build, given, message) => {
    expect(() => build(...(given as never[]))).toThrow(message);
  });
});
