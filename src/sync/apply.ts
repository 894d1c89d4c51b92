import { readMark } from '../automation/ownership.ts';
import type { LiveTrigger, TriggerInput } from '../automation/trigger.ts';
import { fieldChanges, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import type { Result } from '../lib/result.ts';
import { type ApplyStep, applyOrder } from '../plan/apply-order.ts';
import type { Plan, PlannedChange } from '../plan/plan.ts';
import type { WandbError } from '../wandb/wandb-error.ts';

/** The mutations that applying needs, and the list that settles what is unclear. */
export interface TriggerApi {
  list(): Promise<Result<readonly LiveTrigger[], WandbError>>;
  create(input: TriggerInput): Promise<Result<LiveTrigger, WandbError>>;
  update(id: string, input: TriggerInput): Promise<Result<LiveTrigger, WandbError>>;
  delete(id: string): Promise<Result<void, WandbError>>;
}

export interface AppliedChange {
  readonly change: PlannedChange;
  readonly outcome: 'done' | 'failed' | 'left';
  /** Why it failed, or why it was not tried. */
  readonly why?: string;
}

export interface ApplyReport {
  readonly applied: readonly AppliedChange[];
  /** Everything that was planned is done, and was seen to be. */
  readonly complete: boolean;
}

/**
 * Carries out a plan. One that fails does not keep the others from being tried, unless W&B can't be reached or the key is
 * refused: then the rest is left. Nothing is sent twice: what is unclear is settled by listing. Afterwards everything is
 * read again and held against the plan. Running it again finishes what is left.
 *
 * @param tell hears of every step before it is taken
 */
export async function applyPlan(
  plan: Plan,
  live: readonly LiveTrigger[],
  api: TriggerApi,
  tell: (step: ApplyStep, number: number, total: number) => void,
): Promise<ApplyReport> {
  const steps = applyOrder(plan.changes, live);
  const failures = new Map<PlannedChange, string>();
  const done = new Set<PlannedChange>();
  let stopped: string | undefined;
  for (const [i, step] of steps.entries()) {
    if (stopped !== undefined) break;
    if (failures.has(step.change)) continue;
    tell(step, i + 1, steps.length);
    const error = await take(step, api);
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

/** Takes one step; `undefined` when it is done, perhaps by an attempt whose answer was lost. */
async function take(step: ApplyStep, api: TriggerApi): Promise<WandbError | undefined> {
  switch (step.kind) {
    case 'create': {
      const created = await api.create(step.input);
      return created.ok ? undefined : settle(created.error, api, (live) => live.some((trigger) => says(trigger, step.input)));
    }
    case 'update':
    case 'make_room': {
      const updated = await api.update(step.id, step.input);
      return updated.ok
        ? undefined
        : settle(updated.error, api, (live) => live.some((trigger) => trigger.id === step.id && says(trigger, step.input)));
    }
    case 'delete': {
      const deleted = await api.delete(step.id);
      if (deleted.ok || deleted.error.kind === 'not_found') return undefined;
      return settle(deleted.error, api, (live) => !live.some((trigger) => trigger.id === step.id));
    }
  }
}

/** After a conflict or an unclear answer the list decides; it is never sent a second time. */
async function settle(
  error: WandbError,
  api: TriggerApi,
  isDone: (live: readonly LiveTrigger[]) => boolean,
): Promise<WandbError | undefined> {
  if (error.kind !== 'conflict' && error.kind !== 'unclear') return error;
  const listed = await api.list();
  if (!listed.ok) return { ...error, message: `${error.message}; and whether it was done could not be seen: ${listed.error.message}` };
  if (isDone(listed.value)) return undefined;
  return error.kind === 'conflict'
    ? { ...error, message: `${error.message}: the scope has another automation of this name` }
    : { ...error, message: `${error.message}; it was not done: apply again` };
}

/** The automation says what was to be written, its mark included. */
function says(trigger: LiveTrigger, input: TriggerInput): boolean {
  const mark = readMark(input.description).mark;
  const found = readMark(trigger.description).mark;
  const sameMark = mark?.repository === found?.repository && mark?.key === found?.key;
  return sameMark && fieldChanges(stateOfLive(trigger), stateOfInput(input)).length === 0;
}

/** Reads everything again; what is not as it was written is named. */
async function verify(done: readonly PlannedChange[], api: TriggerApi): Promise<Map<PlannedChange, string>> {
  const listed = await api.list();
  const problems = new Map<PlannedChange, string>();
  for (const change of done) {
    if (!listed.ok) problems.set(change, `written, but not seen again: ${listed.error.message}`);
    else if (change.input !== undefined) {
      const { input } = change;
      if (!listed.value.some((trigger) => says(trigger, input))) problems.set(change, 'written, but W&B shows something else: plan again');
    } else if (listed.value.some((trigger) => trigger.id === change.id)) problems.set(change, 'deleted, but W&B still shows it');
  }
  return problems;
}
