import { describe, expect, it } from 'vitest';
import type { LiveTrigger } from '../../../src/automation/trigger.ts';
import { definitionChanges } from '../../../src/plan/definition-diff.ts';
import { yamlValue } from '../../../src/plan/definition-text.ts';
import { definedOf, liveOf } from './plan-samples.ts';

const NAMES = { entity: 'acme', organizations: [{ name: 'acme-org', entity: 'acme-org-entity' }] };
const NO_OP = 'action: { no_op: {} }';
const FAILED = 'event: { run_state: { states: [failed] } }';

/** What W&B has by one definition against what another wants, as lines. */
function diff(
  before: string,
  after: string,
  changes: Partial<LiveTrigger> = {},
  ids: readonly [string, string] = ['SW50ZWdyYXRpb246MQ==', 'SW50ZWdyYXRpb246MQ=='],
) {
  const live = liveOf(definedOf(before, ids[0]), changes);
  return definitionChanges(live, definedOf(after, ids[1]), NAMES).map(
    ({ path, before: from, after: to }) =>
      `${path}: ${from === undefined ? '∅' : yamlValue(from)} → ${to === undefined ? '∅' : yamlValue(to)}`,
  );
}

describe('the words of a difference', () => {
  const metric = (rest: string) => `event: { run_metric: { metric: loss, ${rest} } }, ${NO_OP}`;
  it.each([
    [metric('above: 0.6'), metric('above: 0.75'), ['event.run_metric.above: 0.6 → 0.75']],
    [metric('above: 1'), metric('below: 1'), ['event.run_metric.below: ∅ → 1', 'event.run_metric.above: 1 → ∅']],
    [metric('aggregate: average, above: 1'), metric('aggregate: max, window: 5, above: 1'), ['event.run_metric.aggregate: average → max']],
    [metric('aggregate: average, above: 1'), metric('aggregate: average, window: 8, above: 1'), ['event.run_metric.window: 5 → 8']],
    [`${FAILED}, ${NO_OP}`, `enabled: false, ${FAILED}, ${NO_OP}`, ['enabled: true → false']],
    [`${FAILED}, ${NO_OP}`, `description: hello, ${FAILED}, ${NO_OP}`, ['description: ∅ → hello']],
    [`${FAILED}, ${NO_OP}`, `${FAILED}, runs: { name: { regex: "^n" } }, ${NO_OP}`, ['runs.name.regex: ∅ → ^n']],
    [
      `event: { add_artifact_alias: { alias: a } }, ${NO_OP}`,
      `event: { add_artifact_alias: { alias: { regex: "^b" } } }, ${NO_OP}`,
      ['event.add_artifact_alias.alias: a → { regex: ^b }'],
    ],
    [
      `event: { add_artifact_alias: { alias: { in: [a, b] } } }, ${NO_OP}`,
      `event: { add_artifact_alias: { alias: { in: [a, c] } } }, ${NO_OP}`,
      ['event.add_artifact_alias.alias.in: [a, b] → [a, c]'],
    ],
    [
      `event: { add_artifact_tag: { tag: a } }, ${NO_OP}`,
      `event: { link_artifact: {} }, ${NO_OP}`,
      ['event: { add_artifact_tag: { tag: a } } → { link_artifact: {} }'],
    ],
    [
      `event: { add_artifact_alias: { alias: a } }, ${NO_OP}`,
      `event: { add_artifact_alias: { filter: { $or: [{ alias: a }, { alias: b }] } } }, ${NO_OP}`,
      ['event.add_artifact_alias: { alias: a } → { filter: { $or: [{ alias: { $eq: a } }, { alias: { $eq: b } }] } }'],
    ],
    [
      `event: { run_metric_change: { metric: loss, increases_by: 25% } }, ${NO_OP}`,
      `event: { run_metric_change: { metric: loss, increases_by: 0.25 } }, ${NO_OP}`,
      ['event.run_metric_change.increases_by: 25% → 0.25'],
    ],
  ])('%s → %s', (before, after, wanted) => {
    expect(diff(before, after)).toEqual(wanted);
  });

  it('is empty for two ways to write one condition', () => {
    expect(
      diff(`event: { add_artifact_alias: { alias: a } }, ${NO_OP}`, `event: { add_artifact_alias: { filter: { alias: a } } }, ${NO_OP}`),
    ).toEqual([]);
  });
});

