import { describeScope, type SingleScope } from '../automation/automation.ts';
import type { TriggerScope } from '../automation/trigger.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { collectionKey, findCollections } from './collections.ts';
import { findProjects, type ProjectName, projectKey, REGISTRY_PREFIX } from './projects.ts';
import { type FoundEntity, type FoundOrganization, readScopeDirectory, type ScopeDirectory } from './scope-directory.ts';
import type { TriggerOwners } from './triggers.ts';
import type { WandbError } from './wandb-error.ts';

export interface ResolvedScopes {
  /** One for each scope, in the same order. An error names what exists instead. */
  readonly scopes: readonly Result<TriggerScope, WandbError>[];
  /** Whose automations have to be listed for these scopes. The default team and its organization are always among them. */
  readonly owners: TriggerOwners;
}

/** A scope whose owner is resolved, with what is left to look up. */
type Owned =
  | { readonly kind: 'entity'; readonly id: string }
  | { readonly kind: 'project'; readonly name: ProjectName; readonly collection: string | undefined };

/**
 * Resolves the names in scopes to ids.
 *
 * Each thing is looked up once, many in one request: one for all teams and organizations, one for 50 projects, one for
 * 500 collections; errors cost one listing each. Rules of W&B: a registry is the project `wandb-registry-<name>` of the
 * organization's entity; a team is its entity; an organization is its `orgEntity`.
 *
 * @param entity the team of every project without one of its own
 * @param organization owner of the registries; left out, the team's
 * @returns an error when W&B cannot be queried, or when `entity` or `organization` itself does not exist
 */
export async function resolveScopes(
  client: WandbClient,
  scopes: readonly SingleScope[],
  entity: string,
  organization?: string,
): Promise<Result<ResolvedScopes, WandbError>> {
  const places = await placesOf(client, scopes, entity, organization);
  if (!places.ok) return places;
  const { directory, home, owned, entities, organizations } = places.value;
  const inProjects = owned.flatMap((one) => (one.ok && one.value.kind === 'project' ? [one.value] : []));
  const projects = await findProjects(
    client,
    inProjects.map(({ name }) => name),
  );
  if (!projects.ok) return projects;
  const collections = await findCollections(
    client,
    inProjects.flatMap(({ name, collection }) =>
      collection === undefined || projects.value.get(projectKey(name))?.ok !== true ? [] : [{ ...name, collection }],
    ),
  );
  if (!collections.ok) return collections;

  return ok({
    scopes: scopes.map((scope, i) => idOf(scope, owned[i] as Result<Owned, WandbError>, projects.value, collections.value)),
    owners: ownersOf(directory, home, entities, organizations),
  });
}

/** The project, or the registry's project, that each scope is in. An error names what exists instead. */
export async function findScopeProjects(
  client: WandbClient,
  scopes: readonly SingleScope[],
  entity: string,
  organization?: string,
): Promise<Result<readonly Result<ProjectName, WandbError>[], WandbError>> {
  const places = await placesOf(client, scopes, entity, organization);
  if (!places.ok) return places;
  const projects = await findProjects(
    client,
    places.value.owned.flatMap((one) => (one.ok && one.value.kind === 'project' ? [one.value.name] : [])),
  );
  if (!projects.ok) return projects;
  return ok(
    places.value.owned.map((one): Result<ProjectName, WandbError> => {
      if (!one.ok) return one;
      if (one.value.kind !== 'project') return missing('only projects and registries have collections');
      const found = projects.value.get(projectKey(one.value.name));
      return found === undefined || found.ok ? ok(one.value.name) : found;
    }),
  );
}

interface Places {
  readonly directory: ScopeDirectory;
  readonly home: FoundOrganization | null;
  /** One for each scope, in the same order. */
  readonly owned: readonly Result<Owned, WandbError>[];
  readonly entities: readonly string[];
  readonly organizations: readonly string[];
}

