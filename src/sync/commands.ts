import type { Config } from '../config/config.ts';
import { type Diagnostic, failure } from '../lib/diagnostic.ts';
import { ok, type Result } from '../lib/result.ts';
import type { ApplyStep } from '../plan/apply-order.ts';
import { type ApprovedPlan, onlyApproved } from '../plan/approved-plan.ts';
import { type DriftedChange, findDrift } from '../plan/drift.ts';
import { identityOf, makePlan, type Plan, summaryOf } from '../plan/plan.ts';
import { type BaseConfig, planRoutes } from '../plan/route-plan.ts';
import { createWandbClient, type WandbClient } from '../wandb/client.ts';
import { type ApplyReport, applyPlan } from './apply.ts';
import { placeholderId, readState, type SyncState } from './state.ts';

/** The commands that the CLI and the Action share. Their errors are diagnostics. */

export interface SyncAccess {
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Gets a line for each wait and retry; never the key. */
  readonly log: (message: string) => void;
}

export interface SyncOptions {
  /** The set of automations that the definitions own, `config.namespace`. */
  readonly namespace: string;
  /** `owner/name` of the repository that the definitions are in. */
  readonly repository: string;
  readonly prune: boolean;
  readonly maxDeletes: number;
  /** The config that the routes are compared with; left out: they are not compared. */
  readonly base?: BaseConfig;
}

export interface Planned {
  readonly plan: Plan;
  readonly state: SyncState;
}

/** The client for one server and one key. Sends nothing yet. */
export function connect(access: SyncAccess): WandbClient {
  return createWandbClient(access);
}

/** Compares the definitions with W&B. Sends no mutation. */
export async function planSync(config: Config, client: WandbClient, options: SyncOptions): Promise<Result<Planned, Diagnostic[]>> {
  const state = await readState(config, client);
  if (!state.ok) return state;
  const { desired, live, owners } = state.value;
  const routes = planRoutes(config, options.base ?? { unknown: 'no base was named' });
  const plan = makePlan(desired, live, { ...options, entity: config.entity, organizations: owners.organizations }, routes);
  return ok({ plan: { ...plan, notes: state.value.notes }, state: state.value });
}

/** What was approved: a plan file, or the fingerprint of a whole plan. `undefined`: nothing has to be approved. */
export type Approval = { readonly plan: ApprovedPlan } | { readonly fingerprint: string } | undefined;

export interface Applied {
  /** The current plan. What was not approved is refused. */
  readonly plan: Plan;
  readonly report: ApplyReport;
  readonly state: SyncState;
  /** The names of webhook integrations that were created. */
  readonly created: readonly string[];
}

/**
 * Makes W&B match the definitions, as far as that was approved.
 *
 * @param onStep is called before each mutation
 */
export async function applySync(
  config: Config,
  client: WandbClient,
  options: SyncOptions,
  approval: Approval,
  onStep: (step: ApplyStep, number: number, total: number) => void,
): Promise<Result<Applied, Diagnostic[]>> {
  const planned = await planSync(config, client, options);
  if (!planned.ok) return planned;
  let { plan, state } = planned.value;
  if (approval !== undefined && 'fingerprint' in approval && approval.fingerprint !== plan.fingerprint) {
    return failure(
      `the plan has changed since it was approved: its fingerprint is ${plan.fingerprint}, not ${approval.fingerprint}. Plan again, or pass the approved plan with --plan to apply what has not changed`,
    );
  }
  if (approval !== undefined && 'plan' in approval) plan = onlyApproved(plan, approval.plan);
  const created: string[] = [];
  const needed = neededWebhooks(plan, state);
  if (needed.length > 0) {
    const error = await createWebhooks(config, state, needed, created);
    if (error !== undefined) return failure(error);
    // Plan again, so that real ids replace the placeholders. What was approved stays approved.
    const again = await planSync(config, client, options);
    if (!again.ok) return again;
    const allowed = new Set(plan.changes.filter(({ action }) => action !== 'refused').map(identityOf));
    const refused = new Map(plan.changes.map((change) => [identityOf(change), change]));
    const changes = again.value.plan.changes.map((change) =>
      allowed.has(identityOf(change)) ? change : (refused.get(identityOf(change)) ?? change),
    );
    plan = { ...again.value.plan, changes, summary: summaryOf(changes) };
    state = again.value.state;
  }
  return ok({ plan, report: await applyPlan(plan, state.live, state.api, onStep), state, created });
}

/** The missing integrations that a change of this plan uses. */
function neededWebhooks({ changes }: Plan, { missingWebhooks }: SyncState): SyncState['missingWebhooks'] {
  const ids = changes.flatMap(({ action, input }) => {
    const config = action === 'create' || action === 'update' ? input?.triggeredActionConfig : undefined;
    return config !== undefined && 'genericWebhookActionInput' in config ? [config.genericWebhookActionInput.integrationID] : [];
  });
  return missingWebhooks.filter(({ name }) => ids.includes(placeholderId(name)));
}

/** Creates declared webhook integrations. Returns a message when one cannot be created. */
async function createWebhooks(
  config: Config,
  state: SyncState,
  needed: SyncState['missingWebhooks'],
  created: string[],
): Promise<string | undefined> {
  for (const { name, url, access_token_secret, secret } of needed) {
    const result = await state.integrations.createWebhook({
      entityName: config.entity ?? '',
      name,
      urlEndpoint: url,
      accessTokenRef: access_token_secret ?? null,
      secretRef: secret ?? null,
    });
    if (!result.ok && !(await state.integrations.webhook(config.entity ?? '', name)).ok) {
      return `the webhook integration ${name} could not be created: ${result.error.message}`;
    }
    created.push(name);
  }
  return undefined;
}

/** `planSync`, and which of its changes were made at W&B since the last apply. Sends no mutation. */
export async function driftSync(
  config: Config,
  client: WandbClient,
  options: SyncOptions,
): Promise<Result<Planned & { readonly drift: readonly DriftedChange[] }, Diagnostic[]>> {
  const planned = await planSync(config, client, options);
  if (!planned.ok) return planned;
  const { plan, state } = planned.value;
  return ok({ plan, state, drift: findDrift(plan, state.desired, state.live) });
}
