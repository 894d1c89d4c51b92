import * as z from 'zod';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { ENTITY_PROJECTS, projectsDocument } from './documents.ts';
import { missingName } from './missing-name.ts';
import { allPages, pageOf } from './paging.ts';
import type { WandbError } from './wandb-error.ts';

/** A registry is a project of this name that the organization's entity owns. */
export const REGISTRY_PREFIX = 'wandb-registry-';

export interface ProjectName {
  readonly entity: string;
  readonly project: string;
}

/** The most aliases in one query document. */
const ALIASES_PER_REQUEST = 50;
const PROJECTS_PER_PAGE = 100;

const idsShape = z.record(z.string(), z.object({ id: z.string() }).nullish());
const projectsShape = z.object({
  entity: z.object({ projects: pageOf(z.object({ name: z.string() })).nullish() }).nullish(),
});

/** A project's name as a key; neither entities nor projects have a slash in their names. */
export function projectKey({ entity, project }: ProjectName): string {
  return `${entity}/${project}`;
}

/**
 * The ids of projects: one request per 50 different projects, and for each entity that lacks one its list of projects,
 * for an error that names them.
 *
 * @returns by `projectKey`
 */
export async function findProjects(
  client: WandbClient,
  wanted: readonly ProjectName[],
): Promise<Result<ReadonlyMap<string, Result<string, WandbError>>, WandbError>> {
  const different = [...new Map(wanted.map((name) => [projectKey(name), name])).values()];
  const results = new Map<string, Result<string, WandbError>>();
  for (let start = 0; start < different.length; start += ALIASES_PER_REQUEST) {
    const chunk = different.slice(start, start + ALIASES_PER_REQUEST);
    const variables = Object.fromEntries(
      chunk.flatMap(({ entity, project }, i) => [
        [`e${i}`, entity],
        [`p${i}`, project],
      ]),
    );
    const answer = await client.query(projectsDocument(chunk.length), variables, idsShape);
    if (!answer.ok) return answer;
    for (const [i, name] of chunk.entries()) {
      const project = answer.value[`p${i}`];
      if (project) results.set(projectKey(name), ok(project.id));
    }
  }
  const missing = different.filter((name) => !results.has(projectKey(name)));
  for (const entity of new Set(missing.map((name) => name.entity))) {
    const names = await projectNames(client, entity);
    if (!names.ok) return names;
    for (const name of missing.filter((one) => one.entity === entity)) {
      results.set(projectKey(name), err({ kind: 'not_found', status: null, message: missingProject(name, names.value) }));
    }
  }
  return ok(results);
}

async function projectNames(client: WandbClient, entity: string): Promise<Result<string[], WandbError>> {
  const projects = await allPages(async (after) => {
    const answer = await client.query(ENTITY_PROJECTS, { entity, first: PROJECTS_PER_PAGE, after }, projectsShape);
    return answer.ok ? ok(answer.value.entity?.projects ?? { pageInfo: { hasNextPage: false }, edges: [] }) : answer;
  });
  return projects.ok ? ok(projects.value.map((project) => project.name)) : projects;
}

function missingProject({ entity, project }: ProjectName, known: readonly string[]): string {
  if (project.startsWith(REGISTRY_PREFIX)) {
    const registries = known.filter((name) => name.startsWith(REGISTRY_PREFIX)).map((name) => name.slice(REGISTRY_PREFIX.length));
    return missingName('registry', project.slice(REGISTRY_PREFIX.length), `of ${entity}`, registries);
  }
  return missingName('project', project, `in team ${entity}`, known);
}
