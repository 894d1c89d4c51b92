import type { CurrentValue, Evaluation, Firing, StartEvaluation } from '../../src/engine/evaluation.ts';
import type { Rule } from '../../src/engine/rule.ts';
import { isLive, type Point, type RunSnapshot } from '../../src/engine/run.ts';
import type { PointsAnswer, PointsQuery } from '../../src/engine/run-reader.ts';
import { isSystemMetric } from '../../src/engine/system-metrics.ts';
import { MOST_RUN_STATE_BYTES, type RunMemory } from '../store/engine.ts';
import { type RuleOnRun, type RunState, runStateFromJson, runStateToJson, withinLimit } from './run-memory.ts';
import type { WatchedRule } from './watched-rule.ts';

/** Pure: one run in one round, from what is remembered of it to what is remembered afterwards. */

/** A rule, and when this version of it was first seen in the project. */
export interface SeenRule {
  readonly watched: WatchedRule;
  readonly firstSeenAt: number;
  /** This is the round of first sight: every run that there is, is older. */
  readonly isNew: boolean;
  /** The project was not read whole since. */
  readonly isFirstLook: boolean;
}

export interface RunFiring {
  readonly rule: Rule;
  readonly run: RunSnapshot;
  readonly firing: Firing;
}

export interface OpenRunOptions {
  readonly rules: readonly SeenRule[];
  readonly startEvaluation: StartEvaluation;
  readonly now: number;
  /** Runs that have ended are remembered for so long: what a run logged before that, when it is seen for the first time, never fires. */
  readonly keepMs: number;
  /** The summary values of other runs, for a rule that needs them. */
  readonly populationOf: (rule: Rule, run: RunSnapshot) => readonly number[] | undefined;
}

export interface OpenRun {
  readonly run: RunSnapshot;
  /** It was not among the runs that are asked for by name; once it is stored, it is, for as long as it goes on. */
  readonly isNews: boolean;
  /** What must be read before the run is evaluated whole; `undefined`: nothing. */
  query(): PointsQuery | undefined;
  /** Evaluates what was read for `query`. */
  take(answer: PointsAnswer): void;
  /** What has fired since this was last called. */
  firings(): readonly RunFiring[];
  hasFired(): boolean;
  /** Remembers no more than that the run is to be looked at. */
  placeholder(): RunMemory;
  /** What is to be remembered; `undefined`: nothing that is new. */
  memory(): RunMemory | undefined;
  /** It has ended, its last rows did not come in time, and it is not waited for any longer: the last step that was read. */
  missingAfter(): number | undefined;
  /** Rules that are not evaluated on it, because what they would have to remember is too large: their names. */
  leftOut(): readonly string[];
  /** For people. */
  currents(): { readonly rule: Rule; readonly current: CurrentValue }[];
}

/** So long the last rows of a run that has ended are waited for. Milliseconds. */
export const LAST_ROWS_MS = 10 * 60_000;
/** And the last system metrics so long, when W&B has none that are new. Milliseconds. */
const LAST_SYSTEM_ROWS_MS = 60_000;
/**
 * System metrics are read again for so long, because the machines of one run have clocks that differ: what one of them logs arrives
 * after what another one logged later. An evaluation takes each place of a metric once. Milliseconds.
 */
const SYSTEM_OVERLAP_MS = 2 * 60_000;
/** A crash is judged this long after its grace: so many milliseconds are enough for a late round. */
const GRACE_MARGIN_MS = 60_000;

interface OpenRule {
  readonly rule: Rule;
  readonly metrics: ReadonlySet<string>;
  readonly systemMetrics: ReadonlySet<string>;
  readonly evaluation: Evaluation;
  on: Omit<RuleOnRun, 'saved'>;
}

/**
 * Takes what W&B says of a run, and evaluates all that does not need its points. `undefined`: there is nothing to do, because no
 * rule is for the run, because it ended before all of them were first seen, or because nothing has changed since it ended.
 */
