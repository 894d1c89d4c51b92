import type { LiveTrigger } from '../../../src/automation/trigger.ts';
import { type ResolvedNames, triggerInput } from '../../../src/automation/trigger-input.ts';
import type { Config } from '../../../src/config/config.ts';
import { readConfigFiles } from '../../../src/config/config-files.ts';
import type { DefinedTrigger } from '../../../src/plan/definition-view.ts';
import { liveTriggerOf } from '../../../src/wandb/live-trigger.ts';

/** A config of the team acme, from everything below its first lines. */
export function configOf(text: string): Config {
  const config = readConfigFiles([{ name: 'wandb-relay.yaml', text: `version: 1\nentity: acme\n${text}` }]);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return config.value;
}

const TRAIN: ResolvedNames['scope'] = { type: 'PROJECT', id: 'UHJvamVjdDox', description: 'project train' };

/** The one definition of a config, with ids as W&B has them. */
export function definedOf(fields: string, integrationId = 'SW50ZWdyYXRpb246MQ==', scope = TRAIN): DefinedTrigger {
  const [automation] = configOf(`automations:\n  - { name: one, scope: { project: train }, ${fields} }`).automations;
  if (automation === undefined) throw new Error('no automation');
  return { automation, input: triggerInput(automation, { scope, integrationId }), scope };
}

/** The automation that a definition makes, as W&B returns it. */
export function liveOf({ input, automation }: DefinedTrigger, changes: Partial<LiveTrigger> = {}): LiveTrigger {
  const config = input.triggeredActionConfig;
  const webhook = 'genericWebhookActionInput' in config ? config.genericWebhookActionInput : undefined;
  const slack = 'notificationActionInput' in config ? config.notificationActionInput : undefined;
  const name = automation.action.webhook?.integration ?? automation.action.relay?.integration ?? 'relay';
  const live = liveTriggerOf({
    id: 'VHJpZ2dlcjox',
    name: input.name,
    description: input.description,
    enabled: input.enabled,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: null,
    scope: { __typename: 'Project', id: input.scopeID, name: 'train', entityName: 'acme', project: null },
    triggeringCondition: { __typename: 'FilterEventTriggeringCondition', eventType: input.triggeringEventType, filter: input.eventFilter },
    triggeredAction:
      webhook !== undefined
        ? {
            __typename: 'GenericWebhookTriggeredAction',
            integration: { id: webhook.integrationID, name },
            requestPayload: webhook.requestPayload,
          }
        : slack !== undefined
          ? {
              __typename: 'NotificationTriggeredAction',
              integration: { id: slack.integrationID, channelName: automation.action.notification?.slack ?? '' },
              title: slack.title,
              message: slack.message,
              severity: slack.severity,
            }
          : { __typename: 'NoOpTriggeredAction' },
  });
  if (live === undefined) throw new Error('not readable');
  return { ...live, ...changes };
}
