import type { z } from 'zod';
import type { automationSchema } from '../automation/automation.ts';
import type { configSchema } from '../config/config-schema.ts';
import type { ScopedEvent } from './events.ts';

/** Actions, automations and whole configs, for the TypeScript builders. What they make is plain JSON, as in YAML. */

export type AutomationDefinition = z.input<typeof automationSchema>;
export type ConfigDefinition = z.input<typeof configSchema>;
type Action = AutomationDefinition['action'];
type ActionFields<K extends keyof Action> = NonNullable<Action[K]>;

/** A message in a Slack channel of the team. Without a title, a message or a severity W&B gets the client's defaults: no text, INFO. */
export function sendNotification(fields: ActionFields<'notification'>): Action {
  return { notification: present(fields) };
}

/**
 * A request to a webhook integration of the team. `payload: null` sends none, which is the W&B client's default; a payload
 * that is left out is the relay payload, as in YAML.
 */
export function sendWebhook(fields: ActionFields<'webhook'>): Action {
  return { webhook: present(fields) };
}

export function doNothing(): Action {
  return { no_op: {} };
}

/** A request to the receiver, and what the receiver does with it. */
export function relay(fields: ActionFields<'relay'>): Action {
  return { relay: present(fields) };
}

export interface AutomationFields {
  readonly name: string;
  readonly event: ScopedEvent;
  readonly action: Action;
  readonly description?: string;
  readonly enabled?: boolean;
  /** Names the automation for good; default: its name. */
  readonly key?: string;
  /** The name that it had. */
  readonly movedFrom?: string;
  /** Take over an automation of this name that somebody else made. */
  readonly adopt?: boolean;
  readonly engine?: 'wandb' | 'relay';
}

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

/** A whole config file: `export default config({ entity: 'acme', automations: [ … ] })`. */
export function config(fields: Omit<ConfigDefinition, 'version'>): ConfigDefinition {
  return { version: 1, ...present(fields) };
}

/** JSON has no `undefined`. */
function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
