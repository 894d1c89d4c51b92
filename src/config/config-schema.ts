import * as z from 'zod';
import { automationSchema } from '../automation/automation.ts';
import { integrationsSchema } from '../automation/webhook-integration.ts';
import { digestSchema } from '../digest/definition.ts';
import { durationSchema, nameSchema, positiveWhole } from '../lib/schema-words.ts';
import { routeSchema } from '../route/route.ts';
import { ruleTestSchema } from './rule-test-schema.ts';

/** The schema of a config file, version 1. Types, checks and the JSON Schema for editors are derived from it. */

const settingsSchema = z.strictObject({
  dedupe_window: durationSchema
    .optional()
    .describe('An identical body within this time is a duplicate, except of events of type unknown; default 30s'),
  retry_for: durationSchema.optional().describe('How long a delivery is tried; default 3d'),
  github_writes_per_second: z
    .number()
    .positive('must be positive')
    .max(100, 'must be at most 100')
    .optional()
    .describe('Per credential; default 3'),
  max_body_bytes: positiveWhole
    .max(10_485_760, 'must be at most 10485760')
    .optional()
    .describe('Largest body of a webhook; default 262144'),
  slack_users: z
    .record(z.string(), z.string().regex(/^[UW][A-Z0-9]{2,}$/, 'must be the id of a Slack user, such as U012ABC'))
    .optional()
    .describe('Which Slack user a W&B user is: { ada: U012ABC }'),
  slack_operators: z
    .array(z.string().regex(/^[UWS][A-Z0-9]{2,}$/, 'must be the id of a Slack user (U012ABC) or user group (S012ABC)'))
    .min(1, 'must list at least one id')
    .optional()
    .describe('Slack users or user groups that may dispatch again and mute; default: everyone of the organization'),
  slack_unfurl: z.boolean().optional().describe('Add what is known about runs and versions to links to W&B in channels; default false'),
  commit_status: z
    .boolean()
    .optional()
    .describe('Write how the workflow ended to the commit that the W&B run was trained from; default false'),
});

const namespaceSchema = nameSchema.describe(
  "Names the set of automations that this config owns; default: the config file's path in the repository, of several files their common folder",
);
/** Encrypted, or on this machine; without a user, whom `fetch` refuses in an address. */
function isSafeAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname));
}

const addressSchema = z.string().refine(isSafeAddress, 'must be a URL that begins with https://, without a user and a password in it');
const alertsSchema = z
  .strictObject({
    slack: z
      .string()
      .min(1, 'must not be empty')
      .optional()
      .describe(
        'The channel of problems of the relay itself, of failures that no channel of their route shows, and of questions that could not be asked',
      ),
    webhook: addressSchema
      .optional()
      .describe('Gets problems of the relay itself by POST, signed with RELAY_ALERT_WEBHOOK_SECRET (Standard Webhooks)'),
    heartbeat: addressSchema.optional().describe('Is called once a minute while the receiver works'),
    undelivered_after: durationSchema.optional().describe('When something that was not sent is an alert; default 15m'),
  })
  .refine(
    ({ slack, webhook, heartbeat }) => (slack ?? webhook ?? heartbeat) !== undefined,
    'names nobody who hears of them: add slack, webhook or heartbeat',
  );

export const configSchema = z.strictObject({
  version: z.literal(1),
  namespace: namespaceSchema.optional(),
  entity: nameSchema.optional().describe('The team: default of every scope and integration'),
  organization: nameSchema.optional().describe('Only for registries; found from the team when left out'),
  integrations: integrationsSchema.optional(),
  automations: z.array(automationSchema).optional(),
  routes: z.array(routeSchema).optional(),
  digests: z.array(digestSchema).optional(),
  tests: z.array(ruleTestSchema).optional(),
  settings: settingsSchema.optional(),
  alerts: alertsSchema
    .optional()
    .describe('Who hears of problems of the relay itself, and of failures that no channel of their route shows'),
});

export type ConfigContent = z.infer<typeof configSchema>;
