import * as z from 'zod';
import type { FailedJob } from '../../src/route/alert.ts';

/** Which job and step of a run failed. Source: GitHub's REST documentation, "Workflow jobs". Pure. */

/** GitHub gives at most so many jobs a page. Which one failed is read from the first page only. */
export const MOST_JOBS = 100;

const conclusion = z.string().nullish();
export const jobListSchema = z.array(
  z.object({
    name: z.string(),
    html_url: z.string().nullish(),
    conclusion,
    steps: z.array(z.object({ name: z.string(), conclusion })).nullish(),
  }),
);

/** What went wrong counts before what was stopped because of it. */
const BAD: readonly string[] = ['failure', 'timed_out', 'startup_failure', 'cancelled'];

/** The first job that failed, with its first step that did; of a run that was cancelled, the first that was stopped. */
export function failedJobIn(jobs: z.infer<typeof jobListSchema>): FailedJob | undefined {
  const job = firstBad(jobs);
  if (job === undefined) return undefined;
  return { job: job.name, step: firstBad(job.steps ?? [])?.name ?? null, url: job.html_url ?? null };
}

function firstBad<Item extends { readonly conclusion?: string | null | undefined }>(items: readonly Item[]): Item | undefined {
  for (const bad of BAD) {
    const found = items.find((item) => item.conclusion === bad);
    if (found !== undefined) return found;
  }
  return undefined;
}
