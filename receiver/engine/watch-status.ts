import type { ReadFailure } from '../../src/engine/run-reader.ts';
import { durationWords } from '../../src/lib/duration.ts';
import type { Runtime } from '../runtime.ts';
import type { UnlistedTeam } from './project-list.ts';
import type { RoundOutcome } from './round.ts';
import type { WatchedProject } from './watched-project.ts';
import { projectName } from './watched-rule.ts';

/** What came of a project's last round, for people. */
export interface WatchReport {
  /** `entity/project` */
  readonly project: string;
  /** How far back what was not evaluated yet may lie, in milliseconds; 0: everything was. */
  readonly behindMs: number;
  /** Why it could not be read; `null`: it was. */
  readonly problem: string | null;
  /** Another receiver reads it. */
  readonly isElsewhere: boolean;
  /** How many events were stored by this process. */
  readonly events: number;
  /** How many runs went on. */
  readonly live: number;
  /** How many rounds were made here. */
  readonly rounds: number;
}

export interface WatchStatus {
  note(watched: WatchedProject, outcome: RoundOutcome | 'taken', startedAt: number): void;
  /** A round was read, and could not be stored; the caller logs why. */
  noteUnstored(watched: WatchedProject, startedAt: number): void;
  /** Lines for `/readyz`, which anybody may read: no names in them. */
  details(projects: number, unlisted: readonly UnlistedTeam[]): readonly string[];
  report(): readonly WatchReport[];
}

/** Being behind for less is nothing that anybody has to know. Milliseconds. */
const WORTH_KNOWING_MS = 2 * 60_000;

interface Known extends Omit<WatchReport, 'behindMs'> {
  readonly behindSince: number | null;
  readonly kind: ReadFailure['kind'] | 'part' | 'unstored' | null;
  readonly isReported: boolean;
}

/** Keeps how far behind each project is; logs when one falls behind, and when it has caught up. */
export function createWatchStatus({ now, log }: Pick<Runtime, 'now' | 'log'>): WatchStatus {
  const known = new Map<string, Known>();

  const report = (project: string, before: Known | undefined, after: Known): Known => {
    const { problem, kind, behindSince, isReported } = after;
    if (problem !== null && kind !== before?.kind) log.warn({ project }, `a project's runs could not be read: ${problem}`);
    const behindMs = behindSince === null ? 0 : now() - behindSince;
    if (behindMs >= WORTH_KNOWING_MS && !isReported) {
      log.warn(
        { project, seconds: Math.round(behindMs / 1000) },
        `the automations of a project are evaluated ${durationWords(behindMs)} late`,
      );
      return { ...after, isReported: true };
    }
    if (behindSince === null && before !== undefined && before.behindSince !== null && (before.isReported || before.problem !== null)) {
      log.info({ project }, `a project is read again; it was behind for ${durationWords(now() - before.behindSince)}`);
      return { ...after, isReported: false };
    }
    return after;
  };

  return {
    note: ({ project: ref }, outcome, startedAt) => {
      const project = projectName(ref);
      const before = known.get(project);
      known.set(project, report(project, before, next(project, before, outcome, startedAt)));
    },
    noteUnstored: ({ project: ref }, startedAt) => {
      const project = projectName(ref);
      const before = known.get(project) ?? nothingKnown(project);
      const after = { ...before, kind: 'unstored', behindSince: before.behindSince ?? startedAt, isElsewhere: false } as const;
      known.set(project, report(project, before, after));
    },
    details: (projects, unlisted) => {
      const late = [...known.values()].filter(
        ({ behindSince, isElsewhere }) => !isElsewhere && behindSince !== null && now() - behindSince >= WORTH_KNOWING_MS,
      );
      const teams = unlistedWords(unlisted.filter(({ since }) => now() - since >= WORTH_KNOWING_MS));
      if (late.length === 0) return teams;
      const longest = Math.max(...late.map(({ behindSince }) => now() - (behindSince ?? now())));
      const why = [...new Set(late.map(({ kind }) => WHY[kind ?? 'part']))].join('; ');
      return [
        `automations with engine: relay: ${late.length} of ${projects} projects ${late.length === 1 ? 'is' : 'are'} up to ${durationWords(longest)} behind: ${why}. The log names them, and so does "wandb-relay automations".`,
        ...teams,
      ];
    },
    report: () =>
      [...known.values()].map(({ behindSince, kind: _kind, isReported: _isReported, ...rest }) => ({
        ...rest,
        behindMs: behindSince === null ? 0 : Math.max(0, now() - behindSince),
      })),
  };
}

const WHY: Readonly<Record<NonNullable<Known['kind']>, string>> = {
  unavailable: 'W&B does not answer',
  refused: 'W&B refuses the key, or what it is asked',
  missing: 'W&B does not know the project, or the key may not see it',
  limited: "W&B's rate limit is used up",
  part: 'more was logged than could be read so far, or an automation had to be left out',
  unstored: 'what was found out cannot be stored',
};

const WHY_UNLISTED: Readonly<Record<ReadFailure['kind'], string>> = {
  ...WHY,
  missing: 'W&B does not know the team, or the key may not see it',
};

function unlistedWords(unlisted: readonly UnlistedTeam[]): string[] {
  if (unlisted.length === 0) return [];
  const why = [...new Set(unlisted.map(({ failure }) => WHY_UNLISTED[failure.kind]))].join('; ');
  const teams = unlisted.length === 1 ? 'a team' : `${unlisted.length} teams`;
  return [
    `automations with engine: relay: the projects of ${teams} cannot be listed, so new ones are not watched: ${why}. The log names the ${unlisted.length === 1 ? 'team' : 'teams'}.`,
  ];
}

function nothingKnown(project: string): Known {
  return { project, events: 0, live: 0, rounds: 0, isReported: false, behindSince: null, kind: null, problem: null, isElsewhere: false };
}

function next(project: string, before: Known | undefined, outcome: RoundOutcome | 'taken', startedAt: number): Known {
  const same = { ...(before ?? nothingKnown(project)), isElsewhere: false };
  const { events, rounds, behindSince } = same;
  if (outcome === 'taken') return { ...same, isElsewhere: true, behindSince: null, kind: null, problem: null };
  switch (outcome.kind) {
    case 'early':
      return { ...same, behindSince: null };
    case 'failed':
      return {
        ...same,
        rounds: rounds + 1,
        problem: outcome.failure.message,
        kind: outcome.failure.kind,
        behindSince: behindSince ?? startedAt,
      };
    case 'read': {
      const isBehind = outcome.isBehind || outcome.problem !== null;
      return {
        ...same,
        events: events + outcome.events,
        live: outcome.live,
        rounds: rounds + 1,
        problem: outcome.problem,
        kind: isBehind ? (outcome.why ?? 'part') : null,
        behindSince: isBehind ? (behindSince ?? startedAt) : null,
      };
    }
  }
}