export function openRun(run: RunSnapshot, remembered: RunMemory | undefined, options: OpenRunOptions): OpenRun | undefined {
  const before = remembered === undefined ? undefined : runStateFromJson(remembered.state);
  if (before !== undefined && run.heartbeatAt < before.heartbeatAt) return undefined;
  const { now } = options;
  let firings: RunFiring[] = [];
  const state = { ...stateOf(run, before, options), shortSince: before?.shortSince ?? null, absentSince: null };
  const rules = options.rules.flatMap((seen) => {
    const opened = openRule(seen, run, before, remembered, options);
    if (opened === undefined) return [];
    const { fillState, ...open } = opened;
    for (const firing of open.evaluation.observe(run, { fill: fillState, now, lastRowAt: state.rowAt }))
      firings.push({ rule: open.rule, run, firing });
    return [open];
  });
  if (rules.length === 0 && remembered?.isLive !== true && namesLeftOut(before, options.rules).length === 0) return undefined;
  const lastStep = lastStepOf(run);
  let { systemReadAt } = state;

  const isBehind = ({ on, metrics }: OpenRule): boolean => metrics.size > 0 && on.step < lastStep;
  const isSystemBehind = ({ systemMetrics }: OpenRule): boolean => systemMetrics.size > 0 && systemReadAt < run.heartbeatAt;
  const isGivenUp = (): boolean => state.shortSince !== null && now - state.shortSince >= LAST_ROWS_MS;
  const waits = (): boolean => !isGivenUp() && rules.some((rule) => isBehind(rule) || isSystemBehind(rule));
  const inGrace = rules.some(
    ({ rule: { condition } }) =>
      condition.kind === 'state' && condition.graceMs > 0 && now - state.stateSince < condition.graceMs + GRACE_MARGIN_MS,
  );
  const isOpen = (): boolean => rules.length > 0 && (isLive(run) || inGrace || waits());

  const toJson = (heartbeatAt: number) => {
    const kept = new Map(before?.rules ?? []);
    for (const { rule, on, evaluation } of rules) kept.set(rule.key, { ...on, saved: evaluation.save() });
    return withinLimit(runStateToJson({ ...state, systemReadAt, heartbeatAt, rules: kept }), MOST_RUN_STATE_BYTES);
  };

  return {
    run,
    isNews: remembered?.isLive !== true,
    query: () => {
      if (isGivenUp() && remembered?.isLive === false && before?.lastStep === lastStep) return undefined;
      const behind = rules.filter(isBehind);
      const system = rules.filter(isSystemBehind);
      if (behind.length === 0 && system.length === 0) return undefined;
      return {
        run: run.name,
        metrics: [
          ...new Set([...behind.flatMap(({ metrics }) => [...metrics]), ...system.flatMap(({ systemMetrics }) => [...systemMetrics])]),
        ],
        afterStep: Math.min(lastStep, ...behind.map(({ on }) => on.step)),
        upToStep: lastStep,
        systemAfter: system.length === 0 ? 0 : Math.max(0, Math.min(...system.map(({ on }) => on.systemAt)) - SYSTEM_OVERLAP_MS),
        systemUpTo: isLive(run) ? now : Number.POSITIVE_INFINITY,
      };
    },
    take: ({ points, readUpTo, systemReadUpTo, systemWaits, systemFailure }) => {
      const system = new Set(rules.filter(isSystemBehind));
      // Whether there was nothing new, or no answer, does not show: of a run that sends no further heartbeat it is asked again.
      const isAnswered = isLive(run) || now - state.stateSince >= LAST_SYSTEM_ROWS_MS;
      const isRead = systemFailure === undefined && systemWaits !== true;
      if (isRead && (isAnswered || [...system].every(({ on }) => systemReadUpTo > on.systemAt))) systemReadAt = run.heartbeatAt;
      for (const open of rules) {
        const population = options.populationOf(open.rule, run);
        if (population !== undefined) open.evaluation.population(population);
        firings.push(...addPoints(open, points, { run, readUpTo, systemReadUpTo, options }));
        const { on } = open;
        const systemAt = system.has(open) ? Math.max(on.systemAt, systemReadUpTo) : on.systemAt;
        open.on = { ...on, step: Math.max(on.step, Math.min(readUpTo, lastStep)), systemAt };
      }
      const isShort = !isLive(run) && rules.some(isBehind);
      state.shortSince = isShort ? (state.shortSince ?? now) : null;
    },
    firings: () => {
      const found = firings;
      firings = [];
      return found;
    },
    hasFired: () => firings.length > 0,
    placeholder: () => {
      const rules = before?.rules ?? new Map();
      return { run: run.name, isLive: true, at: now, state: runStateToJson({ ...state, systemReadAt, rules }) };
    },
    memory: () => {
      const isLiveNow = isOpen();
      const isSame = JSON.stringify(toJson(before?.heartbeatAt ?? -1)) === JSON.stringify(remembered?.state);
      if (isSame && remembered?.isLive === isLiveNow) return undefined;
      return { run: run.name, isLive: isLiveNow, at: now, state: toJson(run.heartbeatAt) };
    },
    missingAfter: () => {
      if (remembered?.isLive !== true || !isGivenUp() || isLive(run)) return undefined;
      return Math.min(...rules.filter(isBehind).map(({ on }) => on.step));
    },
    leftOut: () => namesLeftOut(before, options.rules),
    currents: () => rules.map(({ rule, evaluation }) => ({ rule, current: evaluation.current() })),
  };
}

function lastStepOf({ lastStep }: RunSnapshot): number {
  return lastStep ?? -1;
}

