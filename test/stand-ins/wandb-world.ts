import type { RowList, RunPlace } from './wandb-rows.ts';

/** What exists at the W&B stand-in: teams, organizations, projects, collections, integrations, automations. In memory. */

export interface WorldUser {
  readonly username: string;
  readonly name: string;
}

export interface WorldRun extends RunPlace {
  readonly project: WorldProject;
  /** The run's id, as in its address. */
  readonly name: string;
  displayName: string;
  state: string;
  readonly createdAt: string;
  heartbeatAt: string;
  readonly tags: readonly string[];
  readonly commit: string | null;
  /** JSON, as it was sent: W&B does not look into it. */
  readonly summaryMetrics: string | null;
  readonly config: string | null;
  readonly user: WorldUser | null;
  /** What was logged, each row with its `_step`; numbers that JSON does not have are numbers here. */
  readonly history: RowList;
  /** System metrics, as W&B sends them: rows as text. */
  readonly events: readonly string[];
}

export interface WorldArtifact {
  readonly id: string;
  /** Where a run logged it. */
  readonly sequence: WorldCollection;
  readonly versionIndex: number;
  readonly type: string;
  readonly metadata: string | null;
  readonly size: number;
  readonly digest: string;
  readonly createdAt: string;
  readonly tags: readonly string[];
  readonly createdBy: WorldRun | WorldUser | null;
  /** Its numbers in collections that it is linked to. */
  readonly links: Map<WorldCollection, number>;
  /** Every alias, in the collection where it was given. */
  readonly aliases: { readonly alias: string; readonly collection: WorldCollection }[];
}

export interface WorldEntity {
  readonly kind: 'entity';
  readonly id: string;
  readonly name: string;
  readonly entityType: 'team' | 'user' | 'organization';
  organization: WorldOrganization | null;
  /** The team's secrets: integrations know them by name only. */
  readonly secrets: Map<string, string>;
}

export interface WorldOrganization {
  readonly id: string;
  readonly name: string;
  readonly entity: WorldEntity;
  /** What is switched on for this organization alone. */
  readonly flags: Set<string>;
}

export interface WorldProject {
  readonly kind: 'project';
  readonly id: string;
  readonly name: string;
  readonly entity: WorldEntity;
}

export interface WorldCollection {
  readonly kind: 'collection';
  readonly id: string;
  readonly name: string;
  readonly type: 'ArtifactSequence' | 'ArtifactPortfolio';
  readonly project: WorldProject;
}

interface SlackIntegration {
  readonly __typename: 'SlackIntegration';
  readonly id: string;
  readonly entity: WorldEntity;
  readonly teamName: string;
  readonly channelName: string;
}

export interface WebhookIntegration {
  readonly __typename: 'GenericWebhookIntegration';
  readonly id: string;
  readonly entity: WorldEntity;
  readonly name: string;
  urlEndpoint: string;
  readonly accessTokenRef: string | null;
  readonly secretRef: string | null;
}

interface GitHubIntegration {
  readonly __typename: 'GitHubOAuthIntegration';
  readonly id: string;
  readonly entity: WorldEntity;
}

export type WorldIntegration = SlackIntegration | WebhookIntegration | GitHubIntegration;

/** The scope of an automation; `null` for the scope that no client knows. */
export type WorldScope = WorldEntity | WorldProject | WorldCollection;

/** As it is answered, but for the integration, which is found by its id. */
export type WorldAction =
  | { readonly __typename: 'GenericWebhookTriggeredAction'; readonly integrationID: string; readonly requestPayload: string | null }
  | {
      readonly __typename: 'NotificationTriggeredAction';
      readonly integrationID: string;
      readonly title: string | null;
      readonly message: string | null;
      readonly severity: string | null;
    }
  | { readonly __typename: 'NoOpTriggeredAction'; readonly noOp: boolean | null }
  | {
      readonly __typename: 'QueueJobTriggeredAction';
      readonly queue: { readonly id: string; readonly name: string };
      readonly template: string;
    }
  | { readonly __typename: 'ARIATriggeredAction'; readonly prompt: string }
  | { readonly __typename: 'SomethingNewTriggeredAction'; readonly what: string };

export interface WorldTrigger {
  readonly id: string;
  readonly createdAt: string;
  updatedAt: string | null;
  name: string;
  description: string | null;
  enabled: boolean;
  scope: WorldScope | null;
  eventType: string;
  /** As it was sent; answers wrap it. */
  filter: string;
  action: WorldAction;
}

const ORGANIZATION_FLAG = 'automation_entity_scope';
const FIRST_IDS = { Entity: 303, Organization: 311, Project: 103, ArtifactCollection: 203, Integration: 403, Trigger: 501 };
type IdKind = keyof typeof FIRST_IDS;

/** W&B's ids: base64 of the kind and a number. */
export function worldId(kind: string, number: number): string {
  return Buffer.from(`${kind}:${number}`).toString('base64');
}

export class WandbWorld {
  readonly entities: WorldEntity[] = [];
  readonly organizations: WorldOrganization[] = [];
  readonly projects: WorldProject[] = [];
  readonly collections: WorldCollection[] = [];
  readonly integrations: WorldIntegration[] = [];
  readonly triggers: WorldTrigger[] = [];
  readonly runs: WorldRun[] = [];
  readonly artifacts: WorldArtifact[] = [];
  readonly #next: Record<IdKind, number> = { ...FIRST_IDS };

