import { buildSchema, GraphQLError, type GraphQLScalarType, type GraphQLSchema } from 'graphql';

/** Which server the schema is of: what a feature flag guards does not exist on a server without the flag. */
export interface SchemaOptions {
  /** The flags that are on. */
  readonly features: ReadonlySet<string>;
  /** `false`: so old that it can't be asked for its features. */
  readonly reportsFeatures: boolean;
  /** A server of the future, with an event, an action and a scope that no client knows. */
  readonly hasUnknownKinds: boolean;
  /** Fields and arguments about runs that an older server does not have: only W&B's MCP server is seen to use them. */
  readonly lacks?: ReadonlySet<RunCapability>;
}

export type RunCapability =
  | 'project.fields'
  | 'summaryMetrics(keys)'
  | 'config(keys)'
  | 'sampledHistory'
  | 'history'
  | 'sweepName'
  | 'stopRun';

const EVENT_FEATURES = [
  ...['ADD_ARTIFACT_TAG', 'REMOVE_ARTIFACT_TAG', 'ADD_COLLECTION_TAG', 'REMOVE_COLLECTION_TAG', 'UNLINK_ARTIFACT'],
  ...['RUN_METRIC_ZSCORE', 'UPDATE_ARTIFACT_ALIAS', 'WEAVE_METRIC_THRESHOLD'],
].map((type) => `AUTOMATION_EVENT_${type}`);

const OTHER_FEATURES = [
  'AUTOMATION_ACTION_QUEUE_JOB',
  'AUTOMATION_ACTION_PUSH_NOTIFICATION',
  'AUTOMATION_ACTION_ARIA',
  'AUTOMATION_SCOPE_ENTITY',
  'QUERY_AUTOMATIONS_ON_ENTITY',
  'AUTOMATIONS_ON_ORGANIZATION',
  'PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP',
];

/** Every flag that concerns automations, as on W&B's own cloud. */
export const CLOUD_FEATURES: readonly string[] = [...EVENT_FEATURES, ...OTHER_FEATURES];

const ALWAYS_EVENTS = ['CREATE_ARTIFACT', 'LINK_MODEL', 'ADD_ARTIFACT_ALIAS', 'RUN_METRIC', 'RUN_METRIC_CHANGE', 'RUN_STATE'];

/** Each kind of server's, built once for all servers of that kind: nobody changes it. */
const built = new Map<string, GraphQLSchema>();

/** W&B's schema as far as it is public (the documents of the Python client, 0.28 to 0.30), ready to be executed. */
export function wandbSchema(options: SchemaOptions): GraphQLSchema {
  const text = [ROOTS, PLACES, AUTOMATIONS, INPUTS, ARTIFACTS_AND_RUNS].map((part) => part(options)).join('\n');
  const schema = built.get(text) ?? schemaOf(text);
  built.set(text, schema);
  return schema;
}

function schemaOf(text: string): GraphQLSchema {
  const schema = buildSchema(text);
  const jsonString = schema.getType('JSONString') as GraphQLScalarType;
  jsonString.parseValue = (value: unknown) => {
    if (typeof value !== 'string') throw new GraphQLError('JSONString must be a string');
    return value;
  };
  return schema;
}

const when = (condition: boolean, text: string): string => (condition ? text : '');

const ROOTS = ({ lacks }: SchemaOptions): string => `
scalar JSONString
scalar JSON
scalar DateTime
scalar Int64

type Query {
  serverInfo: ServerInfo
  viewer: User
  entity(name: String): Entity
  organization(name: String!): Organization
  project(name: String, entityName: String): Project
  models(entityName: String, first: Int, after: String): ProjectConnection
  artifact(id: ID!): Artifact
  artifactCollection(id: ID!): ArtifactCollection
}
type Mutation {
  createFilterTrigger(input: CreateFilterTriggerInput!): CreateFilterTriggerPayload
  updateFilterTrigger(input: UpdateFilterTriggerInput!): UpdateFilterTriggerPayload
  deleteTrigger(input: DeleteTriggerInput!): DeleteTriggerPayload
  createGenericWebhookIntegration(input: CreateGenericWebhookIntegrationInput!): CreateGenericWebhookIntegrationPayload
  ${when(!lacks?.has('stopRun'), 'stopRun(input: StopRunInput!): StopRunPayload')}
}
input StopRunInput { id: ID! clientMutationId: String }
type StopRunPayload { success: Boolean clientMutationId: String }
type PageInfo { endCursor: String hasNextPage: Boolean! }`;

