import type { EngineProgress, ProjectLease, RuleMemory, RunMemory } from '../../../receiver/store/engine.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { SECOND, T0 } from './samples.ts';

/** How long a lease of these samples lasts. Milliseconds. */
export const ENGINE_LEASE_MS = 10 * SECOND;

export const PROJECT = 'acme/train';

export function leaseOf(owner = 'me', project = PROJECT): ProjectLease {
  return { project, owner };
}

export function lease(store: Store, now = T0, owner = 'me', project = PROJECT): Promise<boolean> {
  return store.leaseProject(leaseOf(owner, project), now, ENGINE_LEASE_MS);
}

export function runOf(run: string, changes: Partial<RunMemory> = {}): RunMemory {
  return { run, isLive: true, at: T0, state: { step: 1 }, ...changes };
}

export function ruleOf(rule: string, changes: Partial<RuleMemory> = {}): RuleMemory {
  return { rule, version: '1', firstSeenAt: T0, lastEvaluatedAt: T0, lastFiredAt: null, detail: {}, ...changes };
}

let rounds = 0;

/** A round that found nothing, the first of its project, but for the changes. */
export function progressOf(changes: Partial<EngineProgress> = {}): EngineProgress {
  return {
    round: `round ${++rounds}`,
    after: null,
    now: T0,
    watermark: T0,
    readAt: T0,
    problem: null,
    runs: [],
    rules: [],
    events: [],
    ...changes,
  };
}

/** Stores the next round of a project whose lease the owner has, and returns its id. */
export async function advance(store: Store, changes: Partial<EngineProgress> = {}, project = PROJECT, owner = 'me'): Promise<string> {
  const after = (await store.engineProject(project, changes.now ?? T0))?.round ?? null;
  const progress = progressOf({ after, ...changes });
  if ((await store.advanceEngine(leaseOf(owner, project), progress)) === 'lost') throw new Error('the round is lost');
  return progress.round;
}
