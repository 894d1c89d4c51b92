import * as z from 'zod';
import type { ProjectRef, ReadFailure, RunReader } from '../engine/run-reader.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { ENTITY_PROJECTS } from './documents.ts';
import { allPages, type Page, pageOf } from './paging.ts';
import { projectKey } from './projects.ts';
import { PROJECT_FIELDS, STOP_RUN } from './run-documents.ts';
import { failureOf, missingProject } from './run-failure.ts';
import { listRunsNamed, listRunsSince } from './run-list.ts';
import { readPoints } from './run-points.ts';
import { createRunSession, type Patience, type RunSession } from './run-session.ts';
import type { WandbError } from './wandb-error.ts';

export interface RunReaderOptions {
  readonly client: WandbClient;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * `report`: a request is tried three times within seconds, and a limit that is used up is reported at once, for a watcher
   * that comes back. `wait`: up to five times, and it waits for the rate limit, for a command that somebody started.
   */
  readonly patience?: 'report' | 'wait';
}

const PATIENCE: Readonly<Record<'report' | 'wait', Patience>> = {
  report: { attempts: 3, longestWaitMs: 5_000 },
  wait: { attempts: 5, longestWaitMs: 600_000 },
};

const projectsShape = z.object({
  entity: z.object({ projects: pageOf(z.object({ name: z.string() })).nullish() }).nullish(),
});
const fieldsShape = z.object({
  project: z.object({ fields: pageOf(z.object({ path: z.string(), type: z.string().nullish() })).nullish() }).nullish(),
});
const stopShape = z.object({ stopRun: z.object({ success: z.boolean().nullish() }).nullish() });

const ITEMS_PER_PAGE = 100;

/** Reads runs through W&B's API. Its only state is what it has learned of the server and of runs. */
export function createRunReader({ client, now, patience = 'report' }: RunReaderOptions): RunReader {
  const session = createRunSession(client, now, PATIENCE[patience]);
  return {
    projects: (entity, signal) => readProjects(session, entity, signal),
    runsSince: (project, { since, filter, limit, signal, summary = [], fields = [] }) =>
      listRunsSince(session, { project, wanted: { summary, fields }, filter, signal }, { since, limit }),
    runsNamed: (project, names, { signal, summary = [], fields = [] }) =>
      listRunsNamed(session, { project, wanted: { summary, fields }, signal }, names),
    points: (project, queries, signal) => readPoints(session, project, queries, signal),
    metricNames: (project, signal) => readMetricNames(session, project, signal),
    stop: async ({ id }, signal) => {
      const answer = await client.mutate(STOP_RUN, { id }, stopShape, { ...PATIENCE[patience], until: signal });
      if (!answer.ok) return err(failureOf(answer.error));
      if (answer.value.stopRun?.success === true) return ok(undefined);
      return err({ kind: 'refused', message: 'W&B did not stop the run: it may have ended already' });
    },
    quota: (project) => client.limitLeft(project === undefined ? undefined : projectKey(project)),
    get requests() {
      return client.requests;
    },
  };
}

async function readProjects(session: RunSession, entity: string, signal: AbortSignal): Promise<Result<string[], ReadFailure>> {
  let isMissing = false;
  const projects = await allPages(async (after): Promise<Result<Page<{ name: string }>, WandbError>> => {
    const answer = await session.query(ENTITY_PROJECTS, { entity, first: ITEMS_PER_PAGE, after }, projectsShape, { signal });
    if (!answer.ok) return answer;
    isMissing ||= !answer.value.entity;
    return ok(answer.value.entity?.projects ?? NO_PAGE);
  });
  if (!projects.ok) return err(failureOf(projects.error));
  if (isMissing) return err({ kind: 'missing', message: `W&B has no team ${entity}, or the owner of the API key may not see it` });
  return ok([...new Set(projects.value.map(({ name }) => name))]);
}

const NO_PAGE = { pageInfo: { hasNextPage: false }, edges: [] };
/** What `project.fields` lists are paths: of summaries these are the metrics. */
const SUMMARY = /^summary_?metrics\./i;
const NO_METRIC = /^(?:config\.|_wandb\b)/;

async function readMetricNames(
  session: RunSession,
  project: ProjectRef,
  signal: AbortSignal,
): Promise<Result<readonly string[] | null, ReadFailure>> {
  let isMissing = false;
  const fields = await allPages(async (after): Promise<Result<Page<{ path: string }>, WandbError>> => {
    const answer = await session.query(PROJECT_FIELDS, { first: ITEMS_PER_PAGE, after }, fieldsShape, { project, signal });
    if (!answer.ok) return answer;
    isMissing ||= !answer.value.project;
    return ok(answer.value.project?.fields ?? NO_PAGE);
  });
  if (!fields.ok) return fields.error.kind === 'invalid' ? ok(null) : err(failureOf(fields.error));
  if (isMissing) return err(missingProject(project));
  const names = fields.value.map(({ path }) => path).filter((path) => !NO_METRIC.test(path));
  return ok([...new Set(names.map((path) => path.replace(SUMMARY, '')).filter((name) => !NO_METRIC.test(name)))]);
}
