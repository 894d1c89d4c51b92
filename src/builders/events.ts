import { matchOf, RUN_FIELDS } from '../automation/match-filter.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Filter, RunCondition } from './filters.ts';

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
export type CollectionScope = (ProjectScope | RegistryScope) & { readonly collection: string };
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
  return { project: name };
}

/**
 * A registry of the organization.
 *
 * @example
 * onLinkArtifact(registry('model'))
 */
export function registry(name: string): RegistryScope {
  return { registry: name };
}

/**
 * A collection of a project or of a registry.
 *
 * @example
 * collection(registry('model'), 'resnet50')
 */
export function collection<S extends ProjectScope | RegistryScope>(of: S, name: string): S & { readonly collection: string } {
  return { ...of, collection: name };
}

/**
 * All projects of a team. The organization must have these automations switched on (W&B).
 *
 * @example
 * onRunState(team('acme'), runEvent.state.eq('failed'))
 */
export function team(name: string): TeamScope {
  return { team: name };
}

/**
 * All of an organization. The organization must have these automations switched on (W&B).
 *
 * @example
 * onAddArtifactAlias(organization('acme-corp'), artifactEvent.alias.eq('production'))
 */
export function organization(name: string): OrganizationScope {
  return { organization: name };
}

/** An event in its scope, for `automation`. */
export interface ScopedEvent {
  readonly scope: AnyScope;
  readonly event: JsonObject;
  readonly runs?: JsonObject;
}

const artifactEventOn =
  <S extends AnyScope>(type: string, word: 'alias' | 'tag') =>
  (scope: S, condition?: Filter<'artifact'>): ScopedEvent => ({ scope, event: { [type]: artifactFields(word, condition) } });

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
 * onAddArtifactAlias(collection(registry('model'), 'resnet50'), artifactEvent.alias.eq('production'))
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

/**
 * A metric of a run passes a threshold, changes, or deviates from its mean.
 *
 * @example
 * onRunMetric(project('train'), runEvent.metric('loss').avg(10).gt(0.5))
 */
export function onRunMetric(scope: RunScope, condition: RunCondition<'metric'>): ScopedEvent {
  return runEventOn(scope, condition);
}

/**
 * A run enters one of the states.
 *
 * @example
 * onRunState(project('train'), runEvent.state.in(['failed', 'finished']))
 */
export function onRunState(scope: RunScope, condition: RunCondition<'state'>): ScopedEvent {
  return runEventOn(scope, condition);
}

function runEventOn(scope: RunScope, { event, runs }: RunCondition<'metric' | 'state'>): ScopedEvent {
  return { scope, event, ...(runs === undefined ? {} : { runs: runFields(runs.filter) }) };
}

/** As a MATCH if one is equal to the filter, else as a raw filter. */
function artifactFields(word: 'alias' | 'tag', condition: Filter<'artifact'> | undefined): JsonObject {
  if (condition === undefined) return {};
  const found = matchOf(condition.filter);
  return found?.field === word ? { [word]: found.match as JsonObject } : { filter: condition.filter };
}

function runFields(filter: JsonObject): JsonObject {
  const found = matchOf(filter);
  const word = (['name', 'user'] as const).find((name) => RUN_FIELDS[name] === found?.field);
  return word === undefined || found === undefined ? { filter } : { [word]: found.match as JsonObject };
}
