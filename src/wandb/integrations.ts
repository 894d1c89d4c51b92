import * as z from 'zod';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { CREATE_WEBHOOK_INTEGRATION, ENTITY_INTEGRATIONS } from './documents.ts';
import { missingNameError } from './missing-name.ts';
import { allPages, pageOf } from './paging.ts';
import type { WandbError } from './wandb-error.ts';

export interface SlackIntegration {
  readonly id: string;
  /** As W&B has it, usually with `#`. */
  readonly channelName: string;
  /** The Slack workspace. */
  readonly teamName: string;
}

export interface WebhookIntegration {
  readonly id: string;
  readonly name: string;
  readonly urlEndpoint: string;
}

/** What `createGenericWebhookIntegration` takes. The two references are the names of secrets of the team, never their values. */
export interface WebhookIntegrationInput {
  readonly entityName: string;
  readonly name: string;
  readonly urlEndpoint: string;
  readonly accessTokenRef?: string | null;
  readonly secretRef?: string | null;
}

/** The integrations of any number of entities. Each entity is listed once, on first use. */
export interface Integrations {
  /**
   * The id of the Slack integration that posts to a channel: `#channel`, also without `#`, or `workspace/#channel`, which is
   * needed where several workspaces have the channel.
   */
  slack(entity: string, channel: string): Promise<Result<string, WandbError>>;
  /** The name by which `slack` finds each Slack integration of an entity, by id: with its workspace only where that is needed. */
  slackNames(entity: string): Promise<Result<ReadonlyMap<string, string>, WandbError>>;
  /** The id of a webhook integration. */
  webhook(entity: string, name: string): Promise<Result<string, WandbError>>;
  /** All webhook integrations of an entity. */
  webhooks(entity: string): Promise<Result<readonly WebhookIntegration[], WandbError>>;
  /** Creates a webhook integration. `webhook` finds it from then on. `conflict`: the name is taken. `unclear`: list to see. */
  createWebhook(input: WebhookIntegrationInput): Promise<Result<WebhookIntegration, WandbError>>;
}

interface EntityIntegrations {
  readonly slack: readonly SlackIntegration[];
  readonly webhooks: readonly WebhookIntegration[];
}

const PER_PAGE = 100;

const integrationShape = z.object({
  __typename: z.string(),
  id: z.string().nullish(),
  name: z.string().nullish(),
  urlEndpoint: z.string().nullish(),
  channelName: z.string().nullish(),
  teamName: z.string().nullish(),
});
type IntegrationAnswer = z.infer<typeof integrationShape>;

const listingShape = z.object({ entity: z.object({ integrations: pageOf(integrationShape).nullish() }).nullish() });
const createdShape = z.object({
  createGenericWebhookIntegration: z.object({ integration: integrationShape.nullish() }).nullish(),
});

/** The integrations that this client's key can see. Errors name those that exist. The lists are cached in the returned object. */
export function wandbIntegrations(client: WandbClient): Integrations {
  const cache = new Map<string, Promise<Result<EntityIntegrations, WandbError>>>();

  function listed(entity: string): Promise<Result<EntityIntegrations, WandbError>> {
    const known = cache.get(entity);
    if (known !== undefined) return known;
    const listing = listIntegrations(client, entity);
    cache.set(entity, listing);
    return listing;
  }

  return {
    slack: async (entity, channel) => {
      const all = await listed(entity);
      return all.ok ? slackIn(all.value.slack, entity, channel) : all;
    },
    slackNames: async (entity) => {
      const all = await listed(entity);
      return all.ok ? ok(new Map(all.value.slack.map((one) => [one.id, slackName(one, all.value.slack)]))) : all;
    },
    webhook: async (entity, name) => {
      const all = await listed(entity);
      return all.ok ? webhookIn(all.value.webhooks, entity, name) : all;
    },
    webhooks: async (entity) => {
      const all = await listed(entity);
      return all.ok ? ok(all.value.webhooks) : all;
    },
    createWebhook: async (input) => {
      const created = await createWebhookIntegration(client, input);
      // Also after an unclear response: the cached list may be outdated.
      cache.delete(input.entityName);
      return created;
    },
  };
}

