import { triggeringEventType } from '../automation/event-filter.ts';
import type { LiveTrigger, TriggerScope } from '../automation/trigger.ts';
import { integrationOf, triggerInput } from '../automation/trigger-input.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import type { Config } from '../config/config.ts';
import { type Diagnostic, failure } from '../lib/diagnostic.ts';
import type { JsonObject } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { DesiredTrigger } from '../plan/desired-trigger.ts';
import type { WandbClient } from '../wandb/client.ts';
import { entityScopeAllowed, readFeatures } from '../wandb/feature-lookup.ts';
import { type ServerFeatures, supports } from '../wandb/features.ts';
import { type Integrations, wandbIntegrations } from '../wandb/integrations.ts';
import { runEvaluationNotes } from '../wandb/run-evaluation.ts';
import { resolveScopes } from '../wandb/scopes.ts';
import { createTrigger, deleteTrigger, listTriggers, type TriggerOwners, updateTrigger } from '../wandb/triggers.ts';
import type { WandbError } from '../wandb/wandb-error.ts';
import type { TriggerApi } from './apply.ts';
import { expandCollections, type SingleAutomation } from './expand-collections.ts';

/** The two sides that a sync compares: the definitions, with every name resolved, and the automations at W&B. */
export interface SyncState {
  readonly desired: readonly DesiredTrigger[];
  readonly live: readonly LiveTrigger[];
  /** Automations at W&B that this version cannot read, for people. */
  readonly unreadable: readonly string[];
  /** Webhook integrations that are declared and used, and do not exist yet. */
  readonly missingWebhooks: readonly WebhookIntegration[];
  /** Notes about integrations, for people. */
  readonly notes: readonly string[];
  readonly owners: TriggerOwners;
  readonly api: TriggerApi;
  readonly integrations: Integrations;
}

/** A placeholder id, for an integration that `apply` will create. No real integration has it. */
export function placeholderId(name: string): string {
  return `(to be created: ${name})`;
}

/**
 * Resolves the names in a config and lists the automations at W&B. Sends no mutation.
 *
 * @returns one diagnostic for each scope, event or action that W&B does not have, at its line; or the reason why W&B could
 * not be asked
 */
export async function readState(config: Config, client: WandbClient): Promise<Result<SyncState, Diagnostic[]>> {
  const { entity, organization, automations: all } = config;
  if (entity === undefined) return failure('the config has no "entity": set it to the team that owns the automations');
  const expanded = await expandCollections(
    all.filter((automation) => automation.engine !== 'relay'),
    config,
    client,
  );
  if (!expanded.ok) return expanded;
  const { automations } = expanded.value;
  const features = await readFeatures(client);
  if (!features.ok) return failure(features.error.message);
  const resolved = await resolveScopes(
    client,
    automations.map(({ scope }) => scope),
    entity,
    organization,
  );
  if (!resolved.ok) return failure(resolved.error.message);
  const { owners } = resolved.value;
  const listed = await listTriggers(client, features.value, owners);
  if (!listed.ok) return failure(listed.error.message);

  const home = owners.organizations[0]?.name;
  const hasEntityScope = resolved.value.scopes.some((scope) => scope.ok && scope.value.type === 'ENTITY');
  const allowed = hasEntityScope && home !== undefined ? await entityScopeAllowed(client, features.value, home) : ok(true);
  if (!allowed.ok) return failure(allowed.error.message);
  const integrations = wandbIntegrations(client);
  const errors: Diagnostic[] = [];
  const desired: DesiredTrigger[] = [];
  const missing = new Map<string, WebhookIntegration>();
  for (const [i, automation] of automations.entries()) {
    const addError = (field: 'scope' | 'action' | 'event', why: string) => {
      errors.push(config.locator.at([...automation.path, field], `automation "${automation.name}": ${why}`));
    };
    const scope = resolved.value.scopes[i];
    const integration = await findIntegration(automation, entity, config, integrations, missing);
    if (scope?.ok === false) addError('scope', scope.error.message);
    if (!integration.ok) addError('action', integration.error.message);
    const unsupported = unsupportedBy(features.value, automation, scope?.ok ? scope.value : undefined);
    if (unsupported !== undefined) addError('event', unsupported);
    if (scope?.ok && scope.value.type === 'ENTITY' && !allowed.value && unsupported === undefined) {
      addError(
        'scope',
        `automations on a whole team or organization are off for the organization ${home}: ask W&B to switch them on, or use projects as scopes`,
      );
    }
    if (scope?.ok && integration.ok) desired.push(desiredOf(automation, config, scope.value, integration.value));
  }
  if (errors.length > 0) return err(errors);
  const list = async (): Promise<Result<readonly LiveTrigger[], WandbError>> => {
    const again = await listTriggers(client, features.value, owners);
    return again.ok ? ok(again.value.triggers) : again;
  };
  return ok({
    desired,
    live: listed.value.triggers,
    unreadable: listed.value.unreadable.map(({ name }) => `${name} (on a kind of scope that this version does not know)`),
    missingWebhooks: [...missing.values()],
    notes: [
      ...expanded.value.notes,
      ...runEvaluationNotes(automations, client.baseUrl),
      ...(await integrationNotes(config, entity, integrations, [...missing.values()])),
    ],
    owners,
    integrations,
    api: {
      list,
      create: (input) => createTrigger(client, features.value, input),
      update: (id, input) => updateTrigger(client, features.value, id, input),
      delete: (id) => deleteTrigger(client, id),
      pause: client.backOff,
    },
  });
}

