import type { Automation } from '../automation/automation.ts';
import { triggeringEventType } from '../automation/event-filter.ts';
import type { LiveTrigger, TriggerScope } from '../automation/trigger.ts';
import { integrationOf, triggerInput } from '../automation/trigger-input.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import type { Complaint } from '../config/complaint.ts';
import type { Config } from '../config/config.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { DesiredTrigger } from '../plan/plan.ts';
import type { WandbClient } from '../wandb/client.ts';
import { entityScopeAllowed, readFeatures } from '../wandb/feature-lookup.ts';
import { type ServerFeatures, supports } from '../wandb/features.ts';
import { type Integrations, wandbIntegrations } from '../wandb/integrations.ts';
import { resolveScopes } from '../wandb/scopes.ts';
import { createTrigger, deleteTrigger, listTriggers, type TriggerPlaces, updateTrigger } from '../wandb/triggers.ts';
import type { WandbError } from '../wandb/wandb-error.ts';
import type { TriggerApi } from './apply.ts';

/** What is defined, with every name looked up, and what exists. */
export interface SyncState {
  readonly desired: readonly DesiredTrigger[];
  readonly live: readonly LiveTrigger[];
  /** Automations that exist and cannot be described, in words. */
  readonly unreadable: readonly string[];
  /** Webhook integrations that are declared, used, and not there yet. */
  readonly missingWebhooks: readonly WebhookIntegration[];
  /** What people should know about integrations. */
  readonly notes: readonly string[];
  readonly places: TriggerPlaces;
  readonly api: TriggerApi;
  readonly integrations: Integrations;
}

/** An id that no integration has: it stands for one that applying will create. */
export function idToCome(name: string): string {
  return `(to be created: ${name})`;
}

/**
 * Looks up what a config names and lists what exists. One problem for each definition that names something that is not
 * there, each with its place in the file.
 */
export async function readState(config: Config, client: WandbClient): Promise<Result<SyncState, Complaint[]>> {
  const { entity, organization, automations: all } = config;
  if (entity === undefined) return err([{ message: 'the config has no "entity": it names the team whose automations these are' }]);
  const automations = all.filter((automation) => automation.engine !== 'relay');
  const features = await readFeatures(client);
  if (!features.ok) return err([{ message: features.error.message }]);
  const resolved = await resolveScopes(
    client,
    automations.map(({ scope }) => scope),
    entity,
    organization,
  );
  if (!resolved.ok) return err([{ message: resolved.error.message }]);
  const { places } = resolved.value;
  const listed = await listTriggers(client, features.value, places);
  if (!listed.ok) return err([{ message: listed.error.message }]);

  const home = places.organizations[0]?.name;
  const hasEntityScope = resolved.value.scopes.some((scope) => scope.ok && scope.value.type === 'ENTITY');
  const allowed = hasEntityScope && home !== undefined ? await entityScopeAllowed(client, features.value, home) : ok(true);
  if (!allowed.ok) return err([{ message: allowed.error.message }]);
  const integrations = wandbIntegrations(client);
  const problems: Complaint[] = [];
  const desired: DesiredTrigger[] = [];
  const missing = new Map<string, WebhookIntegration>();
  for (const [i, automation] of automations.entries()) {
    const place = config.automationPlaces[all.indexOf(automation)];
    const complain = (field: string, why: string) => {
      const message = `automation "${automation.name}": ${field}: ${why}`;
      problems.push(place === undefined ? { message } : { place, message });
    };
    const scope = resolved.value.scopes[i];
    const integration = await findIntegration(automation, entity, config, integrations, missing);
    if (scope?.ok === false) complain('scope', scope.error.message);
    if (!integration.ok) complain('action', integration.error.message);
    const unsupported = unsupportedBy(features.value, automation, scope?.ok ? scope.value : undefined);
    if (unsupported !== undefined) complain('event', unsupported);
    if (scope?.ok && scope.value.type === 'ENTITY' && !allowed.value && unsupported === undefined) {
      complain(
        'scope',
        `the organization ${home} has not switched on automations on a whole team or organization: ask W&B, or use projects`,
      );
    }
    if (scope?.ok && integration.ok) desired.push(desiredOf(automation, scope.value, integration.value));
  }
  if (problems.length > 0) return err(problems);
  const list = async (): Promise<Result<readonly LiveTrigger[], WandbError>> => {
    const again = await listTriggers(client, features.value, places);
    return again.ok ? ok(again.value.triggers) : again;
  };
  return ok({
    desired,
    live: listed.value.triggers,
    unreadable: listed.value.unreadable.map(({ name, scopeKind }) => `${name} (on ${scopeKind})`),
    missingWebhooks: [...missing.values()],
    notes: await integrationNotes(config, entity, integrations, [...missing.values()]),
    places,
    integrations,
    api: {
      list,
      create: (input) => createTrigger(client, features.value, input),
      update: (id, input) => updateTrigger(client, features.value, id, input),
      delete: (id) => deleteTrigger(client, id),
    },
  });
}

function desiredOf(automation: Automation, scope: TriggerScope, integrationId: string | undefined): DesiredTrigger {
  return {
    key: automation.key ?? automation.name,
    movedFrom: automation.moved_from,
    adopt: automation.adopt ?? false,
    input: triggerInput(automation, { scope, integrationId }),
    scope,
  };
}

/** The id of the integration that an action uses; one that is declared and missing gets a stand-in. */
async function findIntegration(
  automation: Automation,
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
  return ok(idToCome(declared.name));
}

/** What applying creates, and what differs and cannot be changed through the API: W&B has no mutation for it. */
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

/** What this server cannot do, said before it refuses. */
function unsupportedBy(features: ServerFeatures, automation: Automation, scope: TriggerScope | undefined): string | undefined {
  if (scope === undefined) return undefined;
  if (!supports(features, { event: triggeringEventType(automation) })) {
    return `this W&B server does not know the event ${Object.keys(automation.event)[0]}: a newer server does`;
  }
  if (!supports(features, { scope: scope.type })) return `this W&B server has no automations on ${scope.description}: a newer server has`;
  return undefined;
}
