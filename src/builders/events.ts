import { matchOf, RUN_FIELDS } from '../automation/match-filter.ts';
import type { JsonObject } from '../lib/json.ts';
import { placed } from './call-site.ts';
import type { MatchDefinition } from './definition-types.ts';
import type { AnyRunCondition, Filter, RelayCondition, RunCondition } from './filters.ts';

/**
 * Scopes and events for the TypeScript builders. Counterparts of the `On…` classes of W&B's client (0.30.0: `events.py`).
 * Those take an object of the client; these take the scope by its name.
 */

export interface ProjectScope {
  readonly project: string;
}
export interface RegistryScope {
  readonly registry: string;
}
export type CollectionScope = (ProjectScope | RegistryScope) & { readonly collection: MatchDefinition };
export interface TeamScope {
  readonly team: string;
}
export interface OrganizationScope {
  readonly organization: string;
}
export type AnyScope = ProjectScope | RegistryScope | CollectionScope | TeamScope | OrganizationScope;

/**
 * A project.
 *
 * @param name a project of the team, or `entity/project`
 * @example
 * onRunState(project('train'), runEvent.state.eq('failed'))
 */
export function project(name: string): ProjectScope {
  return placed({ project: name });
}

/**
 * A registry of the organization.
 *
 * @example
 * onLinkArtifact(registry('model'))
 */
export function registry(name: string): RegistryScope {
  return placed({ registry: name });
}

/**
 * A collection of a project or of a registry; with a pattern, every collection that exists and matches when it is planned.
 *
 * @example
 * collection(registry('model'), 'resnet50')
 * @example
 * collection(registry('model'), { regex: '^resnet' })
 */
export function collection<S extends ProjectScope | RegistryScope>(
  of: S,
  name: MatchDefinition,
): S & { readonly collection: MatchDefinition } {
  return placed({ ...of, collection: name });
}

/**
 * All projects of a team. The organization must have these automations switched on (W&B).
 *
 * @example
 * onRunState(team('acme'), runEvent.state.eq('failed'))
 */
export function team(name: string): TeamScope {
  return placed({ team: name });
}

/**
 * All of an organization. The organization must have these automations switched on (W&B).
 *
 * @example
 * onAddArtifactAlias(organization('acme-corp'), artifactEvent.alias.eq('production'))
 */
export function organization(name: string): OrganizationScope {
  return placed({ organization: name });
}

/** An event in its scope, for `automation`. */
export interface ScopedEvent<K extends 'artifact' | 'run' | 'relay' = 'artifact' | 'run'> {
  /** For the type checker only: never set. */
  readonly of?: K;
  readonly scope: AnyScope;
  readonly event: JsonObject;
  readonly runs?: JsonObject;
}

/** What an alias or a tag must be: equal to a text, a MATCH as in YAML, or a condition. */
export type ArtifactCondition = MatchDefinition | Filter<'artifact'>;

type ArtifactWord = 'alias' | 'tag';

/**
 * An event of artifacts or collections: the scope and its condition, or both in one object as in W&B's Python client.
 */
export interface ArtifactEventBuilder<S extends AnyScope> {
  (fields: { readonly scope: S; readonly filter?: ArtifactCondition }): ScopedEvent<'artifact'>;
  (scope: S, condition?: ArtifactCondition): ScopedEvent<'artifact'>;
}

function artifactEventOn<S extends AnyScope>(type: string, word: ArtifactWord): ArtifactEventBuilder<S> {
  return (first: S | { readonly scope: S; readonly filter?: ArtifactCondition }, second?: ArtifactCondition) => {
    const [scope, condition] = 'scope' in first ? [first.scope, first.filter] : [first, second];
    return placed({ scope, event: placed({ [type]: placed(artifactFields(word, condition)) }) });
  };
}

/**
 * A new version in a collection. W&B has this event for no wider scope.
 *
 * @example
 * onCreateArtifact(collection(project('train'), 'resnet50'))
 */
export const onCreateArtifact = artifactEventOn<CollectionScope>('create_artifact', 'alias');
/**
 * A version is linked to a collection, usually of a registry.
 *
 * @example
 * onLinkArtifact(registry('model'), artifactEvent.alias.matchesRegex('^prod'))
 */
export const onLinkArtifact = artifactEventOn<AnyScope>('link_artifact', 'alias');
/**
 * A version is unlinked from a collection.
 *
 * @example
 * onUnlinkArtifact(registry('model'))
 */
export const onUnlinkArtifact = artifactEventOn<AnyScope>('unlink_artifact', 'alias');
/**
 * A version gets an alias.
 *
 * @example
 * onAddArtifactAlias(collection(registry('model'), 'resnet50'), 'production')
 * @example
 * onAddArtifactAlias({ scope: registry('model'), filter: artifactEvent.alias.matchesRegex('^prod') })
 */
export const onAddArtifactAlias = artifactEventOn<AnyScope>('add_artifact_alias', 'alias');
/**
 * A version gets a tag.
 *
 * @example
 * onAddArtifactTag(registry('model'), artifactEvent.tag.eq('approved'))
 */
export const onAddArtifactTag = artifactEventOn<AnyScope>('add_artifact_tag', 'tag');
/**
 * A tag of a version is removed.
 *
 * @example
 * onRemoveArtifactTag(registry('model'), artifactEvent.tag.eq('approved'))
 */
export const onRemoveArtifactTag = artifactEventOn<AnyScope>('remove_artifact_tag', 'tag');
/**
 * A collection gets a tag.
 *
 * @example
 * onAddCollectionTag(registry('model'), artifactEvent.tag.eq('eu'))
 */
