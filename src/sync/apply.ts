import { readMark } from '../automation/ownership.ts';
import type { LiveTrigger, TriggerInput } from '../automation/trigger.ts';
import { fieldChanges, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import { fingerprintOf } from '../lib/canonical.ts';
import type { Result } from '../lib/result.ts';
import { type ApplyStep, applyOrder } from '../plan/apply-order.ts';
import type { Plan, PlannedChange } from '../plan/plan.ts';
import type { WandbError } from '../wandb/wandb-error.ts';
import { seenIn, sendOnce } from './send-once.ts';

/** The mutations of `applyPlan`, and the list that it checks their effect with. */
export interface TriggerApi {
  list(): Promise<Result<readonly LiveTrigger[], WandbError>>;
  create(input: TriggerInput): Promise<Result<LiveTrigger, WandbError>>;
  update(id: string, input: TriggerInput): Promise<Result<LiveTrigger, WandbError>>;
  delete(id: string): Promise<Result<void, WandbError>>;
  /** Waits before a mutation may be sent again, longer after every attempt. */
  pause(attempt: number): Promise<void>;
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

/** How often the list is read again during an apply, at the most, besides before every deletion. */
const MAX_LISTS = 50;

/**
 * Applies a plan. After a change fails, the others are still tried, unless W&B cannot be used at all: it cannot be reached,
 * refuses the key, or gives no clear response to two changes in a row.
 *
 * Before an update or a deletion the list is read again. What somebody else, another apply for instance, has changed since the plan was
 * made is not overwritten, and what it has done already is not done twice. At the end the list is read once more and compared
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
  const view = viewOf(live, api, Math.ceil(steps.length / MAX_LISTS));
  let unclear = 0;
  let stopped: string | undefined;
  for (const [i, step] of steps.entries()) {
    if (stopped !== undefined) break;
    if (failures.has(step.change)) continue;
    onStep(step, i + 1, steps.length);
    const error = (await view.refresh(step)) ?? (await take(step, view, api));
    unclear = error?.kind === 'unclear' ? unclear + 1 : 0;
    if (error === undefined) {
      if (step.kind !== 'make_room') done.add(step.change);
      continue;
    }
    failures.set(step.change, error.message);
    if (error.kind === 'unauthorized' || error.kind === 'unavailable' || unclear > 1) stopped = error.message;
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

/** What W&B had when it was last asked, and what it must have if nobody else changed it. */
interface LiveView {
  /** Reads the list again if it is due. */
  refresh(step: ApplyStep): Promise<WandbError | undefined>;
  find(id: string): LiveTrigger | undefined;
  has(isWanted: (trigger: LiveTrigger) => boolean): boolean;
  /** Whether somebody else has changed it since the plan was made. */
  isChanged(trigger: LiveTrigger): boolean;
  /** Notes our own change. */
  wrote(id: string, input: TriggerInput): void;
}

/** @param stride after how many mutations the list is read again */
function viewOf(live: readonly LiveTrigger[], api: TriggerApi, stride: number): LiveView {
  const expected = new Map(live.map((trigger) => [trigger.id, versionOf(stateOfLive(trigger), trigger.description)]));
  let current = live;
  let age = 0;
  return {
    async refresh({ kind }) {
      age += 1;
      // A creation overwrites nothing: W&B refuses a name that is taken.
      if (kind === 'create' || (kind !== 'delete' && age <= stride)) return undefined;
      const listed = await api.list();
      if (!listed.ok) return listed.error;
      current = listed.value;
      age = 1;
      return undefined;
    },
    find: (id) => current.find((trigger) => trigger.id === id),
    has: (isWanted) => current.some(isWanted),
    isChanged: (trigger) => versionOf(stateOfLive(trigger), trigger.description) !== expected.get(trigger.id),
    wrote(id, input) {
      expected.set(id, versionOf(stateOfInput(input), input.description));
    },
  };
}

/** Equal for what was written and for what W&B then has. */
function versionOf(state: ReturnType<typeof stateOfLive>, description: string | null): string {
  const { mark } = readMark(description);
  return fingerprintOf({ state, mark: mark === undefined ? null : { ...mark, namespace: mark.namespace ?? null } });
}

/** Does one step, unless it is done or somebody else has changed its automation. */
async function take(step: ApplyStep, view: LiveView, api: TriggerApi): Promise<WandbError | undefined> {
  const { pause } = api;
  if (step.kind === 'create') {
    const matches = matcherOf(step.input);
    if (view.has(matches)) return undefined;
    return sendOnce({ send: () => api.create(step.input), isDone: seenIn(api.list, (live) => live.some(matches)) }, pause);
  }
  const found = view.find(step.id);
  if (step.kind === 'delete') {
    if (found === undefined) return undefined;
    if (view.isChanged(found)) return changedMeanwhile('changed');
    const isGone = (live: readonly LiveTrigger[]) => !live.some(({ id }) => id === step.id);
    const error = await sendOnce({ send: () => api.delete(step.id), isDone: seenIn(api.list, isGone) }, pause);
    return error?.kind === 'not_found' ? undefined : error;
  }
  const matches = matcherOf(step.input);
  if (found === undefined) return changedMeanwhile('deleted');
  if (matches(found)) return undefined;
  if (view.isChanged(found)) return changedMeanwhile('changed');
  const isWritten = (live: readonly LiveTrigger[]) => live.some((trigger) => trigger.id === step.id && matches(trigger));
  const error = await sendOnce({ send: () => api.update(step.id, step.input), isDone: seenIn(api.list, isWritten) }, pause);
  if (error === undefined) view.wrote(step.id, step.input);
  return error;
}

function changedMeanwhile(what: 'changed' | 'deleted'): WandbError {
  return { kind: 'conflict', status: null, message: `it was ${what} in W&B after this plan was made: plan again` };
}

/** Returns whether an automation has everything that was written, its mark included. */
function matcherOf(input: TriggerInput): (trigger: LiveTrigger) => boolean {
  const { mark } = readMark(input.description);
  const intended = stateOfInput(input);
  return (trigger) => {
    const found = readMark(trigger.description).mark;
    const sameMark = mark?.repository === found?.repository && mark?.namespace === found?.namespace && mark?.key === found?.key;
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
