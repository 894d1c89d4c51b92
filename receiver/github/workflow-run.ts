import * as z from 'zod';
import type { RunReport } from '../store/run.ts';

const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/**
 * The part of a workflow run that is read, the same in GitHub's `workflow_run` webhook and in its REST API
 * (GitHub documentation, "Webhook events and payloads", "Workflow runs").
 */
export const workflowRunSchema = z.object({
  id: z.int().positive(),
  repository: z.object({ id: z.int().positive() }).optional().catch(undefined),
  // Runs from before re-runs were counted, and old GitHub Enterprise Servers, lack it.
  run_attempt: z.int().positive().default(1),
  event: z.string(),
  status: z.string().nullable(),
  conclusion: z.string().nullable().default(null),
  name: z.string().nullish().catch(undefined),
  display_title: z.string().default(''),
  html_url: z.string(),
  created_at: moment,
  run_started_at: moment.nullish(),
  updated_at: moment.nullish(),
});

export type WorkflowRun = z.infer<typeof workflowRunSchema>;

/**
 * Reads a run. `requested`, `queued`, `waiting` and `pending` are all `queued`: it is there and nothing of it runs. A
 * completed run was last changed when it ended.
 */
export function reportOf(run: WorkflowRun, repository: string, repositoryId = run.repository?.id): RunReport {
  const status = run.status === 'completed' || run.status === 'in_progress' ? run.status : 'queued';
  return {
    repository,
    ...(repositoryId === undefined ? {} : { repositoryId: String(repositoryId) }),
    runId: String(run.id),
    url: run.html_url,
    title: run.display_title,
    ...(run.name == null || run.name === '' ? {} : { workflow: run.name }),
    event: run.event,
    status,
    conclusion: status === 'completed' ? run.conclusion : null,
    attempt: run.run_attempt,
    createdAt: run.created_at,
    startedAt: run.run_started_at ?? null,
    endedAt: status === 'completed' ? (run.updated_at ?? null) : null,
  };
}
