import { type ServerFeatures, supports } from './features.ts';

/**
 * Our GraphQL documents. A document that names a field or type which the server lacks is refused whole, so those about
 * automations are made for the server at hand.
 *
 * Kinds of actions that we can't write (queue jobs, ARIA prompts) are read by their `__typename` alone: without a
 * fragment on them the document fits every server.
 */

export const SERVER_FEATURES = 'query ServerFeatures { serverInfo { features { name isEnabled } } }';

export const ORGANIZATION_FLAGS = `query OrganizationFlags($organization: String!) {
  organization(name: $organization) { featureFlags(rampIDType: OrgName) { rampKey isEnabled } }
}`;

/** Whom the key belongs to, and the teams and organizations that it sees: for messages about names that do not exist. */
export const VIEWER = `query Viewer {
  viewer { entity username teams { edges { node { name } } } organizations { name } }
}`;

export const ENTITY_PROJECTS = `query EntityProjects($entity: String!, $first: Int!, $after: String) {
  entity(name: $entity) { projects(first: $first, after: $after) { ${page('name')} } }
}`;

export const PROJECT_COLLECTIONS = `query ProjectCollections($entity: String!, $project: String!, $first: Int!, $after: String) {
  project(name: $project, entityName: $entity) { artifactCollections(first: $first, after: $after) { ${page('__typename id name')} } }
}`;

export const ENTITY_INTEGRATIONS = `query EntityIntegrations($entity: String!, $first: Int!, $after: String) {
  entity(name: $entity) { integrations(first: $first, after: $after) { ${page(
    '__typename ... on SlackIntegration { id teamName channelName } ... on GenericWebhookIntegration { id name urlEndpoint }',
  )} } }
}`;

export const CREATE_WEBHOOK_INTEGRATION = `mutation CreateWebhookIntegration($input: CreateGenericWebhookIntegrationInput!) {
  createGenericWebhookIntegration(input: $input) { integration { __typename ... on GenericWebhookIntegration { id name urlEndpoint } } }
}`;

const RUN_FACTS = `fragment RunFacts on Run {
  name displayName state createdAt heartbeatAt tags commit summaryMetrics config
  user { username name } project { name entityName }
}`;

const ARTIFACT_FACTS = `fragment ArtifactFacts on Artifact {
  versionIndex metadata size digest createdAt
  artifactType { name } artifactSequence { name project { name entityName } }
  tags { name } aliases { alias artifactCollection { __typename name project { name } } }
  createdBy { __typename ... on User { username } ... on Run { ...RunFacts } }
}
${RUN_FACTS}`;

const ALIASED_VERSION = `versionIndex artifactSequence { name project { name entityName } }
    aliases { alias artifactCollection { __typename name project { name entityName } } }`;

export const ARTIFACT_BY_ID = `query ArtifactById($id: ID!) { artifact(id: $id) { ...ArtifactFacts } }
${ARTIFACT_FACTS}`;

/** `$name` is `collection:vN` or `collection:alias`. */
export const ARTIFACT_BY_NAME = `query ArtifactByName($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { artifact(name: $name) { ...ArtifactFacts } }
}
${ARTIFACT_FACTS}`;

/** A run by its id, and the runs that match the filter, the last active one first. */
export const RUN_BY_NAME = `query RunByName($entity: String!, $project: String!, $name: String!, $filters: JSONString!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { ...RunFacts }
    runs(filters: $filters, order: "-heartbeat_at", first: 2) { edges { node { ...RunFacts } } }
  }
}
${RUN_FACTS}`;

const ARTIFACT_RUN = 'artifact(name: $name) { createdBy { __typename ... on Run { ...RunFacts } } }';

/** A version's run: what a comparison of two versions needs. `$name` as in `ARTIFACT_BY_NAME`. */
export const ARTIFACT_RUN_BY_NAME = `query ArtifactRunByName($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { ${ARTIFACT_RUN} }
}
${RUN_FACTS}`;

/** The same in a registry, which may be named by a team of its organization. */
export const REGISTERED_RUN_BY_NAME = `query RegisteredRunByName($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { ${ARTIFACT_RUN} }
  entity(name: $entity) { organization { orgEntity { project(name: $project) { ${ARTIFACT_RUN} } } } }
}
${RUN_FACTS}`;

/** Rows of a run for each spec, `{"keys", "samples", "minStep", "maxStep"}`: those that have all its keys. */
export const RUN_HISTORY = `query RunHistory($entity: String!, $project: String!, $run: String!, $specs: [JSONString!]!) {
  project(name: $project, entityName: $entity) { run(name: $run) { sampledHistory(specs: $specs) } }
}`;

export const RUN_SYSTEM_METRICS = `query RunSystemMetrics($entity: String!, $project: String!, $run: String!, $samples: Int!) {
  project(name: $project, entityName: $entity) { run(name: $run) { events(samples: $samples) } }
}`;

export const DELETE_TRIGGER = `mutation DeleteAutomation($id: ID!) { deleteTrigger(input: { triggerID: $id }) { success } }`;

/** Several entities and organizations in one request: `$e0 … `, answered as `e0 …`; `$o0 …` likewise. */
export function scopeDirectoryDocument(entities: number, organizations: number): string {
  const organization = 'id name orgEntity { id name }';
  return aliased('ScopeDirectory', [
    ...numbered(entities, (i) => ({
      variables: [`$e${i}: String!`],
      field: `e${i}: entity(name: $e${i}) { id name organization { ${organization} } }`,
    })),
    ...numbered(organizations, (i) => ({ variables: [`$o${i}: String!`], field: `o${i}: organization(name: $o${i}) { ${organization} }` })),
  ]);
}

