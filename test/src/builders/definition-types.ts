import type { ConfigDefinition } from '../../../src/builders/builders.ts';
import {
  type AutomationDefinition,
  and,
  artifactEvent,
  automation,
  collection,
  config,
  doNothing,
  onAddArtifactAlias,
  onCreateArtifact,
  onLinkArtifact,
  onRunMetric,
  onRunSilent,
  onRunState,
  organization,
  project,
  registry,
  relay,
  runEvent,
  sendNotification,
  sendWebhook,
  team,
} from '../../../src/builders/builders.ts';

/** What types accept and refuse: checked by tsc. A line that is not refused any more is an error of its comment. */

const scope = { project: 'train' };
const action = { no_op: {} };
const stop = relay({ to: [{ wandb_stop: {} }, { slack: { channel: '#x' } }] });
const relayed = relay({ to: [{ slack: { channel: '#x' } }] });
const failed = runEvent.state.eq('failed');

export const accepted: AutomationDefinition[] = [
  { name: 'a', scope, event: { link_artifact: {} }, action },
  { name: 'b', scope: { registry: 'r', collection: { regex: '^x' } }, event: { create_artifact: { alias: 'x' } }, action },
  {
    name: 'c',
    scope: { team: 't' },
    event: { run_state: { states: ['failed'] } },
    runs: { name: { contains: 'x' } },
    action,
  },
  {
    name: 'c-relay',
    scope: { team: 't' },
    event: { run_state: { states: ['failed', 'crashed'], grace: '10m', longer_than: '6h' } },
    runs: { name: { contains: 'x' }, tags: { not: 'debug' } },
    engine: 'relay',
    refire: '1h',
    resolve: true,
    action: relayed,
  },
  {
    name: 'c-nan',
    scope,
    event: { run_metric_nonfinite: { metrics: { regex: 'loss' } } },
    engine: 'relay',
    dry_run: true,
    action: relayed,
  },
  { name: 'c-stall', scope, event: { run_metric_stall: { metric: 'x', window: 9, less_than: '1%' } }, engine: 'relay', action: relayed },
  { name: 'c-silent', scope, event: { run_silent: { for: '30m' } }, engine: 'relay', refire: 'never', action: relayed },
  {
    name: 'c-zscore',
    scope,
    event: { run_metric_zscore: { metric: 'x', threshold: 3, direction: 'above', over: 'runs' } },
    engine: 'relay',
    for_points: 3,
    action: relayed,
  },
  {
    name: 'd',
    scope,
    event: { run_metric: { metric: 'm', aggregate: 'min', window: 3, above: 1 } },
    action: { notification: { slack: '#x' } },
  },
  {
    name: 'e',
    scope,
    event: { run_metric_change: { metric: 'm', increases_by: '25%' } },
    action: { webhook: { integration: 'x', payload: null } },
  },
  {
    name: 'f-{{ each.p }}',
    for_each: { p: ['a', 'b'] },
    scope: { project: '{{ each.p }}' },
    event: { add_artifact_tag: { tag: 'x' } },
    action,
  },
  automation({ name: 'stop', event: onRunState(project('train'), failed), action: stop }),
  automation({ name: 'g', event: onAddArtifactAlias(scope, 'production'), action: doNothing() }),
  automation({
    name: 'h',
    event: onRunState({ scope, filter: failed }),
    engine: 'relay',
    action: relay({ to: [{ slack: { channel: 'x' } }] }),
  }),
  automation({
    name: 'i',
    event: onRunMetric(scope, and(runEvent.metric('loss').nonfinite(), runEvent.tags.in(['prod']))),
    engine: 'relay',
    refire: '1h',
    forPoints: 2,
    resolve: true,
    dryRun: false,
    action: relayed,
  }),
  automation({ name: 'j', event: onRunSilent(scope, '30m'), engine: 'relay', action: relayed }),
];

export const acceptedOfArtifacts: AutomationDefinition[] = [
  { name: 'a', scope, event: { link_artifact: {} }, action: relayed },
  automation({ name: 'b', event: onLinkArtifact(registry('m')), action: relayed }),
  automation({ name: 'c', event: onLinkArtifact(registry('m')), action: sendWebhook({ integration: 'x' }) }),
  automation({ name: 'd', event: onLinkArtifact(registry('m')), action: sendNotification({ slack: '#x' }) }),
];

export const acceptedConfigs: ConfigDefinition[] = [
  { version: 1, entity: 'acme', automations: accepted },
  { version: 1, entity: 'acme', defaults: { scope, action }, automations: [{ name: 'a', event: { link_artifact: {} } }] },
  config({ entity: 'acme', automations: accepted }),
];

