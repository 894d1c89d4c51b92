import { Cron } from 'croner';
import { messageOf } from '../lib/error-message.ts';
import { nearestWord } from '../lib/nearest-word.ts';

/** When digests are due: a cron schedule of five fields in a time zone. Pure. */

export interface Schedule {
  /** `0 9 * * 1-5`: minute, hour, day of the month, month, day of the week. */
  readonly schedule: string;
  /** An IANA name. */
  readonly timezone: string;
}

export const DEFAULT_TIMEZONE = 'UTC';
const EXAMPLE = '"0 9 * * 1-5" for 9:00 from Monday to Friday';

/** What is wrong with a schedule; `undefined` when it is good. */
export function scheduleProblem(schedule: string): string | undefined {
  try {
    if (cronOf({ schedule, timezone: DEFAULT_TIMEZONE }).nextRun(new Date(0)) !== null) return undefined;
    return 'never comes: no such date exists';
  } catch (error) {
    // Croner also takes schedules with seconds and years, and says so.
    const why = messageOf(error).replace(/^CronPattern: /, '');
    const more = /\bparts?\b/.test(why) ? '' : `: ${why}`;
    return `must be a cron schedule of five fields (minute hour day month weekday), such as ${EXAMPLE}${more}`;
  }
}

/** What is wrong with the name of a time zone; `undefined` when it is good. */
export function timezoneProblem(timezone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return undefined;
  } catch {
    const near = nearestWord(timezone, Intl.supportedValuesOf('timeZone'));
    return `must be a time zone by its IANA name, such as Europe/Berlin${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
  }
}

/** What is to be sent now. Times are milliseconds since 1970. */
export interface Due {
  readonly dueAt: number;
  /** Where the time begins that it is about: the occurrence that was sent last. */
  readonly since: number;
  /** How many occurrences between the two were not sent. */
  readonly skipped: number;
}

/** It is sent late up to half of the time to the next one, and at most so long. */
const LATEST_MS = 24 * 3_600_000;
/** More are not counted. */
const MOST_SKIPPED = 1000;

/**
 * The latest occurrence, when it is still to be sent. Days on which clocks are changed have each occurrence once: a time that does
 * not exist comes when the clocks have been moved, one that exists twice comes the first time.
 *
 * @param last the occurrence that was sent last
 */
export function dueOf(schedule: Schedule, last: number, now: number): Due | undefined {
  const dueAt = latestOf(schedule, now);
  if (dueAt === undefined || dueAt <= last || now - dueAt > graceOf(schedule, dueAt)) return undefined;
  return { dueAt, since: last, skipped: between(schedule, last, dueAt) };
}

/** The latest occurrence at or before `now`. */
export function latestOf(schedule: Schedule, now: number): number | undefined {
  // Croner counts in seconds, and looks strictly before.
  const reference = new Date(Math.floor(now / 1000) * 1000 + 1000);
  return cronOf(schedule).previousRuns(1, reference)[0]?.getTime();
}

/** The first occurrence after `now`. */
export function nextOf(schedule: Schedule, now: number): number | undefined {
  return cronOf(schedule).nextRun(new Date(now))?.getTime();
}

function graceOf(schedule: Schedule, dueAt: number): number {
  const next = nextOf(schedule, dueAt);
  return next === undefined ? LATEST_MS : Math.min(LATEST_MS, (next - dueAt) / 2);
}

function between(schedule: Schedule, after: number, before: number): number {
  let count = 0;
  for (let at = nextOf(schedule, after); at !== undefined && at < before && count < MOST_SKIPPED; at = nextOf(schedule, at)) count++;
  return count;
}

function cronOf({ schedule, timezone }: Schedule): Cron {
  return new Cron(schedule, { mode: '5-part', timezone, paused: true });
}