function desiredOf(automation: SingleAutomation, config: Config, scope: TriggerScope, integrationId: string | undefined): DesiredTrigger {
  return {
    key: automation.key ?? automation.name,
    movedFrom: automation.moved_from,
    adopt: automation.adopt ?? false,
    input: triggerInput(automation, { scope, integrationId }),
    scope,
    integration: declaredWebhook(automation, config),
    automation,
    location: automation.location,
  };
}

/** The webhook integration that an action uses, if the config declares it. */
function declaredWebhook(automation: SingleAutomation, { integrations }: Config): JsonObject | undefined {
  const wanted = integrationOf(automation);
  const declared = wanted?.kind === 'webhook' ? integrations.webhooks.find(({ name }) => name === wanted.name) : undefined;
  if (declared === undefined) return undefined;
  const { name, url, access_token_secret: token = null, secret = null } = declared;
  return { name, url, access_token_secret: token, secret };
}

/** The id of the integration that an action uses. One that is declared and missing gets a placeholder. */
async function findIntegration(
  automation: SingleAutomation,
  entity: string,
  config: Config,
  integrations: Integrations,
  missing: Map<string, WebhookIntegration>,
): Promise<Result<string | undefined, WandbError>> {
  const wanted = integrationOf(automation);
  if (wanted === undefined) return ok(undefined);
  if (wanted.kind === 'slack') return integrations.slack(entity, wanted.name);
  const found = await integrations.webhook(entity, wanted.name);
  const declared = config.integrations.webhooks.find(({ name }) => name === wanted.name);
  if (found.ok || declared === undefined || found.error.kind !== 'not_found') return found;
  missing.set(declared.name, declared);
  return ok(placeholderId(declared.name));
}

/** What `apply` will create, and what differs and has to be changed in the app: W&B has no mutation for it. */
async function integrationNotes(
  config: Config,
  entity: string,
  integrations: Integrations,
  missing: readonly WebhookIntegration[],
): Promise<string[]> {
  const notes = missing.map(({ name, url }) => `the webhook integration ${name} will be created, for ${url}`);
  if (config.integrations.webhooks.length === 0) return notes;
  const existing = await integrations.webhooks(entity);
  for (const { name, url } of config.integrations.webhooks) {
    const found = existing.ok ? existing.value.find((one) => one.name === name) : undefined;
    if (found !== undefined && found.urlEndpoint !== url) {
      notes.push(
        `the webhook integration ${name} points to ${found.urlEndpoint}, not to ${url}: change it in the app, under Team settings`,
      );
    }
  }
  return notes;
}

/** Why this server cannot have the automation, or `undefined`. */
function unsupportedBy(features: ServerFeatures, automation: SingleAutomation, scope: TriggerScope | undefined): string | undefined {
  if (scope === undefined) return undefined;
  if (!supports(features, { event: triggeringEventType(automation) })) {
    return `this W&B server is too old for the event ${Object.keys(automation.event)[0]}: update the server`;
  }
  if (!supports(features, { scope: scope.type }))
    return `this W&B server is too old for automations on ${scope.description}: update the server`;
  return undefined;
}
