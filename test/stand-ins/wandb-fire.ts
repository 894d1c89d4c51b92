import { signBody } from '../../src/lib/signature.ts';
import { entityOfScope, type WandbWorld, type WorldScope, type WorldTrigger } from './wandb-world.ts';

export interface FiredWebhook {
  /** The bytes that were sent. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly answer: string;
}

/**
 * Does what W&B does when an automation with a webhook action fires (W&B documentation, "Payload variables"): puts values in
 * the place of `${variables}`, signs the bytes with the integration's secret, and posts them. A variable without a value
 * becomes blank. Values are escaped for JSON, which W&B does not promise: `rawValues` leaves that out.
 */
export async function fireWebhook(
  world: WandbWorld,
  triggerId: string,
  values: Readonly<Record<string, string>> = {},
  options: { readonly rawValues?: boolean } = {},
): Promise<FiredWebhook> {
  const trigger = world.triggers.find((known) => known.id === triggerId);
  if (trigger === undefined || trigger.scope === null) throw new Error(`the stand-in has no automation ${triggerId} to fire`);
  if (!trigger.enabled) throw new Error(`automation ${trigger.name} is switched off: W&B would not fire it`);
  const { action } = trigger;
  if (action.__typename !== 'GenericWebhookTriggeredAction') throw new Error(`automation ${trigger.name} has no webhook action`);
  const integration = world.integrations.find((known) => known.id === action.integrationID);
  if (integration?.__typename !== 'GenericWebhookIntegration') throw new Error(`automation ${trigger.name}: its integration is gone`);
  const secretOf = (ref: string | null) => (ref === null ? undefined : integration.entity.secrets.get(ref));
  const token = secretOf(integration.accessTokenRef);
  const secret = secretOf(integration.secretRef);
  const known: Record<string, string> = {
    ...variablesOf(trigger, trigger.scope),
    ...(token === undefined ? {} : { ACCESS_TOKEN: token }),
    ...(secret === undefined || integration.secretRef === null ? {} : { [integration.secretRef]: secret }),
    ...values,
  };
  const body = (action.requestPayload ?? '{}').replace(/\$\{([\w.]+)\}/g, (_whole, name: string) => {
    const value = known[name] ?? '';
    return options.rawValues === true ? value : JSON.stringify(value).slice(1, -1);
  });
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(secret === undefined ? {} : { 'x-wandb-signature': signBody(body, secret, 'base64') }),
  };
  const response = await fetch(integration.urlEndpoint, { method: 'POST', headers, body });
  return { body, headers, status: response.status, answer: await response.text() };
}

/** What follows from the automation itself. */
function variablesOf(trigger: WorldTrigger, scope: WorldScope): Record<string, string> {
  const project = scope.kind === 'project' ? scope : scope.kind === 'collection' ? scope.project : undefined;
  return {
    event_type: trigger.eventType === 'LINK_MODEL' ? 'LINK_ARTIFACT' : trigger.eventType,
    event_author: 'ada',
    automation_name: trigger.name,
    entity_name: entityOfScope(scope).name,
    ...(project === undefined ? {} : { project_name: project.name }),
    ...(scope.kind === 'collection' ? { artifact_collection_name: scope.name } : {}),
  };
}
