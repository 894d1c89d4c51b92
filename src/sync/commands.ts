import type { Config } from '../config/config.ts';
import { type Diagnostic, failure } from '../lib/diagnostic.ts';
import { ok, type Result } from '../lib/result.ts';
import type { ApplyStep } from '../plan/apply-order.ts';
import { type Approval, approvedPart } from '../plan/approved-plan.ts';
import type { ConfigNames } from '../plan/definition-view.ts';
import { type DriftedChange, findDrift } from '../plan/drift.ts';
import { evaluatedOf } from '../plan/evaluated-plan.ts';
import { hideSecretsInText } from '../plan/hidden-secrets.ts';
import { makePlan, type Plan, type PlanOptions } from '../plan/plan.ts';
import { type BaseConfig, planRoutes } from '../plan/route-plan.ts';
import { createWandbClient, type WandbClient } from '../wandb/client.ts';
import { type ApplyReport, applyPlan } from './apply.ts';
import { createWebhooks, neededWebhooks, withoutWebhooks } from './missing-webhooks.ts';
import { readState, type SyncState } from './state.ts';

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

/** `namespace` is the config's: `config.namespace`. */
export interface SyncOptions extends Omit<PlanOptions, keyof ConfigNames | 'evaluated'> {
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
  const names = { entity: config.entity, organizations: owners.organizations };
  const plan = makePlan(desired, live, { ...options, ...names, evaluated: evaluatedOf(config.automations) }, routes);
  return ok({ plan: { ...plan, notes: [...state.value.notes, ...plan.notes].map(hideSecretsInText) }, state: state.value });
}

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
  approval: Approval | undefined,
  onStep: (step: ApplyStep, number: number, total: number) => void,
): Promise<Result<Applied, Diagnostic[]>> {
  const planned = await planApproved(config, client, options, approval);
  if (!planned.ok) return planned;
  const { plan, state } = planned.value;
  const needed = neededWebhooks(plan, state);
  const webhooks = await createWebhooks(config.entity ?? '', state.integrations, needed, client.backOff);
  // Plan again, so that real ids replace the placeholders. That changes no fingerprint.
  const again = webhooks.created.length === 0 ? planned : await planApproved(config, client, options, approval);
  if (!again.ok) return again;
  const whole = withoutWebhooks(again.value.plan, webhooks.failed);
  const { live, api } = again.value.state;
  const report = await applyPlan(whole, live, api, onStep);
  return ok({ plan: whole, report, state: again.value.state, created: webhooks.created });
}

/** The current plan, in which everything is refused that was not approved. */
async function planApproved(
  config: Config,
  client: WandbClient,
  options: SyncOptions,
  approval: Approval | undefined,
): Promise<Result<Planned, Diagnostic[]>> {
  const planned = await planSync(config, client, options);
  if (!planned.ok || approval === undefined) return planned;
  const plan = approvedPart(planned.value.plan, approval);
  return plan.ok ? ok({ ...planned.value, plan: plan.value }) : failure(plan.error);
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
  return ok({ plan, state, drift: findDrift(plan, state.desired, state.live, options) });
}