/** Several projects in one request: `$e0` and `$p0`, answered as `p0`. */
export function projectsDocument(count: number): string {
  return aliased(
    'Projects',
    numbered(count, (i) => ({
      variables: [`$e${i}: String!`, `$p${i}: String!`],
      field: `p${i}: project(name: $p${i}, entityName: $e${i}) { id name }`,
    })),
  );
}

/** Collections of several projects in one request: `$e0`, `$p0` and the filter `$f0`, answered as `p0`. */
export function collectionsDocument(count: number, first: number): string {
  return aliased(
    'Collections',
    numbered(count, (i) => ({
      variables: [`$e${i}: String!`, `$p${i}: String!`, `$f${i}: JSONString!`],
      field: `p${i}: project(name: $p${i}, entityName: $e${i}) {
    artifactCollections(first: ${first}, filters: $f${i}) { ${page('__typename id name')} }
  }`,
    })),
  );
}

/**
 * Versions by their names, several in one request: `$e0`, `$p0` and `$n0` (`collection:vN` or `collection:alias`), answered
 * as `p0`, each with all its aliases, of every collection.
 */
export function artifactAliasesDocument(count: number): string {
  return aliased(
    'ArtifactAliases',
    numbered(count, (i) => ({
      variables: [`$e${i}: String!`, `$p${i}: String!`, `$n${i}: String!`],
      field: `p${i}: project(name: $p${i}, entityName: $e${i}) { id artifact(name: $n${i}) { ${ALIASED_VERSION} } }`,
    })),
  );
}

/** The same with each version's number in the collection. For servers with `Project.artifactCollectionMembership`. */
export function membershipsDocument(count: number): string {
  return aliased(
    'ArtifactMemberships',
    numbered(count, (i) => ({
      variables: [`$e${i}: String!`, `$p${i}: String!`, `$n${i}: String!`],
      field: `p${i}: project(name: $p${i}, entityName: $e${i}) { id artifactCollectionMembership(name: $n${i}) { versionIndex } }`,
    })),
  );
}

/** The automations of an entity. For servers with `Entity.triggers`. */
export function entityTriggersDocument(features: ServerFeatures): string {
  return withTriggerFields(
    features,
    `query EntityAutomations($name: String!, $first: Int!, $after: String) {
  owner: entity(name: $name) { triggers(first: $first, after: $after) { ${page('...Automation')} } }
}`,
  );
}

/** The automations of an organization. For servers with `Organization.triggers`. */
export function organizationTriggersDocument(features: ServerFeatures): string {
  return withTriggerFields(
    features,
    `query OrganizationAutomations($name: String!, $first: Int!, $after: String) {
  owner: organization(name: $name) { triggers(first: $first, after: $after) { ${page('...Automation')} } }
}`,
  );
}

/** The automations of an entity by way of its projects: what every server understands. It can't see those on the entity itself. */
export function projectTriggersDocument(features: ServerFeatures): string {
  return withTriggerFields(
    features,
    `query ProjectAutomations($name: String!, $first: Int!, $after: String) {
  owner: entity(name: $name) { projects(first: $first, after: $after) { ${page('triggers { ...Automation }')} } }
}`,
  );
}

export function createTriggerDocument(features: ServerFeatures): string {
  return withTriggerFields(
    features,
    `mutation CreateAutomation($input: CreateFilterTriggerInput!) {
  result: createFilterTrigger(input: $input) { trigger { ...Automation } }
}`,
  );
}

export function updateTriggerDocument(features: ServerFeatures): string {
  return withTriggerFields(
    features,
    `mutation UpdateAutomation($input: UpdateFilterTriggerInput!) {
  result: updateFilterTrigger(input: $input) { trigger { ...Automation } }
}`,
  );
}

function withTriggerFields(features: ServerFeatures, operation: string): string {
  return `${operation}

fragment Automation on Trigger {
  id name description enabled createdAt updatedAt
  scope {
    __typename
    ... on Project { id name entityName }
    ... on ArtifactPortfolio { id name project { name entityName } }
    ... on ArtifactSequence { id name project { name entityName } }${supports(features, { scope: 'ENTITY' }) ? '\n    ... on Entity { id name }' : ''}
  }
  triggeringCondition { __typename ... on FilterEventTriggeringCondition { eventType filter } }
  triggeredAction {
    __typename
    ... on GenericWebhookTriggeredAction { integration { __typename ... on GenericWebhookIntegration { id name } } requestPayload }
    ... on NotificationTriggeredAction { integration { __typename ... on SlackIntegration { id channelName } } title message severity }
  }
}`;
}

function page(node: string): string {
  return `pageInfo { hasNextPage endCursor } edges { node { ${node} } }`;
}

interface AliasedField {
  readonly variables: readonly string[];
  readonly field: string;
}

function numbered(count: number, make: (index: number) => AliasedField): AliasedField[] {
  return Array.from({ length: count }, (_none, index) => make(index));
}

function aliased(name: string, fields: readonly AliasedField[]): string {
  const variables = fields.flatMap((field) => field.variables).join(', ');
  return `query ${name}(${variables}) {\n${fields.map(({ field }) => `  ${field}`).join('\n')}\n}`;
}