async function placesOf(
  client: WandbClient,
  scopes: readonly SingleScope[],
  entity: string,
  organization: string | undefined,
): Promise<Result<Places, WandbError>> {
  const entities = [entity, ...scopes.map((scope) => scope.team ?? entityOf(scope.project)).filter((name) => name !== undefined)];
  const organizations = [organization, ...scopes.map((scope) => scope.organization)].filter((name) => name !== undefined);
  const directory = await readScopeDirectory(client, entities, organizations);
  if (!directory.ok) return directory;
  const team = directory.value.entity(entity);
  if (!team.ok) return team;
  const home = organization === undefined ? ok(team.value.organization) : directory.value.organization(organization);
  if (!home.ok) return home;
  const owned = scopes.map((scope) => ownerOf(scope, directory.value, team.value, home.value));
  return ok({ directory: directory.value, home: home.value, owned, entities, organizations });
}

function ownerOf(
  scope: SingleScope,
  directory: ScopeDirectory,
  team: FoundEntity,
  home: FoundOrganization | null,
): Result<Owned, WandbError> {
  if (scope.team !== undefined) {
    const entity = directory.entity(scope.team);
    return entity.ok ? ok({ kind: 'entity', id: entity.value.id }) : entity;
  }
  if (scope.organization !== undefined) {
    const found = directory.organization(scope.organization);
    if (!found.ok) return found;
    if (found.value.entity === null) return missing(`W&B shows no entity for organization ${scope.organization}: the key may not see it`);
    return ok({ kind: 'entity', id: found.value.entity.id });
  }
  const { collection } = scope;
  if (scope.registry !== undefined) {
    if (home === null) return missing(`team ${team.name} belongs to no organization, and registries do: set organization`);
    if (home.entity === null) return missing(`W&B shows no entity for organization ${home.name}: the key may not see its registries`);
    return ok({ kind: 'project', name: { entity: home.entity.name, project: `${REGISTRY_PREFIX}${scope.registry}` }, collection });
  }
  const written = scope.project ?? '';
  const prefix = entityOf(written);
  if (prefix === undefined) return ok({ kind: 'project', name: { entity: team.name, project: written }, collection });
  const owner = directory.entity(prefix);
  return owner.ok
    ? ok({ kind: 'project', name: { entity: owner.value.name, project: written.slice(prefix.length + 1) }, collection })
    : owner;
}

type Ids = ReadonlyMap<string, Result<string, WandbError>>;

function idOf(scope: SingleScope, owned: Result<Owned, WandbError>, projects: Ids, collections: Ids): Result<TriggerScope, WandbError> {
  if (!owned.ok) return owned;
  const description = descriptionOf(scope);
  if (owned.value.kind === 'entity') return ok({ type: 'ENTITY', id: owned.value.id, description });
  const { name, collection } = owned.value;
  const project = projects.get(projectKey(name));
  if (project === undefined) throw new Error(`no answer for project ${projectKey(name)}`);
  if (!project.ok) return project;
  if (collection === undefined) return ok({ type: 'PROJECT', id: project.value, description });
  const found = collections.get(collectionKey({ ...name, collection }));
  if (found === undefined) throw new Error(`no answer for collection ${projectKey(name)}/${collection}`);
  return found.ok ? ok({ type: 'ARTIFACT_COLLECTION', id: found.value, description }) : found;
}

/** The scope in the words of the config, the wider one first. */
function descriptionOf(scope: SingleScope): string {
  const { collection, ...wider } = scope;
  return describeScope(collection === undefined ? wider : { ...wider, collection });
}

function entityOf(project: string | undefined): string | undefined {
  const slash = project?.indexOf('/') ?? -1;
  return slash < 0 ? undefined : project?.slice(0, slash);
}

/** The default team and its organization, and every other that a scope names. */
function ownersOf(
  directory: ScopeDirectory,
  home: FoundOrganization | null,
  entities: readonly string[],
  organizations: readonly string[],
): TriggerOwners {
  const teams = entities.map(directory.entity).flatMap((entity) => (entity.ok ? [entity.value.name] : []));
  const named = organizations.map(directory.organization).flatMap((organization) => (organization.ok ? [organization.value] : []));
  const owners = (home === null ? named : [home, ...named]).flatMap(({ name, entity }) =>
    entity === null ? [] : [{ name, entity: entity.name }],
  );
  return { entities: [...new Set(teams)], organizations: [...new Map(owners.map((owner) => [owner.name, owner])).values()] };
}

function missing(message: string): Result<never, WandbError> {
  return err({ kind: 'not_found', status: null, message });
}
