import { GraphQLError } from 'graphql';
import { artifactView, projectContents } from './wandb-artifacts.ts';
import { passes } from './wandb-filter.ts';
import type { Misbehaviour } from './wandb-misbehaviour.ts';
import {
  createTrigger,
  createWebhook,
  deleteTrigger,
  isRunEvent,
  type TriggerChange,
  type TriggerFields,
  updateTrigger,
} from './wandb-rules.ts';
import { stopRun } from './wandb-run-answers.ts';
import {
  entityOfScope,
  type WandbWorld,
  type WorldCollection,
  type WorldEntity,
  type WorldOrganization,
  type WorldProject,
  type WorldScope,
  type WorldTrigger,
  worldId,
} from './wandb-world.ts';

/** The world as GraphQL sees it: objects whose methods are the fields, as graphql-js resolves them by default. */

export interface AnswerOptions {
  readonly world: WandbWorld;
  readonly features: ReadonlySet<string>;
  /** No page is longer, whatever is asked for. */
  readonly pageSize: number;
  /** How a saved artifact filter is wrapped: both have been seen. */
  readonly wrapping: 'text' | 'object';
  /** What becomes of `filters` on collections. */
  readonly collectionFilters: 'applied' | 'ignored' | 'refused';
  readonly now: () => Date;
  /** How answers about runs go wrong. */
  readonly misbehaviour: Misbehaviour;
}

type PageArguments = { readonly first?: number | null; readonly after?: string | null; readonly filters?: string | null };
type Named = { readonly id: string; readonly name: string };

/** The roots of both operations. */
export function rootOf(options: AnswerOptions) {
  const { world } = options;
  const answers = new WandbAnswers(options);
  const stamp = () => options.now().toISOString();
  return {
    serverInfo: { cliVersionInfo: {}, features: () => [...options.features].map((name) => ({ name, isEnabled: true })) },
    viewer: () => answers.viewer(),
    entity: ({ name }: { name: string }) => answers.entity(world.entities.find((entity) => entity.name === name)),
    organization: ({ name }: { name: string }) => answers.organization(world.organizations.find((one) => one.name === name)),
    project: ({ name, entityName }: { name: string; entityName: string }) =>
      answers.project(world.projects.find((project) => project.name === name && project.entity.name === entityName)),
    models: ({ entityName, ...page }: { entityName: string } & PageArguments) =>
      answers.projects((project) => project.entity.name === entityName, page),
    artifact: ({ id }: { id: string }) => answers.artifact(id),
    artifactCollection: ({ id }: { id: string }) => answers.scope(world.collections.find((collection) => collection.id === id)),
    createFilterTrigger: ({ input }: { input: TriggerFields }) => ({ trigger: answers.trigger(createTrigger(world, input, stamp())) }),
    updateFilterTrigger: ({ input }: { input: TriggerChange }) => ({ trigger: answers.trigger(updateTrigger(world, input, stamp())) }),
    deleteTrigger: ({ input }: { input: { triggerID: string } }) => {
      deleteTrigger(world, input.triggerID);
      return { success: true };
    },
    stopRun: ({ input }: { input: { id: string } }) => ({ success: stopRun(world, input.id) }),
    createGenericWebhookIntegration: ({ input }: { input: Parameters<typeof createWebhook>[1] }) => ({
      integration: createWebhook(world, input),
    }),
  };
}