  newId(kind: IdKind): string {
    return worldId(kind, this.#next[kind]++);
  }

  addEntity(name: string, entityType: WorldEntity['entityType'] = 'team', id = this.newId('Entity')): WorldEntity {
    return added(this.entities, { kind: 'entity', id, name, entityType, organization: null, secrets: new Map() });
  }

  /** An organization, the entity that owns its registries, and its teams. */
  addOrganization(name: string, teams: readonly WorldEntity[], entityId?: string): WorldOrganization {
    const entity = this.addEntity(`${name}-entity`, 'organization', entityId);
    const organization = { id: this.newId('Organization'), name, entity, flags: new Set([ORGANIZATION_FLAG]) };
    for (const member of [entity, ...teams]) member.organization = organization;
    return added(this.organizations, organization);
  }

  addProject(entity: WorldEntity, name: string, id = this.newId('Project')): WorldProject {
    return added(this.projects, { kind: 'project', id, name, entity });
  }

  addRegistry(organization: WorldOrganization, name: string, id?: string): WorldProject {
    return this.addProject(organization.entity, `wandb-registry-${name}`, id);
  }

  /** A sequence, what runs log versions to; in a registry a portfolio, what versions are linked to. */
  addCollection(
    project: WorldProject,
    name: string,
    id = this.newId('ArtifactCollection'),
    type = collectionTypeIn(project),
  ): WorldCollection {
    return added(this.collections, { kind: 'collection', id, name, type, project });
  }

  addSlack(entity: WorldEntity, channelName: string, teamName = 'Acme', id = this.newId('Integration')): SlackIntegration {
    return added(this.integrations, { __typename: 'SlackIntegration', id, entity, teamName, channelName } as const);
  }

  addGitHub(entity: WorldEntity): GitHubIntegration {
    return added(this.integrations, { __typename: 'GitHubOAuthIntegration', id: this.newId('Integration'), entity } as const);
  }

  addWebhook(
    entity: WorldEntity,
    name: string,
    urlEndpoint: string,
    refs: { accessTokenRef?: string | null; secretRef?: string | null } = {},
    id = this.newId('Integration'),
  ): WebhookIntegration {
    const { accessTokenRef = null, secretRef = null } = refs;
    return added(this.integrations, {
      __typename: 'GenericWebhookIntegration',
      id,
      entity,
      name,
      urlEndpoint,
      accessTokenRef,
      secretRef,
    } as const);
  }

  /** An automation put there as if it had always been, without any of the server's rules. */
  addTrigger(trigger: Partial<WorldTrigger> & { readonly name: string; readonly scope: WorldScope | null }): WorldTrigger {
    return added(this.triggers, {
      id: this.newId('Trigger'),
      createdAt: '2026-01-02T03:04:05Z',
      updatedAt: null,
      description: null,
      enabled: true,
      eventType: 'LINK_MODEL',
      filter: '{"$or":[{"$and":[]}]}',
      action: { __typename: 'NoOpTriggeredAction', noOp: true },
      ...trigger,
    });
  }

  entity(name: string): WorldEntity {
    return existing(this.entities, name);
  }

  project(name: string): WorldProject {
    return existing(this.projects, name);
  }

  organization(name: string): WorldOrganization {
    return existing(this.organizations, name);
  }

  /** The automation of a name; the scopes of a test seldom share one. */
  trigger(name: string): WorldTrigger {
    return existing(this.triggers, name);
  }

  scopeById(id: string): WorldScope | undefined {
    return [...this.entities, ...this.projects, ...this.collections].find((scope) => scope.id === id);
  }
}

/** The entity that a scope belongs to. */
export function entityOfScope(scope: WorldScope): WorldEntity {
  if (scope.kind === 'entity') return scope;
  return scope.kind === 'project' ? scope.entity : scope.project.entity;
}

export function isRegistry(project: WorldProject): boolean {
  return project.name.startsWith('wandb-registry-');
}

/** The world of the project's cases: team acme with project train, organization acme-org with registry model. */
export function acmeWorld(): WandbWorld {
  const world = new WandbWorld();
  const acme = world.addEntity('acme', 'team', worldId('Entity', 301));
  const organization = world.addOrganization('acme-org', [acme], worldId('Entity', 302));
  const train = world.addProject(acme, 'train', worldId('Project', 101));
  const model = world.addRegistry(organization, 'model', worldId('Project', 102));
  world.addCollection(model, 'resnet50', worldId('ArtifactCollection', 201));
  world.addCollection(train, 'dataset-a', worldId('ArtifactCollection', 202));
  acme.secrets.set('RELAY_TOKEN', 'the-access-token-of-the-relay').set('RELAY_SECRET', 'the-signing-secret-of-the-relay');
  world.addSlack(acme, '#ml-alerts', 'Acme', worldId('Integration', 401));
  const refs = { accessTokenRef: 'RELAY_TOKEN', secretRef: 'RELAY_SECRET' };
  world.addWebhook(acme, 'relay', 'https://relay.example/webhooks/wandb', refs, worldId('Integration', 402));
  return world;
}

function collectionTypeIn(project: WorldProject): WorldCollection['type'] {
  return isRegistry(project) ? 'ArtifactPortfolio' : 'ArtifactSequence';
}

function added<All, T extends All>(all: All[], one: T): T {
  all.push(one);
  return one;
}

function existing<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const one = all.find((item) => item.name === name);
  if (one === undefined) throw new Error(`the stand-in has no ${name}; it has ${all.map((item) => item.name).join(', ')}`);
  return one;
}