const PLACES = ({ features, reportsFeatures, lacks }: SchemaOptions): string => `
type ServerInfo {
  cliVersionInfo: JSON
  ${when(reportsFeatures, 'features: [ServerFeature]')}
}
type ServerFeature { name: String! isEnabled: Boolean! }
type User {
  id: ID! name: String username: String email: String admin: Boolean entity: String
  flags: JSONString # the Python client asks for it when it logs in; no document of ours does
  userEntity: Entity
  teams: EntityConnection
  projects(first: Int, after: String): ProjectConnection
  organizations: [Organization!]
}
type EntityConnection { edges: [EntityEdge!]! }
type EntityEdge { node: Entity }
type Entity {
  id: ID! name: String! isTeam: Boolean entityType: String
  organization: Organization
  user: User
  project(name: String): Project
  projects(first: Int, after: String, filters: JSONString, order: String): ProjectConnection
  ${when(features.has('QUERY_AUTOMATIONS_ON_ENTITY'), TRIGGERS_FIELD)}
  integrations(first: Int, after: String): IntegrationConnection
  artifactCollections(projectFilters: JSONString, filters: JSONString, collectionTypes: [ArtifactCollectionType!], first: Int, after: String, order: String): ArtifactCollectionConnection
}
type Organization {
  id: ID! name: String!
  orgEntity: Entity
  ${when(reportsFeatures, 'featureFlags(rampIDType: RampIDType): [OrgFeatureFlag]')}
  ${when(features.has('AUTOMATIONS_ON_ORGANIZATION'), TRIGGERS_FIELD)}
}
enum RampIDType { OrgName }
type OrgFeatureFlag { rampKey: String! isEnabled: Boolean! }
type ProjectConnection { pageInfo: PageInfo! edges: [ProjectEdge!]! }
type ProjectEdge { node: Project }
type Project {
  id: ID! internalId: ID name: String! entityName: String!
  entity: Entity
  description: String createdAt: DateTime readOnly: Boolean
  triggers: [Trigger!]
  artifactType(name: String!): ArtifactType
  artifactCollections(first: Int, after: String, filters: JSONString, order: String): ArtifactCollectionConnection
  artifact(name: String!): Artifact
  ${when(features.has('PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP'), 'artifactCollectionMembership(name: String!): ArtifactCollectionMembership')}
  ${when(!lacks?.has('project.fields'), 'fields(first: Int, after: String, pattern: String): RunFieldConnection')}
  runCount(filters: JSONString): Int
  run(name: String!): Run
  runs(filters: JSONString, order: String, first: Int, after: String): RunConnection
}
type RunFieldConnection { pageInfo: PageInfo! edges: [RunFieldEdge!]! }
type RunFieldEdge { node: RunField }
type RunField { path: String! type: String }`;

const TRIGGERS_FIELD = 'triggers(first: Int, after: String, order: String, filters: JSONString): TriggerConnection';

