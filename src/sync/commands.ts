import type { Complaint } from '../config/complaint.ts';
import type { Config } from '../config/config.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { ApplyStep } from '../plan/apply-order.ts';
import { type ApprovedPlan, onlyApproved } from '../plan/approved-plan.ts';
import { type DriftedChange, findDrift } from '../plan/drift.ts';
import { identityOf, makePlan, type Plan, summaryOf } from '../plan/plan.ts';
import { createWandbClient, type WandbClient } from '../wandb/client.ts';
import { type ApplyReport, applyPlan } from './apply.ts';
import { idToCome, readState, type SyncState } from './state.ts';

/** The commands that the CLI and the Action share. Their errors are complaints for people. */

export interface SyncAccess {
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told of waits and progress. */
  readonly tell: (message: string) => void;
}

export interface SyncOptions {
  /** `owner/name` of the repository that the definitions are in. */
  readonly repository: string;
  readonly prune: boolean;
  readonly maxDeletes: number;
}

export interface Planned {
  readonly plan: Plan;
  readonly world: SyncState;
}

export function connect(access: SyncAccess): WandbClient {
  return createWandbClient({ ...access, log: access.tell });
}

/** Compares what is defined with what exists. Sends no mutation. */
export async function planSync(config: Config, client: WandbClient, options: SyncOptions): Promise<Result<Planned, Complaint[]>> {
  const world = await readState(config, client);
  if (!world.ok) return world;
  const plan = makePlan(world.value.desired, world.value.live, options);
  return ok({ plan: { ...plan, notes: world.value.notes }, world: world.value });
}

/** What was approved: a plan as it was written to a file, or the fingerprint of the whole. */
export type Approval = { readonly plan: ApprovedPlan } | { readonly fingerprint: string } | undefined;

export interface Applied {
  /** What was approved of the plan of now; what was refused is in it. */
  readonly plan: Plan;
  readonly report: ApplyReport;
  readonly created: readonly string[];
}

/** Makes W&B equal to what is defined, as far as it was approved. */
export async function applySync(
  config: Config,
  client: WandbClient,
  options: SyncOptions,
  approval: Approval,
  tell: (step: ApplyStep, number: number, total: number) => void,
): Promise<Result<Applied, Complaint[]>> {
  const planned = await planSync(config, client, options);
  if (!planned.ok) return planned;
  let { plan, world } = planned.value;
  if (approval !== undefined && 'fingerprint' in approval && approval.fingerprint !== plan.fingerprint) {
    const message = `the plan has moved since it was approved: its fingerprint is ${plan.fingerprint}, not ${approval.fingerprint}; plan again, or approve with --plan to apply what has not moved`;
    return err([{ message }]);
  }
  if (approval !== undefined && 'plan' in approval) plan = onlyApproved(plan, approval.plan);
  const created: string[] = [];
  const needed = neededWebhooks(plan, world);
  if (needed.length > 0) {
    const failure = await createWebhooks(config, world, needed, created);
    if (failure !== undefined) return err([{ message: failure }]);
    // The stand-ins for their ids become real ones; what was approved stays approved.
    const again = await planSync(config, client, options);
    if (!again.ok) return again;
    const allowed = new Set(plan.changes.filter(({ action }) => action !== 'refused').map(identityOf));
    const refused = new Map(plan.changes.map((change) => [identityOf(change), change]));
    const changes = again.value.plan.changes.map((change) =>
      allowed.has(identityOf(change)) ? change : (refused.get(identityOf(change)) ?? change),
    );
    plan = { ...again.value.plan, changes, summary: summaryOf(changes) };
    world = again.value.world;
  }
  return ok({ plan, report: await applyPlan(plan, world.live, world.api, tell), created });
}

/** The missing integrations that something uses which is really going to be written. */
function neededWebhooks({ changes }: Plan, { missingWebhooks }: SyncState): SyncState['missingWebhooks'] {
  const ids = changes.flatMap(({ action, input }) => {
    const config = action === 'create' || action === 'update' ? input?.triggeredActionConfig : undefined;
    return config !== undefined && 'genericWebhookActionInput' in config ? [config.genericWebhookActionInput.integrationID] : [];
  });
  return missingWebhooks.filter(({ name }) => ids.includes(idToCome(name)));
}

/** Creates declared webhook integrations; a sentence when one can't be. */
async function createWebhooks(
  config: Config,
  world: SyncState,
  needed: SyncState['missingWebhooks'],
  created: string[],
): Promise<string | undefined> {
  for (const { name, url, access_token_secret, secret } of needed) {
    const result = await world.integrations.createWebhook({
      entityName: config.entity ?? '',
      name,
      urlEndpoint: url,
      accessTokenRef: access_token_secret ?? null,
      secretRef: secret ?? null,
    });
    if (!result.ok && !(await world.integrations.webhook(config.entity ?? '', name)).ok) {
      return `the webhook integration ${name} could not be created: ${result.error.message}`;
    }
    created.push(name);
  }
  return undefined;
}

/** What W&B has become since it was last applied. */
export async function driftSync(
  config: Config,
  client: WandbClient,
  options: SyncOptions,
): Promise<Result<Planned & { readonly drift: readonly DriftedChange[] }, Complaint[]>> {
  const planned = await planSync(config, client, options);
  if (!planned.ok) return planned;
  const { plan, world } = planned.value;
  return ok({ plan, world, drift: findDrift(plan, world.desired, world.live) });
}
