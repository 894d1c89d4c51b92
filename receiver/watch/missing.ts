import type { OpenRun, RunReport } from '../store/run.ts';
import { GIVE_UP_AFTER_MS, MISSING_AFTER_MS } from './schedule.ts';

/** Notes about runs that did not appear. Pure. */

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const MINUTES = MISSING_AFTER_MS / 60_000;
const HOURS = GIVE_UP_AFTER_MS / 3_600_000;

/**
 * Why no run of this dispatch was found, judged by the other runs since then. A run with a delivery's id in its title belongs
 * to that delivery; a run without one may belong to this one.
 */
export function missingText(run: OpenRun, reports: readonly RunReport[]): string {
  const since = reports.filter((report) => report.createdAt >= run.runsSince);
  const nameless = since.filter((report) => !UUID.test(report.title));
  const nobodyListens =
    run.kind === 'repository_dispatch'
      ? `no workflow on the default branch of ${run.repository} listens to this event_type`
      : `${run.workflow ?? 'the workflow'} of ${run.repository} did not start`;
  const noName = 'run-name does not contain the delivery id';
  const what = `no run with this delivery's id has appeared within ${MINUTES} minutes`;
  if (nameless.length === 0) {
    const others = since.length === 0 ? 'no other run started there either' : 'other dispatches did start runs there since';
    return `${what}: ${nobodyListens} (${others})`;
  }
  const count = nameless.length === 1 ? 'one run has' : `${nameless.length} runs have`;
  return `${what}, but ${count} started there since without any delivery's id in the title: the workflow's ${noName}, or ${nobodyListens}`;
}

/** No poll succeeded in all that time. */
export function neverPolledText(why: string): string {
  return `GitHub could not be polled for the run within ${HOURS} hours: ${why}`;
}

export function notPermittedText(why: string): string {
  return `the run of this dispatch cannot be followed: ${why}`;
}

export function tooManyText(repository: string): string {
  return `the run of this dispatch was not found among the latest 5,000 runs of ${repository}`;
}
