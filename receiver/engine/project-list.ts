import type { ReadFailure, RunReader } from '../../src/engine/run-reader.ts';
import { REGISTRY_PREFIX } from '../../src/wandb/projects.ts';
import type { Runtime } from '../runtime.ts';
import { newProjectCache } from './round.ts';
import type { WatchedProject } from './watched-project.ts';
import { projectName, rulesOfProject, scopesOf, type WatchedRule } from './watched-rule.ts';

export interface ProjectListOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly rules: readonly WatchedRule[];
  readonly reader: Pick<RunReader, 'projects'>;
}

/** Which projects are watched: those that automations name, and all of a team whose automations are for all of them. */
export interface ProjectList {
  all(): readonly WatchedProject[];
  /** Looks for a team's new projects, now and then. Never rejects. */
  refresh(signal: AbortSignal): Promise<void>;
  /** When it does so next; `undefined`: never. */
  refreshAt(): number | undefined;
  /** Teams whose projects could not be listed the last time. */
  unlisted(): readonly UnlistedTeam[];
}

export interface UnlistedTeam {
  readonly entity: string;
  readonly failure: ReadFailure;
  /** Since when. Milliseconds since 1970. */
  readonly since: number;
}

const REFRESH_MS = 10 * 60_000;
const REFRESH_AFTER_FAILURE_MS = 60_000;

export function createProjectList({ rules, reader, now, log }: ProjectListOptions): ProjectList {
  const { projects, entities } = scopesOf(rules);
  const known = new Map<string, WatchedProject>();
  const due = new Map(entities.map((entity) => [entity, 0]));
  const unlisted = new Map<string, UnlistedTeam>();

  const add = (entity: string, project: string, isOneOfMany: boolean): void => {
    const name = projectName({ entity, project });
    if (known.has(name)) return;
    known.set(name, {
      project: { entity, project },
      rules: rulesOfProject(rules, { entity, project }),
      cache: newProjectCache(),
      isOneOfMany,
      dueAt: now(),
      failures: 0,
      isRunning: false,
      lastLiveAt: now(),
    });
  };
  for (const { entity, project } of projects) add(entity, project, false);

  const refreshEntity = async (entity: string, signal: AbortSignal): Promise<void> => {
    const since = now();
    due.set(entity, since + REFRESH_AFTER_FAILURE_MS);
    const listed = await reader.projects(entity, signal);
    if (!listed.ok) {
      // What stopping broke off is no failure of W&B's.
      if (signal.aborted) return;
      unlisted.set(entity, { entity, failure: listed.error, since: unlisted.get(entity)?.since ?? since });
      log.warn({ entity, error: listed.error.message }, 'the projects of a team could not be listed; those that are known are watched');
      return;
    }
    due.set(entity, now() + REFRESH_MS);
    unlisted.delete(entity);
    const names = new Set(listed.value.filter((project) => !project.startsWith(REGISTRY_PREFIX)));
    for (const project of names) add(entity, project, true);
    for (const [name, { project, isOneOfMany }] of known)
      if (isOneOfMany && project.entity === entity && !names.has(project.project)) known.delete(name);
  };

  return {
    all: () => [...known.values()],
    refresh: async (signal) => {
      const entities = [...due].flatMap(([entity, at]) => (at <= now() ? [entity] : []));
      await Promise.all(entities.map((entity) => refreshEntity(entity, signal)));
    },
    refreshAt: () => (due.size === 0 ? undefined : Math.min(...due.values())),
    unlisted: () => [...unlisted.values()],
  };
}