export const refused: AutomationDefinition[] = [
  // @ts-expect-error an artifact cannot be stopped
  { name: 'a', scope, event: { link_artifact: {} }, action: { relay: { to: [{ wandb_stop: {} }] } } },
  // @ts-expect-error nor can one that was created
  { name: 'a', scope: { project: 'p', collection: 'c' }, event: { create_artifact: {} }, action: stop },
  // @ts-expect-error no scope
  { name: 'a', event: { link_artifact: {} }, action },
  // @ts-expect-error two owners
  { name: 'a', scope: { project: 'p', registry: 'r' }, event: { link_artifact: {} }, action },
  // @ts-expect-error a collection of a team
  { name: 'a', scope: { team: 't', collection: 'c' }, event: { link_artifact: {} }, action },
  // @ts-expect-error a key that does not exist
  { name: 'a', scope, event: { link_artifact: {} }, action, nmae: 'b' },
  // @ts-expect-error no event
  { name: 'a', scope, event: {}, action },
  // @ts-expect-error two events
  { name: 'a', scope, event: { link_artifact: {}, unlink_artifact: {} }, action },
  // @ts-expect-error create_artifact needs a collection
  { name: 'a', scope, event: { create_artifact: {} }, action },
  // @ts-expect-error a registry has no runs
  { name: 'a', scope: { registry: 'r' }, event: { run_state: { states: ['failed'] } }, action },
  // @ts-expect-error a collection has no runs
  { name: 'a', scope: { project: 'p', collection: 'c' }, event: { run_state: { states: ['failed'] } }, action },
  // @ts-expect-error runs is for run events only
  { name: 'a', scope, event: { link_artifact: {} }, runs: { name: 'x' }, action },
  // @ts-expect-error engine: relay needs a relay action
  { name: 'a', scope, event: { run_state: { states: ['failed'] } }, engine: 'relay', action },
  // @ts-expect-error W&B has no such event
  { name: 'a', scope, event: { run_silent: { for: '30m' } }, action: relayed },
  // @ts-expect-error W&B has no automation for crashed runs
  { name: 'a', scope, event: { run_state: { states: ['crashed'] } }, action: relayed },
  // @ts-expect-error W&B has no grace
  { name: 'a', scope, event: { run_state: { states: ['failed'], grace: '10m' } }, engine: 'wandb', action: relayed },
  // @ts-expect-error refire needs engine: relay
  { name: 'a', scope, event: { run_state: { states: ['failed'] } }, refire: '1h', action: relayed },
  // @ts-expect-error tags need engine: relay
  { name: 'a', scope, event: { run_state: { states: ['failed'] } }, runs: { tags: 'x' }, action: relayed },
  // @ts-expect-error one of metric and metrics
  { name: 'a', scope, event: { run_metric_nonfinite: { metric: 'x', metrics: 'y' } }, engine: 'relay', action: relayed },
  // @ts-expect-error engine: relay is for run events only
  { name: 'a', scope, event: { link_artifact: {} }, engine: 'relay', action },
  // @ts-expect-error an alias event has no tag
  { name: 'a', scope, event: { add_artifact_alias: { tag: 'x' } }, action },
  // @ts-expect-error alias and filter exclude each other
  { name: 'a', scope, event: { add_artifact_alias: { alias: 'x', filter: {} } }, action },
  // @ts-expect-error a MATCH has one key
  { name: 'a', scope, event: { add_artifact_alias: { alias: { regex: 'x', not: 'y' } } }, action },
  // @ts-expect-error a list is no MATCH
  { name: 'a', scope, event: { add_artifact_alias: { alias: ['x'] } }, action },
  // @ts-expect-error no comparison
  { name: 'a', scope, event: { run_metric: { metric: 'm' } }, action },
  // @ts-expect-error two comparisons
  { name: 'a', scope, event: { run_metric: { metric: 'm', above: 1, below: 2 } }, action },
  // @ts-expect-error a window needs an aggregate
  { name: 'a', scope, event: { run_metric: { metric: 'm', window: 5, above: 1 } }, action },
  // @ts-expect-error a percentage is for changes
  { name: 'a', scope, event: { run_metric: { metric: 'm', above: '60%' } }, action },
  // @ts-expect-error a share is a percentage
  { name: 'a', scope, event: { run_metric_change: { metric: 'm', increases_by: '0.25' } }, action },
  // @ts-expect-error no state
  { name: 'a', scope, event: { run_state: { states: [] } }, action },
  // @ts-expect-error W&B has no automation for killed runs
  { name: 'a', scope, event: { run_state: { states: ['killed'] } }, action },
  // @ts-expect-error no action
  { name: 'a', scope, event: { link_artifact: {} }, action: {} },
  // @ts-expect-error two actions
  { name: 'a', scope, event: { link_artifact: {} }, action: { no_op: {}, notification: { slack: 'x' } } },
  // @ts-expect-error the address belongs to an integration
  { name: 'a', scope, event: { link_artifact: {} }, action: { webhook: { url: 'https://x' } } },
  // @ts-expect-error W&B's severity is warn
  { name: 'a', scope, event: { link_artifact: {} }, action: { notification: { slack: 'x', severity: 'warning' } } },
  // @ts-expect-error an empty list makes no automation
  { name: 'a', for_each: { p: [] }, scope, event: { link_artifact: {} }, action },
];

