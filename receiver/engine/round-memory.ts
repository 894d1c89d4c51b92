import type { ProjectRef } from '../../src/engine/run-reader.ts';
import type { NewEvent } from '../store/delivery.ts';
import type { EngineStore, ProjectLease, ProjectMemory, RuleMemory, RunMemory } from '../store/engine.ts';
import type { OpenRun, RunFiring, SeenRule } from './open-run.ts';
import { aboutRule, isAboutOneMetric, type RuleDetail, readDetail, withCurrent, withFiring } from './rule-detail.ts';
import type { WatchedRule } from './watched-rule.ts';

/** A rule that was not evaluated for so long while its project was, was switched off. Milliseconds. */
const SWITCHED_OFF_MS = 10 * 60_000;
/** What is remembered of a rule that nobody evaluates is forgotten after this. Milliseconds. */
const FORGOTTEN_AFTER_MS = 7 * 86_400_000;

/** Somebody else has the project by now, or has stored a round since: what was read is out of date. */
export class LostLeaseError extends Error {}

export interface RoundMemoryOptions {
  readonly store: Pick<EngineStore, 'advanceEngine'>;
  readonly lease: ProjectLease;
  readonly project: ProjectRef;
  readonly rules: readonly WatchedRule[];
  /** What is stored. */
  readonly memory: ProjectMemory | undefined;
  readonly now: () => number;
  readonly newId: () => string;
  /** What follows from a firing. */
  readonly plan: (found: RunFiring, project: ProjectRef) => NewEvent;
}

/** What one round has found out, and stores in steps. */
export interface RoundMemory {
  readonly rules: readonly SeenRule[];
  /** Of the same automations: what has fired, for people. */
  note(run: OpenRun): void;
  /** So many runs of each rule go on, by its key. */
  count(live: ReadonlyMap<string, number>): void;
  /**
   * Stores runs with what fired on them, in one transaction.
   *
   * @returns how many events were stored, and whether any of them is to be sent
   * @throws LostLeaseError when nothing was stored
   */
  store(runs: readonly RunMemory[], firings: readonly RunFiring[], project: ProjectStep): Promise<Stored>;
}

export type ProjectStep = Pick<ProjectMemory, 'watermark' | 'readAt' | 'problem'>;

export interface Stored {
  readonly events: number;
  readonly deliveries: number;
}

export function roundMemory({ store, lease, project, rules, memory, now, newId, plan }: RoundMemoryOptions): RoundMemory {
  const at = now();
  const stored = new Map((memory?.rules ?? []).map((rule) => [rule.rule, rule]));
  const seen = rules.map((watched) => seenRule(watched, stored.get(watched.rule.key), memory, at));
  // A version that is seen for the first time again is not the one that is stored.
  let forgetRules = [
    ...seen.filter(({ isNew }) => isNew).map(({ watched }) => watched.rule.key),
    ...[...stored.values()].filter((rule) => isForgotten(rule, rules, at)).map(({ rule }) => rule),
  ].filter((key) => stored.has(key));
  const kept = new Map(seen.map((rule) => [rule.watched.rule.key, ruleMemory(rule, stored.get(rule.watched.rule.key))]));
  const change = (key: string, changed: (detail: RuleDetail) => RuleDetail, firedAt?: number): void => {
    const rule = kept.get(key);
    if (rule === undefined) return;
    const lastFiredAt = firedAt === undefined ? rule.lastFiredAt : Math.max(rule.lastFiredAt ?? 0, firedAt);
    kept.set(key, { ...rule, lastFiredAt, detail: changed(readDetail(rule.detail)) });
  };
  let after = memory?.round ?? null;

  return {
    rules: seen,
    note: (open) => {
      for (const { rule, current } of open.currents()) change(rule.key, (detail) => withCurrent(detail, open.run, current));
    },
    count: (live) => {
      for (const key of kept.keys()) change(key, (detail) => ({ ...detail, runs: live.get(key) ?? 0 }));
    },
    store: async (runs, firings, step) => {
      for (const { rule, run, firing } of firings) {
        const firedAt = rule.dryRun || firing.kind === 'resolved' ? undefined : firing.at;
        change(rule.key, (detail) => withFiring(detail, run, firing, rule.dryRun), firedAt);
      }
      const events = inOrder(firings)
        .filter(({ rule }) => !rule.dryRun)
        .map((found) => plan(found, project));
      const round = newId();
      const evaluated = [...kept.values()].map((rule): RuleMemory => ({ ...rule, lastEvaluatedAt: now() }));
      const progress = { ...step, round, after, now: now(), runs, rules: evaluated, events };
      const result = await store.advanceEngine(lease, forgetRules.length === 0 ? progress : { ...progress, forgetRules });
      if (result === 'lost') throw new LostLeaseError('another receiver reads this project by now');
      after = round;
      forgetRules = [];
      const deliveries = result.map((accepted) => (accepted.status === 'accepted' ? accepted.deliveries.length : 0));
      return { events: events.length, deliveries: deliveries.reduce((sum, count) => sum + count, 0) };
    },
  };
}

function inOrder(firings: readonly RunFiring[]): RunFiring[] {
  return firings.toSorted((a, b) => a.firing.at - b.firing.at);
}

/** A rule that was switched off and comes back is seen for the first time again: nobody waited for what happened meanwhile. */
function seenRule(watched: WatchedRule, stored: RuleMemory | undefined, memory: ProjectMemory | undefined, now: number): SeenRule {
  const wasOff = (memory?.readAt ?? 0) - (stored?.lastEvaluatedAt ?? 0) >= SWITCHED_OFF_MS;
  if (stored === undefined || stored.version !== watched.rule.version || wasOff)
    return { watched, firstSeenAt: now, isNew: true, isFirstLook: true };
  const { firstSeenAt } = stored;
  return { watched, firstSeenAt, isNew: false, isFirstLook: (memory?.readAt ?? Number.NEGATIVE_INFINITY) < firstSeenAt };
}

function isForgotten(stored: RuleMemory, rules: readonly WatchedRule[], now: number): boolean {
  if (rules.some(({ rule }) => rule.key === stored.rule)) return false;
  return now - (stored.lastEvaluatedAt ?? stored.firstSeenAt) >= FORGOTTEN_AFTER_MS;
}

function ruleMemory({ watched, firstSeenAt, isNew }: SeenRule, stored: RuleMemory | undefined): RuleMemory {
  const { rule } = watched;
  const before = readDetail(stored?.detail);
  const logged = !isNew && before.logged === true;
  const { current, recent, condition: _condition, ...fired } = before;
  return {
    rule: rule.key,
    version: rule.version,
    firstSeenAt,
    lastEvaluatedAt: stored?.lastEvaluatedAt ?? null,
    lastFiredAt: stored?.lastFiredAt ?? null,
    detail: {
      ...fired,
      ...(isNew || current === undefined ? {} : { current }),
      ...(isNew || recent === undefined ? {} : { recent }),
      ...aboutRule(rule),
      ...(isAboutOneMetric(rule.condition) ? { logged } : {}),
    },
  };
}