class WandbAnswers {
  readonly #options: AnswerOptions;
  readonly #world: WandbWorld;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.#world = options.world;
  }

  viewer(): object {
    const { entities, organizations } = this.#world;
    const teams = entities.filter((known) => known.entityType === 'team');
    return {
      id: worldId('User', 701),
      username: 'ada',
      entity: entities[0]?.name ?? null,
      teams: { edges: () => teams.map((team) => ({ node: this.entity(team) })) },
      projects: (given: PageArguments) => this.projects(() => true, given),
      organizations: () => organizations.map((organization) => this.organization(organization)),
    };
  }

  entity(one: WorldEntity | undefined): object | null {
    if (one === undefined) return null;
    const { projects, integrations, collections } = this.#world;
    return {
      __typename: 'Entity',
      id: one.id,
      name: one.name,
      isTeam: one.entityType === 'team',
      entityType: one.entityType,
      organization: () => this.organization(one.organization ?? undefined),
      project: ({ name }: { name: string }) => this.project(projects.find((known) => known.entity === one && known.name === name)),
      projects: (given: PageArguments) => this.projects((known) => known.entity === one, given),
      triggers: (given: PageArguments) => this.#triggersOf([one], given),
      integrations: (given: PageArguments) => {
        const own = integrations.filter((integration) => integration.entity === one);
        return this.#page(
          own.map((integration) => ({ name: '', ...integration })),
          (integration) => integration,
          given,
        );
      },
      artifactCollections: (given: PageArguments) => {
        const own = collections.filter((collection) => collection.project.entity === one);
        return this.#page(own, (collection) => this.scope(collection), given);
      },
    };
  }

  organization(one: WorldOrganization | undefined): object | null {
    if (one === undefined) return null;
    return {
      id: one.id,
      name: one.name,
      orgEntity: () => this.entity(one.entity),
      featureFlags: [...one.flags].map((rampKey) => ({ rampKey, isEnabled: true })),
      triggers: (given: PageArguments) => {
        const members = this.#world.entities.filter((known) => known.organization === one);
        return this.#triggersOf(members, given);
      },
    };
  }

  project(one: WorldProject | undefined): object | null {
    if (one === undefined) return null;
    const { triggers } = this.#world;
    return {
      __typename: 'Project',
      id: one.id,
      name: one.name,
      entityName: one.entity.name,
      entity: () => this.entity(one.entity),
      readOnly: false,
      triggers: () => triggers.filter(({ scope }) => scope !== null && projectOf(scope) === one).map((trigger) => this.trigger(trigger)),
      artifactCollections: (given: PageArguments) => this.#collectionsOf(one, given),
      ...projectContents(this.#world, one, this.#neighbours(), this.#options.misbehaviour),
    };
  }

  projects(isWanted: (project: WorldProject) => boolean, given: PageArguments): object {
    return this.#page(this.#world.projects.filter(isWanted), (project) => this.project(project), given);
  }

  scope(one: WorldScope | undefined): object | null {
    if (one === undefined) return null;
    if (one.kind === 'entity') return this.entity(one);
    if (one.kind === 'project') return this.project(one);
    return { __typename: one.type, id: one.id, name: one.name, project: () => this.project(one.project) };
  }

  artifact(id: string): object | null {
    const one = this.#world.artifacts.find((artifact) => artifact.id === id);
    return one === undefined ? null : artifactView(one, this.#neighbours(), this.#options.misbehaviour);
  }

  #neighbours() {
    return { project: (one: WorldProject) => this.project(one), collection: (one: WorldCollection) => this.scope(one) };
  }

  trigger(one: WorldTrigger): object {
    const { action } = one;
    const integrationOf = (id: string) => this.#world.integrations.find((integration) => integration.id === id) ?? null;
    return {
      ...one,
      scope: one.scope === null ? { __typename: 'SomethingNewScope' } : this.scope(one.scope),
      triggeringCondition: {
        __typename: 'FilterEventTriggeringCondition',
        eventType: one.eventType,
        filter: isRunEvent(one.eventType) ? one.filter : wrapped(one.filter, this.#options.wrapping),
      },
      triggeredAction: 'integrationID' in action ? { ...action, integration: integrationOf(action.integrationID) } : action,
    };
  }

  #triggersOf(entities: readonly WorldEntity[], given: PageArguments): object {
    const own = this.#world.triggers.filter(({ scope }) => scope === null || entities.includes(entityOfScope(scope)));
    return this.#page(own, (trigger) => this.trigger(trigger), given);
  }

  #collectionsOf(project: WorldProject, { filters = null, ...page }: PageArguments): object {
    const { collectionFilters } = this.#options;
    if (collectionFilters === 'refused' && filters !== null) throw new GraphQLError('filters are not supported here');
    const own = this.#world.collections.filter((collection) => collection.project === project);
    const given = { ...page, filters: collectionFilters === 'ignored' ? null : filters };
    return this.#page(own, (collection) => this.scope(collection), given);
  }

  #page<T extends Named>(items: readonly T[], view: (item: T) => object | null, given: PageArguments): object {
    const filter: unknown = given.filters ? JSON.parse(given.filters) : undefined;
    const matching = filter === undefined ? items : items.filter(({ id, name }) => passes(filter, { id, name }));
    const start = given.after ? Number(Buffer.from(given.after, 'base64').toString().slice('offset:'.length)) : 0;
    if (!Number.isInteger(start)) throw new GraphQLError('invalid cursor');
    const { pageSize } = this.#options;
    const end = Math.min(start + Math.min(given.first ?? pageSize, pageSize), matching.length);
    return {
      totalCount: matching.length,
      pageInfo: { hasNextPage: end < matching.length, endCursor: Buffer.from(`offset:${end}`).toString('base64') },
      edges: matching.slice(start, end).map((item) => ({ node: view(item) })),
    };
  }
}

/** A saved artifact filter comes back one level deeper than it was sent. */
function wrapped(filter: string, wrapping: 'text' | 'object'): string {
  return JSON.stringify({ filter: wrapping === 'text' ? filter : JSON.parse(filter) });
}

function projectOf(scope: WorldScope): WorldProject | undefined {
  if (scope.kind === 'project') return scope;
  return scope.kind === 'collection' ? scope.project : undefined;
}