export const refusedConfigs: ConfigDefinition[] = [
  // @ts-expect-error without defaults every automation has a scope
  { version: 1, automations: [{ name: 'a', event: { link_artifact: {} }, action }] },
  // @ts-expect-error another version
  { version: 2 },
  // @ts-expect-error a key that does not exist
  { version: 1, rotues: [] },
];

/** Never called. */
export function refusedCalls(): void {
  // @ts-expect-error an artifact cannot be stopped
  automation({ name: 'a', event: onLinkArtifact(registry('m')), action: stop });
  // @ts-expect-error nor in one object
  automation({ name: 'a', event: onAddArtifactAlias(scope, 'x'), action: { relay: { to: [{ wandb_stop: {} }] } } });
  // @ts-expect-error a registry has no runs
  onRunMetric(registry('model'), runEvent.metric('loss').gt(1));
  // @ts-expect-error nor has an organization
  onRunState(organization('acme'), failed);
  // @ts-expect-error nor has a collection
  onRunState(collection(project('train'), 'c'), failed);
  // @ts-expect-error a state is no condition on a metric
  onRunMetric(project('train'), failed);
  // @ts-expect-error a condition is needed
  onRunMetric({ scope: project('train') });
  // @ts-expect-error a condition on runs does not fit an event of artifacts
  onLinkArtifact(project('train'), runEvent.name.eq('x'));
  // @ts-expect-error create_artifact needs a collection
  onCreateArtifact(project('train'));
  // @ts-expect-error a team has no collections
  collection(team('acme'), 'c');
  // @ts-expect-error no such state
  runEvent.state.eq('exploded');
  // @ts-expect-error a crashed run needs engine: 'relay'
  automation({ name: 'a', event: onRunState(scope, runEvent.state.eq('crashed')), action: relayed });
  // @ts-expect-error and so does a crashed run among others
  automation({ name: 'a', event: onRunState(scope, runEvent.state.in(['failed', 'crashed'])), engine: 'wandb', action: relayed });
  // @ts-expect-error a grace needs engine: 'relay'
  automation({ name: 'a', event: onRunState(scope, runEvent.state.eq('failed', { grace: '10m' })), action: relayed });
  // @ts-expect-error also together with conditions on runs
  automation({ name: 'a', event: onRunState(scope, and(runEvent.name.eq('x'), runEvent.state.eq('killed'))), action: relayed });
  // @ts-expect-error NaN needs engine: 'relay'
  automation({ name: 'a', event: onRunMetric(scope, runEvent.metric('loss').nonfinite()), action: relayed });
  // @ts-expect-error a stall needs engine: 'relay'
  automation({ name: 'a', event: onRunMetric(scope, runEvent.metric('loss').stalls({ window: 9, diff: 1 })), action: relayed });
  // @ts-expect-error a z-score over runs needs engine: 'relay'
  automation({ name: 'a', event: onRunMetric(scope, runEvent.metric('loss').zscoreOverRuns().gt(3)), action: relayed });
  // @ts-expect-error silence needs engine: 'relay'
  automation({ name: 'a', event: onRunSilent(scope, '30m'), action: relayed });
  // @ts-expect-error refire needs engine: 'relay'
  automation({ name: 'a', event: onRunState(scope, failed), refire: '1h', action: relayed });
  // @ts-expect-error forPoints needs engine: 'relay'
  automation({ name: 'a', event: onRunState(scope, failed), forPoints: 3, action: relayed });
  // @ts-expect-error engine: 'relay' needs a relay action
  automation({ name: 'a', event: onRunState(scope, failed), engine: 'relay', action: doNothing() });
  // @ts-expect-error no state
  runEvent.state.in([]);
  // @ts-expect-error diff and frac exclude each other
  runEvent.metric('loss').increasesBy({ diff: 1, frac: 0.5 });
  // @ts-expect-error a channel is needed
  sendNotification({ title: 'x' });
  // @ts-expect-error the address belongs to an integration
  sendWebhook({ integration: 'x', url: 'https://x' });
  // @ts-expect-error a target is one of three
  relay({ to: [{ discord: {} }] });
  // @ts-expect-error engine: relay is for run events only
  automation({ name: 'a', event: onLinkArtifact(registry('m'), artifactEvent.alias.eq('x')), engine: 'relay', action: doNothing() });
}
