import { setTimeout as wait } from 'node:timers/promises';
import { type Automation, automationSchema, describeScope, relayRouteName } from '../automation/automation.ts';
import { eventOf } from '../automation/export-definition.ts';
import type { AutomationResult, Backtest } from '../backtest/result.ts';
import { missingWords, periodWords } from '../backtest/result-words.ts';
import type { Subject } from '../backtest/subject.ts';
import { subjectOf } from '../backtest/subjects.ts';
import type { Config } from '../config/config.ts';
import type { RunReader } from '../engine/run-reader.ts';
import { startEvaluation } from '../engine/start-evaluation.ts';
import type { ReadingOptions } from '../history/read-histories.ts';
import { runBacktest } from '../history/run-backtest.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';
import { type Estimate, estimateKey, type PartEstimate, type PlanEstimates } from '../plan/plan-estimates.ts';
import type { BaseConfig } from '../plan/route-plan.ts';
import type { WandbClient } from '../wandb/client.ts';
import { createRunReader } from '../wandb/run-reader.ts';
import type { Planned } from './commands.ts';

/** For a plan it must be short: the job waits. */
const MAX_RUNS = 200;
const TIME_LIMIT_MS = 2 * 60_000;

/** What is asked of a back-test of a plan. */
export interface PlanBacktestWish {
  readonly sinceMs: number;
  /** How often one automation may fire in that time; `undefined`: as often as it does. */
  readonly most: number | undefined;
  /** The config that automations with `engine: relay` are compared with. */
  readonly base: BaseConfig | undefined;
}

export interface PlanBacktestOptions extends PlanBacktestWish {
  readonly now: () => number;
  readonly sleep: ReadingOptions['sleep'];
  /** Is aborted when the time limit is over. */
  readonly signal: AbortSignal;
}

/** `withEstimates` through W&B's API, in two minutes at the most. */
export async function backtestPlan(
  planned: Planned,
  config: Config,
  { client, now, ...wish }: PlanBacktestWish & { readonly client: WandbClient; readonly now: () => number },
): Promise<Planned> {
  return await withEstimates(planned, config, createRunReader({ client, now }), {
    ...wish,
    now,
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  });
}

/** A definition of the plan, as it is to be and as it was. */
interface Compared {
  readonly key: string;
  readonly name: string;
  readonly location: SourceLocation | undefined;
  readonly after: Subject;
  readonly before: Subject | undefined;
}

/**
 * The plan with what each run automation that is created or changed would have done on past runs, before and after. A plan without
 * such automations is returned as it is. When W&B's runs cannot be read, a note says so, and the plan is otherwise the same.
 */
export async function withEstimates(planned: Planned, config: Config, reader: RunReader, options: PlanBacktestOptions): Promise<Planned> {
  const compared = comparedIn(planned, config, options.base);
  if (compared.length === 0) return planned;
  const subjects = compared.flatMap(({ after, before }) => (before === undefined || isSameRule(after, before) ? [after] : [after, before]));
  const { now, sinceMs, sleep, signal } = options;
  const tried = await runBacktest(subjects, reader, {
    startEvaluation,
    since: now() - sinceMs,
    maxRuns: MAX_RUNS,
    timeLimitMs: TIME_LIMIT_MS,
    signal,
    isBrief: true,
    cache: undefined,
    appUrl: '',
    now,
    sleep,
  });
  const { plan } = planned;
  if (!tried.ok)
    return {
      ...planned,
      plan: { ...plan, notes: [...plan.notes, `the back-test is left out: W&B's runs could not be read: ${tried.error}`] },
    };
  const estimates = { ...estimatesOf(compared, subjects, tried.value), most: options.most };
  return { ...planned, plan: { ...plan, notes: [...plan.notes, ...estimates.leftOut.map((line) => `back-test: ${line}`)], estimates } };
}

function comparedIn({ plan, state }: Planned, config: Config, base: BaseConfig | undefined): Compared[] {
  const formerly = base !== undefined && 'config' in base ? base.config : undefined;
  const atWandb = plan.changes.flatMap((change): Compared[] => {
    if (change.action !== 'create' && change.action !== 'update') return [];
    const desired = state.desired.find(({ key, scope }) => key === change.key && scope.description === change.scope);
    const after = desired === undefined ? undefined : subjectOf(desired.automation, config.entity);
    if (desired === undefined || after === undefined) return [];
    const live = change.id === undefined ? undefined : state.live.find(({ id }) => id === change.id);
    const event = live === undefined ? undefined : eventOf(live);
    const before = event?.ok === true ? definitionAs(desired.automation, event.value) : undefined;
    return [
      {
        key: estimateKey(change),
        name: change.name,
        location: change.location,
        after,
        before: before === undefined ? undefined : subjectOf(before, config.entity),
      },
    ];
  });
  const byRelay = plan.routes.evaluated.changes.flatMap((change): Compared[] => {
    if (change.action === 'delete') return [];
    const isMeant = (one: Automation): boolean => relayRouteName(one) === change.key;
    const defined = config.automations.find((one) => isMeant(one) && describeScope(one.scope) === change.scope);
    const after = defined === undefined ? undefined : subjectOf(defined, config.entity);
    if (after === undefined) return [];
    const former = formerly?.automations.find((one) => isMeant(one) || one.name === defined?.moved_from);
    const before = former === undefined ? undefined : subjectOf(former, formerly?.entity ?? config.entity);
    return [{ key: estimateKey(change), name: change.name, location: change.location, after, before }];
  });
  return [...atWandb, ...byRelay];
}

/** A definition with the event and the runs that W&B has now. */
function definitionAs(automation: Automation, event: object): Automation | undefined {
  const {
    path: _path,
    location: _location,
    runs: _runs,
    event: _event,
    ...rest
  } = automation as Automation & { path?: unknown; location?: unknown };
  const read = automationSchema.safeParse({ ...rest, ...event });
  return read.success ? read.data : undefined;
}

function isSameRule({ rule: after }: Subject, { rule: before }: Subject): boolean {
  return (
    after.version === before.version &&
    after.refireMs === before.refireMs &&
    after.project === before.project &&
    after.entity === before.entity
  );
}

function estimatesOf(compared: readonly Compared[], subjects: readonly Subject[], found: Backtest): Omit<PlanEstimates, 'most'> {
  const resultOf = (subject: Subject): AutomationResult | undefined => found.automations[subjects.indexOf(subject)];
  const parts = new Map<string, PartEstimate>();
  for (const { key, name, location, after, before } of compared) {
    const [now, former] = [resultOf(after), before === undefined ? undefined : (resultOf(before) ?? resultOf(after))];
    if (now === undefined) continue;
    const [missing] = now.missing;
    parts.set(key, {
      name,
      location,
      after: now.skipped ?? estimateOf(now),
      before: former === undefined || former.skipped !== undefined ? undefined : estimateOf(former),
      warning: missing === undefined ? undefined : missingWords(missing),
    });
  }
  return { period: periodWords(found), parts, leftOut: found.leftOut };
}

function estimateOf({ runs, runsFired, firings }: AutomationResult): Estimate {
  return { runs, runsFired, firings: firings.length };
}
