import type { z } from 'zod';
import type { automationSchema } from '../automation/automation.ts';
import type { configSchema } from '../config/config-schema.ts';
import type { ScopedEvent } from './events.ts';

/** Actions, automations and whole configs for the TypeScript builders. They return plain JSON, the same as in YAML. */

export type AutomationDefinition = z.input<typeof automationSchema>;
export type ConfigDefinition = z.input<typeof configSchema>;
type Action = AutomationDefinition['action'];
type ActionFields<K extends keyof Action> = NonNullable<Action[K]>;

/**
 * A message in a Slack channel of the team. The defaults are those of W&B's client: no title, no message, severity INFO.
 *
 * @example
 * sendNotification({ slack: '#ml-alerts', title: 'Loss is rising', severity: 'warn' })
 */
export function sendNotification(fields: ActionFields<'notification'>): Action {
  return { notification: present(fields) };
}

/**
 * A request to a webhook integration of the team. Without a payload it sends the relay payload, as in YAML. `payload: null`
 * sends none, which is the default of W&B's client.
 *
 * @example
 * sendWebhook({ integration: 'ci', payload: { model: '${artifact_collection_name}' } })
 */
export function sendWebhook(fields: ActionFields<'webhook'>): Action {
  return { webhook: present(fields) };
}

/**
 * No action: the automation only shows in W&B's history.
 *
 * @example
 * automation({ name: 'watch', event: onLinkArtifact(registry('model')), action: doNothing() })
 */
export function doNothing(): Action {
  return { no_op: {} };
}

/**
 * A request to the receiver, and where the receiver delivers it.
 *
 * @example
 * relay({ to: [{ repository_dispatch: { repository: 'acme/deploy', event_type: 'model-ready' } }] })
 */
export function relay(fields: ActionFields<'relay'>): Action {
  return { relay: present(fields) };
}

export interface AutomationFields {
  readonly name: string;
  readonly event: ScopedEvent;
  readonly action: Action;
  readonly description?: string;
  readonly enabled?: boolean;
  /** Identifies the automation, also after a rename; default: its name. */
  readonly key?: string;
  /** Its earlier name, for a rename without deleting and creating. */
  readonly movedFrom?: string;
  /** Take over an automation of this name: one that nobody manages, or one of another repository. Default false. */
  readonly adopt?: boolean | { readonly from: string };
  readonly engine?: 'wandb' | 'relay';
}

/**
 * One automation.
 *
 * @example
 * automation({
 *   name: 'deploy-production',
 *   event: onAddArtifactAlias(collection(registry('model'), 'resnet50'), artifactEvent.alias.eq('production')),
 *   action: relay({ to: [{ repository_dispatch: { repository: 'acme/deploy', event_type: 'model-ready' } }] }),
 * })
 */
export function automation({ name, event, action, movedFrom, ...more }: AutomationFields): AutomationDefinition {
  return {
    name,
    ...present(more),
    ...(movedFrom === undefined ? {} : { moved_from: movedFrom }),
    scope: { ...event.scope },
    event: event.event as AutomationDefinition['event'],
    ...(event.runs === undefined ? {} : { runs: event.runs as AutomationDefinition['runs'] }),
    action,
  };
}

/**
 * A whole config file. It has to be the default export.
 *
 * @example
 * export default config({ entity: 'acme', automations: [deployProduction] });
 */
export function config(fields: Omit<ConfigDefinition, 'version'>): ConfigDefinition {
  return { version: 1, ...present(fields) };
}

/** Without undefined fields: JSON has no `undefined`. */
function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