/** What is known of the run itself. */
function stateOf(
  run: RunSnapshot,
  before: RunState | undefined,
  { rules, now }: OpenRunOptions,
): Omit<RunState, 'rules' | 'shortSince' | 'absentSince'> {
  const lastStep = run.lastStep ?? before?.lastStep ?? -1;
  const wasThere = rules.some((seen) => isOlder(run, seen));
  // When an older run logged its last row is not known: silence counts from now on.
  const firstRowAt = wasThere ? now : lastStep < 0 ? run.createdAt : run.heartbeatAt;
  const rowAt = before === undefined ? firstRowAt : lastStep === before.lastStep ? before.rowAt : Math.max(before.rowAt, run.heartbeatAt);
  return {
    lastStep,
    rowAt,
    heartbeatAt: run.heartbeatAt,
    state: run.state,
    stateSince: before?.state === run.state ? before.stateSince : now,
    systemReadAt: before?.systemReadAt ?? 0,
  };
}

function isOlder(run: RunSnapshot, { isNew, firstSeenAt }: SeenRule): boolean {
  return isNew || run.createdAt < firstSeenAt;
}

/** `undefined`: the rule is not for this run, or the run was over when the rule was first seen. */
function openRule(
  seen: SeenRule,
  run: RunSnapshot,
  before: RunState | undefined,
  remembered: RunMemory | undefined,
  options: OpenRunOptions,
): (OpenRule & { readonly fillState: boolean }) | undefined {
  const { watched, firstSeenAt, isFirstLook } = seen;
  const { rule } = watched;
  if (!watched.runs.matches(run)) return undefined;
  const known = before?.rules.get(rule.key);
  const isKnown = known?.version === rule.version;
  if (isKnown && known?.isLeftOut === true) return undefined;
  const older = isOlder(run, seen);
  if (!isKnown && older && !isLive(run) && run.heartbeatAt < firstSeenAt) return undefined;
  const metrics = watched.metricsOf(run);
  const systemMetrics = new Set(metrics.filter((metric) => isSystemMetric(metric) && !run.loggedMetrics.has(metric)));
  const evaluation = options.startEvaluation(rule, known?.saved);
  const opened = {
    rule,
    metrics: new Set(metrics.filter((metric) => !systemMetrics.has(metric))),
    systemMetrics,
    evaluation,
    fillState: !isKnown && older && (isFirstLook || run.heartbeatAt < firstSeenAt),
  };
  if (!isKnown) return { ...opened, on: firstSight(seen, run, before, remembered, options) };
  const { saved: _saved, ...on } = known;
  // Without a last step W&B has not said that there are fewer rows.
  if (run.lastStep === undefined || run.lastStep >= on.step) return { ...opened, on };
  evaluation.rewind();
  return { ...opened, on: { ...on, step: -1, fillUpTo: Math.max(on.fillUpTo, on.step) } };
}

/** Nothing of the run was evaluated by this version of the rule. */
function firstSight(
  seen: SeenRule,
  run: RunSnapshot,
  before: RunState | undefined,
  remembered: RunMemory | undefined,
  { now, keepMs }: OpenRunOptions,
): OpenRule['on'] {
  const isForgotten = remembered !== undefined && before === undefined;
  return {
    version: seen.watched.rule.version,
    step: -1,
    systemAt: 0,
    fillUpTo: seen.isNew || isForgotten ? lastStepOf(run) : -1,
    fillBefore: isOlder(run, seen) ? seen.firstSeenAt : isForgotten ? now : Math.max(0, now - keepMs),
  };
}

function namesLeftOut(before: RunState | undefined, rules: readonly SeenRule[]): string[] {
  return rules.flatMap(({ watched: { rule } }) => {
    const known = before?.rules.get(rule.key);
    return known?.isLeftOut === true && known.version === rule.version ? [rule.name] : [];
  });
}

interface Taken extends Pick<PointsAnswer, 'readUpTo' | 'systemReadUpTo'> {
  readonly run: RunSnapshot;
  readonly options: OpenRunOptions;
}

function addPoints(open: OpenRule, points: readonly Point[], taken: Taken): RunFiring[] {
  const { rule, metrics, systemMetrics, evaluation, on } = open;
  const { run, readUpTo, systemReadUpTo, options } = taken;
  const firings: RunFiring[] = [];
  for (const point of points) {
    const isNew = metrics.has(point.metric)
      ? point.x > on.step && point.x <= readUpTo
      : systemMetrics.has(point.metric) && point.at > on.systemAt - SYSTEM_OVERLAP_MS && point.at <= systemReadUpTo;
    if (!isNew) continue;
    const isOld = (metrics.has(point.metric) && point.x <= on.fillUpTo) || point.at < on.fillBefore;
    for (const firing of evaluation.add(point, { fill: isOld, now: options.now })) firings.push({ rule, run, firing });
  }
  return firings;
}