describe('actions', () => {
  const slack = (rest: string) => `${FAILED}, action: { notification: { slack: "#ml-alerts"${rest} } }`;
  const hook = (integration: string, payload = '{ a: 1 }') =>
    `${FAILED}, action: { webhook: { integration: ${integration}, payload: ${payload} } }`;
  const relay = `${FAILED}, action: { relay: { to: [{ slack: { channel: "#x" } }] } }`;

  it('names integrations and channels, and never their ids', () => {
    expect(diff(hook('staging-hook'), hook('relay'), {}, ['SW50ZWdyYXRpb246NTAy', 'SW50ZWdyYXRpb246NDAy'])).toEqual([
      'action.webhook.integration: staging-hook → relay',
    ]);
    expect(diff(slack(''), slack(', severity: warn, title: T'))).toEqual([
      'action.notification.title: ∅ → T',
      'action.notification.severity: info → warn',
    ]);
    expect(diff(hook('relay'), hook('relay'), {}, ['SW50ZWdyYXRpb246NTAy', 'SW50ZWdyYXRpb246NDAy'])).toEqual([
      'action.webhook.integration: relay (another integration of this name) → relay',
    ]);
  });

  it('reports an integration that was deleted', () => {
    const gone = { type: 'GENERIC_WEBHOOK', integrationId: null, integrationName: null, requestPayload: '{"a":1}' } as const;
    expect(diff(hook('relay'), hook('relay'), { action: gone })).toEqual(['action.webhook.integration: (no longer exists) → relay']);
    const noChannel = { type: 'NOTIFICATION', integrationId: null, channel: null, title: '', message: '', severity: 'INFO' } as const;
    expect(diff(slack(''), slack(''), { action: noChannel })).toEqual([`action.notification.slack: (no longer exists) → "#ml-alerts"`]);
  });

  it('shows the keys of a payload that changed, and hides secrets that changed', () => {
    expect(
      diff(hook('relay', '{ env: a, token: abc, n: { "a.b": 1, c: 2 } }'), hook('relay', '{ env: b, token: def, n: { "a.b": 2, c: 2 } }')),
    ).toEqual([
      'action.webhook.payload.env: a → b',
      'action.webhook.payload.token: (hidden) → (hidden)',
      'action.webhook.payload.n["a.b"]: 1 → 2',
    ]);
  });

  it('says "relay payload" and not its JSON', () => {
    expect(diff(hook('relay'), relay)).toEqual(['action.relay.payload: { a: 1 } → (relay payload)']);
    expect(diff(relay, relay, { enabled: false })).toEqual(['enabled: false → true']);
    const older = {
      type: 'GENERIC_WEBHOOK',
      integrationId: 'SW50ZWdyYXRpb246MQ==',
      integrationName: 'relay',
      requestPayload: '{"relay":1}',
    } as const;
    expect(diff(relay, relay, { action: older })).toEqual(['action.relay.payload: (relay payload of another version) → (relay payload)']);
  });

  it.each([
    ['run_metric', 'above', '0.6', '0.75'],
    ['run_metric', 'aggregate: max, below', '2', '3'],
    ['run_metric_change', 'aggregate: average, increases_by', '25%', '30%'],
    ['run_metric_change', 'changes_by', '0.5', '0.25'],
    ['run_metric_zscore', 'direction: either, threshold', '3', '4'],
  ])('does not repeat the literals of a metric in the relay payload: %s, %s', (event, word, before, after) => {
    const watching = (value: string, action: string) => `event: { ${event}: { metric: loss, ${word}: ${value} } }, action: { ${action} }`;
    const actions = ['webhook: { integration: relay }', 'relay: { to: [{ slack: { channel: "#x" } }] }'];
    for (const action of actions) {
      const said = `event.${event}.${word.split(' ').at(-1)}: ${before} → ${after}`;
      expect(diff(watching(before, action), watching(after, action))).toEqual([said]);
      // As an earlier version wrote it, without the literals.
      const live = liveOf(definedOf(watching(before, action))).action as Extract<LiveTrigger['action'], { type: 'GENERIC_WEBHOOK' }>;
      const { aggregate, window, comparison, threshold, ...payload } = JSON.parse(live.requestPayload ?? '');
      expect([window, comparison, threshold]).not.toContain(undefined);
      const older = { ...live, requestPayload: JSON.stringify(payload) };
      expect(diff(watching(before, action), watching(after, action), { action: older })).toEqual([said]);
    }
  });

  it('does not repeat a new name or event in the relay payload that follows from it', () => {
    expect(diff(relay, relay.replace('failed', 'finished'))).toEqual(['event.run_state.states: [failed] → [finished]']);
    const renamed = definedOf(relay);
    const live = liveOf(renamed);
    expect(
      diff(relay, relay, { name: 'former', action: { ...live.action, requestPayload: payloadFor('former') } as LiveTrigger['action'] }),
    ).toEqual(['name: former → one']);
  });

  function payloadFor(name: string): string {
    const { action } = liveOf(definedOf(relay));
    return action.type === 'GENERIC_WEBHOOK' ? (action.requestPayload ?? '').replace('"one"', `"${name}"`) : '';
  }

  it('shows something true of what no definition can say', () => {
    expect(diff(slack(''), slack(''), { action: { type: 'OTHER', kind: 'QueueJobTriggeredAction' } })).toEqual([
      'action: { other: (a launch job, which no definition can say) } → { notification: { slack: "#ml-alerts", severity: info } }',
    ]);
    expect(diff(`${FAILED}, ${NO_OP}`, `${FAILED}, ${NO_OP}`, { eventType: 'SOMETHING_NEW', filter: { x: 1 } })).toEqual([
      'event: { something_new: { filter: { x: { $eq: 1 } } } } → { run_state: { states: [failed] } }',
    ]);
    expect(diff(`${FAILED}, ${NO_OP}`, `${FAILED}, ${NO_OP}`, { filter: 'not json' })[0]).toContain('filter: not json');
  });

  it('does not leave out a part of a condition that no word says', () => {
    const metric = `event: { run_metric: { metric: loss, above: 1 } }, ${NO_OP}`;
    const filter = {
      run_filter: '{"$and":[]}',
      run_metric_filter: { threshold_filter: { name: 'loss', agg_op: null, window_size: 1, cmp_op: '$gt', threshold: 1, unit: 'x' } },
    };
    expect(diff(metric, metric, { filter }).join()).toContain('unit: x');
    // Also where another part of it has changed, which would be enough to show a difference.
    expect(diff(metric, metric.replace('above: 1', 'above: 2'), { filter }).join()).toContain('unit: x');
  });
});