/** Creates a webhook integration. It is sent once and never retried after an unclear response. */
export async function createWebhookIntegration(
  client: WandbClient,
  input: WebhookIntegrationInput,
): Promise<Result<WebhookIntegration, WandbError>> {
  const { entityName, name, urlEndpoint, accessTokenRef = null, secretRef = null } = input;
  const variables = { input: { entityName, name, urlEndpoint, accessTokenRef, secretRef } };
  const answer = await client.mutate(CREATE_WEBHOOK_INTEGRATION, variables, createdShape);
  if (!answer.ok) return answer;
  const integration = answer.value.createGenericWebhookIntegration?.integration;
  const webhook = integration === undefined || integration === null ? undefined : webhookOf(integration);
  return webhook === undefined
    ? err({
        kind: 'unclear',
        status: 200,
        message: `W&B responded without the new webhook integration ${name}: check at W&B whether it was created`,
      })
    : ok(webhook);
}

async function listIntegrations(client: WandbClient, entity: string): Promise<Result<EntityIntegrations, WandbError>> {
  let found = true;
  const all = await allPages(async (after) => {
    const answer = await client.query(ENTITY_INTEGRATIONS, { entity, first: PER_PAGE, after }, listingShape);
    if (!answer.ok) return answer;
    found = answer.value.entity !== null && answer.value.entity !== undefined;
    return ok(answer.value.entity?.integrations ?? { pageInfo: { hasNextPage: false }, edges: [] });
  });
  if (!all.ok) return all;
  if (!found) return err({ kind: 'not_found', status: null, message: `no team ${entity} that the API key can see` });
  return ok({
    slack: all.value.map(slackOf).filter((integration) => integration !== undefined),
    webhooks: all.value.map(webhookOf).filter((integration) => integration !== undefined),
  });
}

function slackOf({ __typename, id, channelName, teamName }: IntegrationAnswer): SlackIntegration | undefined {
  if (__typename !== 'SlackIntegration' || typeof id !== 'string' || typeof channelName !== 'string') return undefined;
  return { id, channelName, teamName: teamName ?? '' };
}

function webhookOf({ __typename, id, name, urlEndpoint }: IntegrationAnswer): WebhookIntegration | undefined {
  if (__typename !== 'GenericWebhookIntegration' || typeof id !== 'string' || typeof name !== 'string') return undefined;
  return { id, name, urlEndpoint: urlEndpoint ?? '' };
}

function slackIn(all: readonly SlackIntegration[], entity: string, written: string): Result<string, WandbError> {
  const { workspace, channel: wanted } = readChannel(written);
  const inChannel = all.filter((integration) => hashed(integration.channelName) === wanted);
  const matching = workspace === undefined ? inChannel : inChannel.filter((integration) => integration.teamName === workspace);
  const [first] = matching;
  if (first === undefined) {
    const name = workspace === undefined ? wanted : `${workspace}/${wanted}`;
    const known = all.map((one) => (workspace === undefined ? slackName(one, all) : `${one.teamName}/${hashed(one.channelName)}`));
    return missingNameError('Slack channel', name, `in team ${entity}`, known);
  }
  const workspaces = [...new Set(matching.map((integration) => integration.teamName))];
  if (workspaces.length > 1) {
    const choices = workspaces.map((name) => JSON.stringify(`${name}/${wanted}`)).join(' or ');
    const message = `team ${entity} has a Slack integration for ${wanted} in several workspaces (${workspaces.join(', ')}): write ${choices}`;
    return err({ kind: 'invalid', status: null, message });
  }
  return ok(first.id);
}

/** `Acme/#ml-alerts`: a channel's name has no slash. */
function readChannel(written: string): { readonly workspace: string | undefined; readonly channel: string } {
  const slash = written.lastIndexOf('/');
  return slash < 0
    ? { workspace: undefined, channel: hashed(written) }
    : { workspace: written.slice(0, slash), channel: hashed(written.slice(slash + 1)) };
}

function slackName({ channelName, teamName }: SlackIntegration, all: readonly SlackIntegration[]): string {
  const channel = hashed(channelName);
  const isShared = all.some((other) => hashed(other.channelName) === channel && other.teamName !== teamName);
  return isShared ? `${teamName}/${channel}` : channel;
}

function webhookIn(all: readonly WebhookIntegration[], entity: string, name: string): Result<string, WandbError> {
  const webhook = all.find((integration) => integration.name === name);
  if (webhook !== undefined) return ok(webhook.id);
  return missingNameError(
    'webhook integration',
    name,
    `in team ${entity}`,
    all.map((integration) => integration.name),
  );
}

/** A channel with its `#`. A direct message keeps its `@name`. */
function hashed(channel: string): string {
  return channel.startsWith('#') || channel.startsWith('@') ? channel : `#${channel}`;
}