export const onAddCollectionTag = artifactEventOn<AnyScope>('add_collection_tag', 'tag');
/**
 * A tag of a collection is removed.
 *
 * @example
 * onRemoveCollectionTag(registry('model'), artifactEvent.tag.eq('eu'))
 */
export const onRemoveCollectionTag = artifactEventOn<AnyScope>('remove_collection_tag', 'tag');

type RunScope = (ProjectScope | TeamScope) & { readonly collection?: undefined };

/** A condition on runs in one object, as in W&B's Python client. */
export interface RunEventFields<K extends 'metric' | 'state', C extends AnyRunCondition<K> = RunCondition<K>> {
  readonly scope: RunScope;
  readonly filter: C;
}

/**
 * A metric of a run passes a threshold, changes, or deviates from its mean; with `engine: 'relay'` also: it is NaN, or stalls.
 *
 * @example
 * onRunMetric(project('train'), runEvent.metric('loss').avg(10).gt(0.5))
 * @example
 * onRunMetric({ scope: project('train'), filter: runEvent.metric('loss').avg(10).gt(0.5) })
 * @example
 * onRunMetric(project('train'), runEvent.metric('loss').nonfinite())
 */
export function onRunMetric(fields: RunEventFields<'metric', RelayCondition<'metric'>>): ScopedEvent<'relay'>;
export function onRunMetric(scope: RunScope, condition: RelayCondition<'metric'>): ScopedEvent<'relay'>;
export function onRunMetric(fields: RunEventFields<'metric'>): ScopedEvent<'run'>;
export function onRunMetric(scope: RunScope, condition: RunCondition<'metric'>): ScopedEvent<'run'>;
export function onRunMetric(
  first: RunScope | RunEventFields<'metric', AnyRunCondition<'metric'>>,
  condition?: AnyRunCondition<'metric'>,
): ScopedEvent<'run'> | ScopedEvent<'relay'> {
  return runEventOn(first, condition, 'onRunMetric');
}

/**
 * A run enters one of the states.
 *
 * @example
 * onRunState(project('train'), runEvent.state.in(['failed', 'finished']))
 * @example
 * onRunState({ scope: team('acme'), filter: and(runEvent.state.eq('failed'), runEvent.name.contains('nightly')) })
 * @example
 * onRunState(project('train'), runEvent.state.eq('crashed', { grace: '10m' }))
 */
export function onRunState(fields: RunEventFields<'state', RelayCondition<'state'>>): ScopedEvent<'relay'>;
export function onRunState(scope: RunScope, condition: RelayCondition<'state'>): ScopedEvent<'relay'>;
export function onRunState(fields: RunEventFields<'state'>): ScopedEvent<'run'>;
export function onRunState(scope: RunScope, condition: RunCondition<'state'>): ScopedEvent<'run'>;
export function onRunState(
  first: RunScope | RunEventFields<'state', AnyRunCondition<'state'>>,
  condition?: AnyRunCondition<'state'>,
): ScopedEvent<'run'> | ScopedEvent<'relay'> {
  return runEventOn(first, condition, 'onRunState');
}

/**
 * A running run has logged no new row for so long. Needs `engine: 'relay'`.
 *
 * @param duration as in YAML: `30m`
 * @param runs which runs; left out: all
 * @example
 * onRunSilent(project('train'), '30m')
 */
export function onRunSilent(scope: RunScope, duration: string, runs?: Filter<'run'>): ScopedEvent<'relay'> {
  return placed({
    scope,
    event: placed({ run_silent: placed({ for: duration }) }),
    ...(runs === undefined ? {} : { runs: placed(runFields(runs.filter)) }),
  });
}

function runEventOn<K extends 'metric' | 'state'>(
  first: RunScope | RunEventFields<K, AnyRunCondition<K>>,
  second: AnyRunCondition<K> | undefined,
  name: string,
): { readonly scope: RunScope; readonly event: JsonObject; readonly runs?: JsonObject } {
  const [scope, condition] = 'scope' in first ? [first.scope, first.filter] : [first, second];
  // A config in JavaScript is not type-checked.
  if (condition === undefined)
    throw new TypeError(`${name} needs a condition, such as runEvent.metric('loss').gt(1) or runEvent.state.eq('failed')`);
  if (typeof condition !== 'object' || !('event' in condition))
    throw new TypeError(`${name} needs a whole condition: ${wholeCondition(condition)}`);
  const { event, runs } = condition;
  const [[type, fields] = ['', {}]] = Object.entries(event);
  return placed({
    scope,
    event: placed({ [type]: placed({ ...(fields as JsonObject) }) }),
    ...(runs === undefined ? {} : { runs: placed(runFields(runs.filter)) }),
  });
}

/** What is missing from what was passed as a condition on runs. */
function wholeCondition(given: unknown): string {
  if (typeof given === 'object') return "add a comparison, such as .gt(1), or .eq('failed') to runEvent.state";
  return `write runEvent.state.eq(${JSON.stringify(given)}) or runEvent.metric('loss').gt(1), not ${JSON.stringify(given)}`;
}

/** As a MATCH if one is equal to the filter, else as a raw filter. */
function artifactFields(word: ArtifactWord, condition: ArtifactCondition | undefined): JsonObject {
  if (condition === undefined) return {};
  if (typeof condition === 'string' || !('subject' in condition)) return { [word]: condition as JsonObject };
  const found = matchOf(condition.filter);
  return found?.field === word ? { [word]: found.match as JsonObject } : { filter: condition.filter };
}

function runFields(filter: JsonObject): JsonObject {
  const found = matchOf(filter);
  const word = (['name', 'user'] as const).find((name) => RUN_FIELDS[name] === found?.field);
  return word === undefined || found === undefined ? { filter } : { [word]: found.match as JsonObject };
}
