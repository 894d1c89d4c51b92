import { matchOf, RUN_FIELDS } from '../automation/match-filter.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Filter, RunCondition } from './filters.ts';

/**
 * Scopes and events, for the TypeScript builders. Counterparts of the `On…` classes of the W&B client (0.30.0: `events.py`),
 * which take an object of the client where these take the scope by its name.
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

/** @param name of the team's project, or `entity/project` */
export function project(name: string): ProjectScope {
  return { project: name };
}

export function registry(name: string): RegistryScope {
  return { registry: name };
}

/** A collection of a project or of a registry: `collection(registry('model'), 'resnet50')`. */
export function collection<S extends ProjectScope | RegistryScope>(of: S, name: string): S & { readonly collection: string } {
  return { ...of, collection: name };
}

export function team(name: string): TeamScope {
  return { team: name };
}

export function organization(name: string): OrganizationScope {
  return { organization: name };
}

/** An event in its scope: what `automation` takes. */
export interface ScopedEvent {
  readonly scope: AnyScope;
  readonly event: JsonObject;
  readonly runs?: JsonObject;
}

const artifactEventOn =
  <S extends AnyScope>(type: string, word: 'alias' | 'tag') =>
  (scope: S, condition?: Filter<'artifact'>): ScopedEvent => ({ scope, event: { [type]: artifactFields(word, condition) } });

/** A new version in a collection. W&B offers it for nothing wider. */
export const onCreateArtifact = artifactEventOn<CollectionScope>('create_artifact', 'alias');
export const onLinkArtifact = artifactEventOn<AnyScope>('link_artifact', 'alias');
export const onUnlinkArtifact = artifactEventOn<AnyScope>('unlink_artifact', 'alias');
export const onAddArtifactAlias = artifactEventOn<AnyScope>('add_artifact_alias', 'alias');
export const onAddArtifactTag = artifactEventOn<AnyScope>('add_artifact_tag', 'tag');
export const onRemoveArtifactTag = artifactEventOn<AnyScope>('remove_artifact_tag', 'tag');
export const onAddCollectionTag = artifactEventOn<AnyScope>('add_collection_tag', 'tag');
export const onRemoveCollectionTag = artifactEventOn<AnyScope>('remove_collection_tag', 'tag');

type RunScope = (ProjectScope | TeamScope) & { readonly collection?: undefined };

/** A metric of a run passes a threshold, changes, or strays from its mean. */
export function onRunMetric(scope: RunScope, condition: RunCondition<'metric'>): ScopedEvent {
  return runEventOn(scope, condition);
}

/** A run comes into one of the states. */
export function onRunState(scope: RunScope, condition: RunCondition<'state'>): ScopedEvent {
  return runEventOn(scope, condition);
}

function runEventOn(scope: RunScope, { event, runs }: RunCondition<'metric' | 'state'>): ScopedEvent {
  return { scope, event, ...(runs === undefined ? {} : { runs: runFields(runs.filter) }) };
}

/** As a MATCH where one says the same, else as it is. */
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
