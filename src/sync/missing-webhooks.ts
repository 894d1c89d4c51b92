import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import { type Plan, type PlannedChange, summaryOf } from '../plan/plan.ts';
import type { Integrations } from '../wandb/integrations.ts';
import { sendOnce } from './send-once.ts';
import { placeholderId, type SyncState } from './state.ts';

/** Webhook integrations that a config declares and that do not exist yet. */

export interface CreatedWebhooks {
  /** Their names. */
  readonly created: readonly string[];
  /** Why the others could not be created, by name. */
  readonly failed: ReadonlyMap<string, string>;
}

/** The missing integrations that a change of this plan uses. */
export function neededWebhooks({ changes }: Plan, { missingWebhooks }: SyncState): WebhookIntegration[] {
  const ids = new Set(changes.filter(({ action }) => action === 'create' || action === 'update').map(integrationIdOf));
  return missingWebhooks.filter(({ name }) => ids.has(placeholderId(name)));
}

/** Creates each of them once. One that cannot be created does not stop the others. */
export async function createWebhooks(
  entityName: string,
  integrations: Integrations,
  needed: readonly WebhookIntegration[],
  pause: (attempt: number) => Promise<void>,
): Promise<CreatedWebhooks> {
  const created: string[] = [];
  const failed = new Map<string, string>();
  for (const { name, url, access_token_secret, secret } of needed) {
    const input = {
      entityName,
      name,
      urlEndpoint: url,
      accessTokenRef: access_token_secret ?? null,
      secretRef: secret ?? null,
    };
    const error = await sendOnce(
      {
        send: () => integrations.createWebhook(input),
        isDone: async () => {
          const listed = await integrations.webhooks(entityName);
          return listed.ok ? { ok: true, value: listed.value.some((one) => one.name === name) } : listed;
        },
      },
      pause,
    );
    if (error === undefined) created.push(name);
    else failed.set(name, error.message);
  }
  return { created, failed };
}

/** The plan, in which the changes are refused that use an integration that could not be created. */
export function withoutWebhooks(plan: Plan, failed: ReadonlyMap<string, string>): Plan {
  if (failed.size === 0) return plan;
  const reasons = new Map(
    [...failed].map(([name, why]) => [placeholderId(name), `the webhook integration ${name} could not be created: ${why}`]),
  );
  const changes = plan.changes.map((change): PlannedChange => {
    const reason = reasons.get(integrationIdOf(change) ?? '');
    return reason === undefined || (change.action !== 'create' && change.action !== 'update')
      ? change
      : { ...change, action: 'refused', reason };
  });
  return { ...plan, changes, summary: summaryOf(changes) };
}

function integrationIdOf({ input }: PlannedChange): string | undefined {
  const config = input?.triggeredActionConfig;
  return config !== undefined && 'genericWebhookActionInput' in config ? config.genericWebhookActionInput.integrationID : undefined;
}
