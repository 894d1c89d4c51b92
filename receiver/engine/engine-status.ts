import * as z from 'zod';
import { conditionWords, valueWords } from '../../src/backtest/condition-words.ts';
import type { Condition } from '../../src/engine/rule.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { ProjectMemory, RuleMemory } from '../store/engine.ts';

/** What the relay's own engine does, for people: as the admin API answers it. Times are milliseconds since 1970. */
export interface EngineStatus {
  /** One for each automation and project, in the order of the names. */
  readonly automations: readonly AutomationStatus[];
  readonly projects: readonly ProjectStatus[];
}

export interface AutomationStatus {
  readonly name: string;
  /** `entity/project` */
  readonly project: string;
  readonly event: string | null;
  /** `average of 5 values of loss above 8` */
  readonly condition: string | null;
  readonly dryRun: boolean;
  /** Since when this version of it is evaluated: what was before never fires. */
  readonly firstSeenAt: number;
  readonly lastEvaluatedAt: number | null;
  readonly lastFiredAt: number | null;
  /** The firing of `lastFiredAt`. The end of a condition is none. */
  readonly lastFiring: FiringStatus | null;
  /** Of the run that logged last. */
  readonly current: ValueStatus | null;
  /** False: no run has logged the metric since the automation was first seen. `null`: it is not about one metric. */
  readonly metricLogged: boolean | null;
  /** How many runs that go on it looks at. */
  readonly runs: number;
  /** What would have been sent without `dry_run`, the last ones, newest last. */
  readonly dryFirings: readonly FiringStatus[];
}

/** A number that JSON does not have is a text: `NaN`. */
type ShownNumber = number | 'NaN' | 'Infinity' | '-Infinity';

export interface ValueStatus {
  readonly run: string;
  readonly displayName: string;
  readonly value: ShownNumber;
  /** As people read it: `+31 %`. */
  readonly shown: string;
  readonly at: number;
  /** The condition is met. */
  readonly isMet: boolean;
}

export interface FiringStatus {
  readonly run: string;
  readonly displayName: string;
  readonly at: number;
  readonly step: number | null;
  readonly value: ShownNumber | null;
  readonly shown: string | null;
  /** The condition had ended. */
  readonly resolved: boolean;
}

export interface ProjectStatus {
  readonly project: string;
  /** When it was last read whole; `null`: never. */
  readonly readAt: number | null;
  /** Why the last read failed; `null`: it did not. */
  readonly problem: string | null;
}

const shownNumber = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
const place = { run: z.string(), display_name: z.string(), at: z.number() };
const shownValue = z.object({ ...place, value: shownNumber, met: z.boolean() });
const shownFiring = z.object({
  ...place,
  step: z.number().optional().catch(undefined),
  value: shownNumber.optional().catch(undefined),
  resolved: z.boolean().optional().catch(undefined),
});

/** What another version of this program has stored may be of another form: what is not understood counts as not there. */
const detailShape = z.object({
  name: z.string().optional().catch(undefined),
  event: z.string().optional().catch(undefined),
  condition: z.custom<Condition>(isCondition).optional().catch(undefined),
  for_points: z.number().optional().catch(undefined),
  dry_run: z.boolean().optional().catch(undefined),
  runs: z.number().optional().catch(undefined),
  logged: z.boolean().optional().catch(undefined),
  current: shownValue.optional().catch(undefined),
  last: shownFiring.optional().catch(undefined),
  dry: z.array(shownFiring).optional().catch(undefined),
});

const KINDS: readonly unknown[] = ['threshold', 'change', 'zscore', 'nonfinite', 'stall', 'silent', 'state'] satisfies Condition['kind'][];

function isCondition(value: unknown): boolean {
  const condition = value as Condition;
  try {
    return KINDS.includes(condition.kind) && conditionWords({ condition, forPoints: 1 }) !== '';
  } catch {
    return false;
  }
}

/** @param projects as the store remembers them */
export function engineStatus(projects: readonly ProjectMemory[]): EngineStatus {
  const automations = projects.flatMap(({ project, rules }) => rules.map((rule) => automationStatus(project, rule)));
  return {
    automations: automations.toSorted((a, b) => order(a.name, b.name) || order(a.project, b.project)),
    projects: projects.map(({ project, readAt, problem }) => ({ project, readAt, problem })),
  };
}

function automationStatus(project: string, rule: RuleMemory): AutomationStatus {
  const detail = detailShape.parse(rule.detail satisfies JsonObject);
  const { name, event, condition, for_points: forPoints = 1, current, last, dry = [] } = detail;
  const shown = (value: ShownNumber): string => (condition === undefined ? String(value) : valueWords(condition, Number(value)));
  const firing = ({ run, display_name, at, step, value, resolved }: z.infer<typeof shownFiring>): FiringStatus => ({
    run,
    displayName: display_name,
    at,
    step: step ?? null,
    value: value ?? null,
    shown: value === undefined ? null : shown(value),
    resolved: resolved ?? false,
  });
  return {
    name: name ?? rule.rule,
    project,
    event: event ?? null,
    condition: condition === undefined ? null : conditionWords({ condition, forPoints }),
    dryRun: detail.dry_run ?? false,
    firstSeenAt: rule.firstSeenAt,
    lastEvaluatedAt: rule.lastEvaluatedAt,
    lastFiredAt: rule.lastFiredAt,
    lastFiring: last === undefined ? null : firing(last),
    current:
      current === undefined
        ? null
        : {
            run: current.run,
            displayName: current.display_name,
            value: current.value,
            shown: shown(current.value),
            at: current.at,
            isMet: current.met,
          },
    metricLogged: detail.logged ?? null,
    runs: detail.runs ?? 0,
    dryFirings: dry.map(firing),
  };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