const AUTOMATIONS = ({ features, hasUnknownKinds }: SchemaOptions): string => {
  const flagged = (prefix: string): string[] =>
    [...features].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const has = (kind: string) => features.has(`AUTOMATION_ACTION_${kind}`);
  const unknown = when(hasUnknownKinds, 'SOMETHING_NEW');
  return `
type TriggerConnection { pageInfo: PageInfo! edges: [TriggerEdge!]! }
type TriggerEdge { node: Trigger }
type Trigger {
  id: ID! createdAt: DateTime! updatedAt: DateTime name: String! description: String enabled: Boolean!
  scope: TriggerScope!
  triggeringCondition: TriggeringCondition!
  triggeredAction: TriggeredAction!
}
union TriggerScope = Project | ArtifactPortfolio | ArtifactSequence
  ${when(features.has('AUTOMATION_SCOPE_ENTITY'), '| Entity')} ${when(hasUnknownKinds, '| SomethingNewScope')}
union TriggeringCondition = FilterEventTriggeringCondition
type FilterEventTriggeringCondition { eventType: EventTriggeringConditionType! filter: JSONString! }
union TriggeredAction = GenericWebhookTriggeredAction | NotificationTriggeredAction | NoOpTriggeredAction
  ${when(has('QUEUE_JOB'), '| QueueJobTriggeredAction')} ${when(has('ARIA'), '| ARIATriggeredAction')} ${when(hasUnknownKinds, '| SomethingNewTriggeredAction')}
type GenericWebhookTriggeredAction { integration: Integration requestPayload: JSONString }
type NotificationTriggeredAction { integration: Integration title: String message: String severity: AlertSeverity }
type NoOpTriggeredAction { noOp: Boolean }
${when(has('QUEUE_JOB'), 'type QueueJobTriggeredAction { queue: RunQueue template: JSONString }\ntype RunQueue { id: ID! name: String! }')}
${when(has('ARIA'), 'type ARIATriggeredAction { prompt: String }')}
${when(hasUnknownKinds, 'type SomethingNewTriggeredAction { what: String }\ntype SomethingNewScope { what: String }')}
union Integration = GenericWebhookIntegration | SlackIntegration | GitHubOAuthIntegration
type GenericWebhookIntegration { id: ID! name: String! urlEndpoint: String! }
type SlackIntegration { id: ID! teamName: String! channelName: String! }
type GitHubOAuthIntegration { id: ID! }
type IntegrationConnection { pageInfo: PageInfo! edges: [IntegrationEdge!]! }
type IntegrationEdge { node: Integration }
enum EventTriggeringConditionType { ${[...ALWAYS_EVENTS, ...flagged('AUTOMATION_EVENT_')].join(' ')} ${unknown} }
enum TriggerScopeType { ARTIFACT_COLLECTION PROJECT ${flagged('AUTOMATION_SCOPE_').join(' ')} }
enum TriggeredActionType { GENERIC_WEBHOOK NOTIFICATION NO_OP ${flagged('AUTOMATION_ACTION_').join(' ')} }
enum AlertSeverity { INFO WARN ERROR }`;
};

const INPUTS = ({ features }: SchemaOptions): string => {
  const has = (kind: string) => features.has(`AUTOMATION_ACTION_${kind}`);
  return `
input CreateFilterTriggerInput {
  name: String! description: String enabled: Boolean!
  scopeType: TriggerScopeType! scopeID: ID!
  triggeringEventType: EventTriggeringConditionType! eventFilter: JSONString!
  triggeredActionType: TriggeredActionType! triggeredActionConfig: TriggeredActionConfig!
  clientMutationId: String
}
input UpdateFilterTriggerInput {
  id: ID!
  name: String description: String enabled: Boolean
  scopeType: TriggerScopeType scopeID: ID
  triggeringEventType: EventTriggeringConditionType eventFilter: JSONString
  triggeredActionType: TriggeredActionType triggeredActionConfig: TriggeredActionConfig
  clientMutationId: String
}
input TriggeredActionConfig {
  genericWebhookActionInput: GenericWebhookActionInput
  notificationActionInput: NotificationActionInput
  noOpActionInput: NoOpTriggeredActionInput
  ${when(has('QUEUE_JOB'), 'queueJobActionInput: QueueJobActionInput')}
  ${when(has('PUSH_NOTIFICATION'), 'pushNotificationActionInput: PushNotificationActionInput')}
  ${when(has('ARIA'), 'ariaActionInput: ARIAActionInput')}
}
input GenericWebhookActionInput { integrationID: ID! requestPayload: JSONString }
input NotificationActionInput { integrationID: ID! title: String message: String severity: AlertSeverity }
input NoOpTriggeredActionInput { noOp: Boolean }
input QueueJobActionInput { queueID: ID! template: JSONString! }
input PushNotificationActionInput { userID: ID! title: String body: String }
input ARIAActionInput { prompt: String! }
input DeleteTriggerInput { triggerID: ID! clientMutationId: String }
input CreateGenericWebhookIntegrationInput {
  entityName: String! name: String! urlEndpoint: String!
  accessTokenRef: String secretRef: String
  clientMutationId: String
}
type CreateFilterTriggerPayload { trigger: Trigger clientMutationId: String }
type UpdateFilterTriggerPayload { trigger: Trigger clientMutationId: String }
type DeleteTriggerPayload { success: Boolean! clientMutationId: String }
type CreateGenericWebhookIntegrationPayload { integration: Integration clientMutationId: String }`;
};