describe('scopes', () => {
  const text = `${FAILED}, ${NO_OP}`;
  const scope = (more: Partial<LiveTrigger['scope']>): Partial<LiveTrigger> => ({
    scope: { type: 'PROJECT', id: 'UHJvamVjdDoy', name: 'other', entity: 'acme', project: null, ...more },
  });
  it.each([
    [scope({}), 'scope: project other → project train'],
    [scope({ entity: 'umbrella' }), 'scope: project umbrella/other → project train'],
    [scope({ name: 'wandb-registry-model', entity: 'acme-org-entity' }), 'scope: registry model → project train'],
    [
      scope({ type: 'ARTIFACT_COLLECTION', project: 'wandb-registry-model', entity: 'acme-org-entity', name: 'c' }),
      'scope: registry model, collection c → project train',
    ],
    [
      scope({ type: 'ARTIFACT_COLLECTION', project: 'train', name: '(no longer exists)' }),
      'scope: project train, collection (no longer exists) → project train',
    ],
    [scope({ type: 'ENTITY', name: 'acme' }), 'scope: team acme → project train'],
    [scope({ type: 'ENTITY', name: 'acme-org-entity' }), 'scope: organization acme-org → project train'],
    [scope({ name: 'train' }), 'scope: (another one of this name, which no longer exists) → project train'],
  ])('%#: %s', (changes, wanted) => {
    expect(diff(text, text, changes)).toEqual([wanted]);
  });
});

describe('new and deleted automations', () => {
  it('have every field as a change, from nothing or to nothing', () => {
    const defined = definedOf(`${FAILED}, ${NO_OP}`);
    expect(definitionChanges(undefined, defined, NAMES)).toContainEqual({
      path: 'event.run_state.states',
      before: undefined,
      after: ['failed'],
    });
    expect(definitionChanges(liveOf(defined), undefined, NAMES)).toContainEqual({
      path: 'scope',
      before: 'project train',
      after: undefined,
    });
  });
});
