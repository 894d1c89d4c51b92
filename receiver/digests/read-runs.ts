import { DEFAULT_TOP, type Digest, metricsOf } from '../../src/digest/definition.ts';
import { projectOf } from '../../src/digest/event-summary.ts';
import type { DigestFacts } from '../../src/digest/facts.ts';
import { CRASHED_AFTER_MS, type ProjectRuns, type RunPeriod, summarizeMetrics, summarizeRuns } from '../../src/digest/run-summary.ts';
import type { ProjectRef, ReadFailure, RunReader } from '../../src/engine/run-reader.ts';

/** The runs of a digest, read from W&B. */

export type DigestReader = Pick<RunReader, 'projects' | 'runsSince'>;

/** Runs of one project, the latest. */
const MOST_RUNS = 1000;
const MOST_PROJECTS = 50;
/** A registry is a project of the organization, and has no runs. */
const REGISTRY_PREFIX = 'wandb-registry-';

export interface ReadRunsOptions {
  readonly digest: Digest;
  readonly entity: string | undefined;
  readonly period: RunPeriod;
  readonly before: DigestFacts | undefined;
  /** Left out: there is no key for W&B's API. */
  readonly reader?: DigestReader;
  readonly signal: AbortSignal;
}

export interface RunsRead extends Pick<DigestFacts, 'runs' | 'metrics' | 'notes'> {
  /** Reading it again may help. */
  readonly isUnavailable: boolean;
}

const NO_KEY = 'Runs are not shown: WANDB_API_KEY is not set.';

export async function readRuns(options: ReadRunsOptions): Promise<RunsRead> {
  const { digest, entity, period, before, reader, signal } = options;
  const none = { runs: null, metrics: [], isUnavailable: false };
  const { scope } = digest;
  if (scope.registry !== undefined) return { ...none, notes: [] };
  if (reader === undefined) return { ...none, notes: [NO_KEY] };
  const listed = await projectsOf(digest, entity, reader, signal);
  if ('failure' in listed) return { ...none, ...unread(listed.failure) };
  const metrics = metricsOf(digest);
  const found: ProjectRuns[] = [];
  const notes = [...listed.notes];
  for (const project of listed.projects) {
    const runs = await reader.runsSince(project, {
      since: period.since - CRASHED_AFTER_MS,
      summary: metrics.map(({ metric }) => metric),
      limit: MOST_RUNS,
      signal,
    });
    if (runs.ok) found.push({ project, runs: runs.value });
    // A project that was deleted must not hide the others of its team.
    else if (listed.projects.length > 1 && runs.error.kind !== 'unavailable') notes.push(`${project.project}: ${runs.error.message}`);
    else return { ...none, ...unread(runs.error) };
  }
  const isCut = found.some(({ runs }) => runs.length >= MOST_RUNS);
  return {
    runs: summarizeRuns(found, period, isCut),
    metrics: summarizeMetrics(found, period, metrics, { top: digest.top ?? DEFAULT_TOP, before }),
    notes,
    isUnavailable: false,
  };
}

async function projectsOf(
  digest: Digest,
  entity: string | undefined,
  reader: DigestReader,
  signal: AbortSignal,
): Promise<{ projects: readonly ProjectRef[]; notes: readonly string[] } | { failure: ReadFailure }> {
  const one = projectOf(digest, entity);
  if (one !== undefined) return { projects: [one], notes: [] };
  const { team = '' } = digest.scope;
  const names = await reader.projects(team, signal);
  if (!names.ok) return { failure: names.error };
  const projects = names.value.filter((name) => !name.startsWith(REGISTRY_PREFIX)).map((project) => ({ entity: team, project }));
  const notes = projects.length > MOST_PROJECTS ? [`Only ${MOST_PROJECTS} of ${projects.length} projects were read.`] : [];
  return { projects: projects.slice(0, MOST_PROJECTS), notes };
}

function unread({ kind, message }: ReadFailure): Pick<RunsRead, 'notes' | 'isUnavailable'> {
  return { notes: [`Runs are not shown: ${message}`], isUnavailable: kind === 'unavailable' || kind === 'limited' };
}
