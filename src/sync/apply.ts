import { readMark } from '../automation/ownership.ts';
import type { LiveTrigger, TriggerInput } from '../automation/trigger.ts';
import { fieldChanges, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import type { Result } from '../lib/result.ts';
import { type ApplyStep, applyOrder } from '../plan/apply-order.ts';
import type { Plan, PlannedChange } from '../plan/plan.ts';
import type { WandbError } from '../wandb/wandb-error.ts';

/** The mutations of `applyPlan`, and the list that it checks their effect with. */
export interface TriggerApi {
  list(): Promise<Result<readonly LiveTrigger[], WandbError>>;
  create(input: TriggerInput): Promise<Result<LiveTrigger, WandbError>>;
  update(id: string, input: TriggerInput): Promise<Result<LiveTrigger, WandbError>>;
  delete(id: string): Promise<Result<void, WandbError>>;
}

export interface AppliedChange {
  readonly change: PlannedChange;
  readonly outcome: 'done' | 'failed' | 'left';
  /** Why it failed or was not tried. */
  readonly why?: string;
}

export interface ApplyReport {
  readonly applied: readonly AppliedChange[];
  /** Every planned change is done, and the list at W&B confirms it. */
  readonly complete: boolean;
}

/**
 * Applies a plan. After a change fails, the others are still tried, unless W&B cannot be reached or refuses the key. No
 * mutation is sent twice: when a response is unclear, the list decides. At the end the list is read again and compared
 * with the plan. Running it again finishes what is left.
 *
 * @param onStep is called before each mutation
 */
export async function applyPlan(
  plan: Plan,
  live: readonly LiveTrigger[],
  api: TriggerApi,
  onStep: (step: ApplyStep, number: number, total: number) => void,
): Promise<ApplyReport> {
  const steps = applyOrder(plan.changes, live);
  const failures = new Map<PlannedChange, string>();
  const done = new Set<PlannedChange>();
  let stopped: string | undefined;
  for (const [i, step] of steps.entries()) {
    if (stopped !== undefined) break;
    if (failures.has(step.change)) continue;
    onStep(step, i + 1, steps.length);
    const error = await send(step, api);
    if (error === undefined) {
      if (step.kind !== 'make_room') done.add(step.change);
      continue;
    }
    failures.set(step.change, error.message);
    if (error.kind === 'unauthorized' || error.kind === 'unavailable') stopped = error.message;
  }
  const planned = [...new Set(steps.map((step) => step.change))];
  const seen = done.size === 0 ? new Map<PlannedChange, string>() : await verify([...done], api);
  const applied = planned.map((change): AppliedChange => {
    const why = failures.get(change) ?? seen.get(change);
    if (why !== undefined) return { change, outcome: 'failed', why };
    return done.has(change)
      ? { change, outcome: 'done' }
      : { change, outcome: 'left', why: `not tried: ${stopped ?? 'an earlier step failed'}` };
  });
  return { applied, complete: applied.every(({ outcome }) => outcome === 'done') };
}

/** Sends one mutation. `undefined`: it is done, maybe although its response was lost. */
async function send(step: ApplyStep, api: TriggerApi): Promise<WandbError | undefined> {
  switch (step.kind) {
    case 'create': {
      const created = await api.create(step.input);
      return created.ok ? undefined : settle(created.error, api, (live) => live.some(matcherOf(step.input)));
    }
    case 'update':
    case 'make_room': {
      const updated = await api.update(step.id, step.input);
      return updated.ok
        ? undefined
        : settle(updated.error, api, (live) => live.filter(({ id }) => id === step.id).some(matcherOf(step.input)));
    }
    case 'delete': {
      const deleted = await api.delete(step.id);
      if (deleted.ok || deleted.error.kind === 'not_found') return undefined;
      return settle(deleted.error, api, (live) => !live.some((trigger) => trigger.id === step.id));
    }
  }
}

/** After a conflict or an unclear response the list decides. The mutation is never sent again. */
async function settle(
  error: WandbError,
  api: TriggerApi,
  isDone: (live: readonly LiveTrigger[]) => boolean,
): Promise<WandbError | undefined> {
  if (error.kind !== 'conflict' && error.kind !== 'unclear') return error;
  const listed = await api.list();
  if (!listed.ok)
    return {
      ...error,
      message: `${error.message}. Whether it was applied is unknown, because the list could not be read: ${listed.error.message}`,
    };
  if (isDone(listed.value)) return undefined;
  return error.kind === 'conflict'
    ? { ...error, message: `${error.message}: the scope has another automation of this name` }
    : { ...error, message: `${error.message}. The change was not made: apply again` };
}

/** Returns whether an automation has everything that was written, its mark included. */
function matcherOf(input: TriggerInput): (trigger: LiveTrigger) => boolean {
  const { mark } = readMark(input.description);
  const intended = stateOfInput(input);
  return (trigger) => {
    const found = readMark(trigger.description).mark;
    const sameMark = mark?.repository === found?.repository && mark?.key === found?.key;
    return sameMark && fieldChanges(stateOfLive(trigger), intended).length === 0;
  };
}

/** Reads the list again. Returns the changes that W&B does not show, each with the reason. */
async function verify(done: readonly PlannedChange[], api: TriggerApi): Promise<Map<PlannedChange, string>> {
  const listed = await api.list();
  const problems = new Map<PlannedChange, string>();
  for (const change of done) {
    if (!listed.ok) problems.set(change, `sent, but not confirmed, because the list could not be read: ${listed.error.message}`);
    else if (change.input !== undefined) {
      if (!listed.value.some(matcherOf(change.input))) problems.set(change, 'sent, but W&B shows another state: plan again');
    } else if (listed.value.some((trigger) => trigger.id === change.id))
      problems.set(change, 'deleted, but W&B still shows it: plan again');
  }
  return problems;
}