const COLLECTION_FIELDS = `id: ID! name: String! description: String createdAt: DateTime updatedAt: DateTime
  project: Project defaultArtifactType: ArtifactType tags: TagConnection`;

const ARTIFACTS_AND_RUNS = ({ lacks }: SchemaOptions): string => `
enum ArtifactCollectionType { SEQUENCE PORTFOLIO }
interface ArtifactCollection { ${COLLECTION_FIELDS} }
type ArtifactSequence implements ArtifactCollection { ${COLLECTION_FIELDS} }
type ArtifactPortfolio implements ArtifactCollection { ${COLLECTION_FIELDS} }
type ArtifactCollectionConnection { totalCount: Int pageInfo: PageInfo! edges: [ArtifactCollectionEdge!]! }
type ArtifactCollectionEdge { node: ArtifactCollection }
type ArtifactType {
  name: String!
  artifactCollection(name: String!): ArtifactCollection
  artifactCollections(first: Int, after: String, filters: JSONString, order: String): ArtifactCollectionConnection
}
type Tag { id: ID! name: String! }
type TagConnection { edges: [TagEdge!]! }
type TagEdge { node: Tag }
type Artifact {
  id: ID! versionIndex: Int artifactSequence: ArtifactSequence artifactType: ArtifactType description: String metadata: JSONString
  state: String size: Int64 digest: String commitHash: String fileCount: Int64 createdAt: DateTime updatedAt: DateTime
  tags: [Tag!] aliases: [ArtifactAlias!] createdBy: ArtifactCreator
}
union ArtifactCreator = Run | User
type ArtifactAlias { id: ID! alias: String! artifactCollection: ArtifactCollection }
type ArtifactCollectionMembership { id: ID! versionIndex: Int aliases: [ArtifactAlias!] artifactCollection: ArtifactCollection artifact: Artifact }
type RunConnection { totalCount: Int pageInfo: PageInfo! edges: [RunEdge!]! }
type RunEdge { cursor: String node: Run }
type Run {
  id: ID! name: String! displayName: String state: String createdAt: DateTime heartbeatAt: DateTime tags: [String!]
  group: String jobType: String notes: String commit: String
  config${when(!lacks?.has('config(keys)'), '(keys: [String!])')}: JSONString
  summaryMetrics${when(!lacks?.has('summaryMetrics(keys)'), '(keys: [String!])')}: JSONString
  systemMetrics: JSONString eventsLineCount: Int computeSeconds: Int
  ${when(!lacks?.has('sweepName'), 'sweepName: String')}
  historyLineCount: Int historyKeys: JSON user: User project: Project
  ${when(!lacks?.has('history'), 'history(minStep: Int64, maxStep: Int64, samples: Int): [String!]')}
  ${when(!lacks?.has('sampledHistory'), 'sampledHistory(specs: [JSONString!]!): [JSON]')}
  events(samples: Int): [String!]
}`;
