import * as z from 'zod';
import { ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { collectionsDocument, PROJECT_COLLECTIONS } from './documents.ts';
import { missingNameError } from './missing-name.ts';
import { allPages, nodesOf, pageOf } from './paging.ts';
import { type ProjectName, projectKey, REGISTRY_PREFIX } from './projects.ts';
import type { WandbError } from './wandb-error.ts';

export interface CollectionName extends ProjectName {
  readonly collection: string;
}

/** A project can have two collections of one name: one that runs log to, and one that versions are linked to. */
const NAMES_PER_FILTER = 50;
const FILTERS_PER_REQUEST = 10;
const PER_PAGE = 100;

const collectionShape = z.object({ __typename: z.string(), id: z.string(), name: z.string() });
type CollectionAnswer = z.infer<typeof collectionShape>;
const projectShape = z.object({ artifactCollections: pageOf(collectionShape).nullish() }).nullish();
const filteredShape = z.record(z.string(), projectShape);
const listedShape = z.object({ project: projectShape });

interface Query extends ProjectName {
  readonly names: readonly string[];
}

/** A collection's name as a key. */
export function collectionKey(name: CollectionName): string {
  return `${projectKey(name)}/${name.collection}`;
}

/**
 * The ids of collections of existing projects. One request looks up many names. A name that it does not find is searched in
 * the whole list of the project, and an error names what is in that list. (The server's filter is not documented, so only
 * the number of requests depends on it.)
 *
 * In a project a sequence (what runs log to) comes before a portfolio of the same name; a registry has portfolios only.
 *
 * @returns by `collectionKey`
 */
export async function findCollections(
  client: WandbClient,
  wanted: readonly CollectionName[],
): Promise<Result<ReadonlyMap<string, Result<string, WandbError>>, WandbError>> {
  const projects = byProject(wanted);
  const results = new Map<string, Result<string, WandbError>>();
  const filtered = await askByName(client, projects);
  if (!filtered.ok) return filtered;
  for (const { entity, project, names } of projects) {
    const nodes = filtered.value.get(projectKey({ entity, project })) ?? [];
    const missing = names.filter((collection) => {
      const id = pick(nodes, collection, project);
      if (id !== undefined) results.set(collectionKey({ entity, project, collection }), ok(id));
      return id === undefined;
    });
    if (missing.length === 0) continue;
    const all = await listCollections(client, { entity, project });
    if (!all.ok) return all;
    for (const collection of missing) {
      const id = pick(all.value, collection, project);
      const result = id === undefined ? missingCollection({ entity, project, collection }, all.value) : ok(id);
      results.set(collectionKey({ entity, project, collection }), result);
    }
  }
  return ok(results);
}

function byProject(wanted: readonly CollectionName[]): Query[] {
  const projects = new Map<string, { entity: string; project: string; names: Set<string> }>();
  for (const { entity, project, collection } of wanted) {
    const key = projectKey({ entity, project });
    const known = projects.get(key) ?? { entity, project, names: new Set() };
    known.names.add(collection);
    projects.set(key, known);
  }
  return [...projects.values()].map(({ entity, project, names }) => ({ entity, project, names: [...names] }));
}

/** The collections that the server's filter finds. None if the server refuses the filter: the caller lists then. */
async function askByName(
  client: WandbClient,
  projects: readonly Query[],
): Promise<Result<ReadonlyMap<string, readonly CollectionAnswer[]>, WandbError>> {
  const queries = projects.flatMap(({ entity, project, names }) =>
    chunksOf(names, NAMES_PER_FILTER).map((chunk) => ({ entity, project, names: chunk })),
  );
  const found = new Map<string, CollectionAnswer[]>();
  for (const chunk of chunksOf(queries, FILTERS_PER_REQUEST)) {
    const variables = Object.fromEntries(
      chunk.flatMap(({ entity, project, names }, i) => [
        [`e${i}`, entity],
        [`p${i}`, project],
        [`f${i}`, JSON.stringify({ name: { $in: names } })],
      ]),
    );
    const answer = await client.query(collectionsDocument(chunk.length, PER_PAGE), variables, filteredShape);
    if (!answer.ok) {
      if (answer.error.kind === 'invalid') return ok(found);
      return answer;
    }
    for (const [i, query] of chunk.entries()) {
      const page = answer.value[`p${i}`]?.artifactCollections;
      const key = projectKey(query);
      if (page) found.set(key, [...(found.get(key) ?? []), ...nodesOf(page)]);
    }
  }
  return ok(found);
}

async function listCollections(client: WandbClient, { entity, project }: ProjectName): Promise<Result<CollectionAnswer[], WandbError>> {
  return await allPages(async (after) => {
    const answer = await client.query(PROJECT_COLLECTIONS, { entity, project, first: PER_PAGE, after }, listedShape);
    return answer.ok ? ok(answer.value.project?.artifactCollections ?? { pageInfo: { hasNextPage: false }, edges: [] }) : answer;
  });
}

/** The names of all collections of an existing project, in W&B's order. A registry has portfolios only. */
export async function collectionNames(client: WandbClient, project: ProjectName): Promise<Result<readonly string[], WandbError>> {
  const all = await listCollections(client, project);
  if (!all.ok) return all;
  const inRegistry = project.project.startsWith(REGISTRY_PREFIX);
  const named = all.value.filter((node) => !inRegistry || node.__typename === 'ArtifactPortfolio');
  return ok([...new Set(named.map(({ name }) => name))]);
}

function pick(nodes: readonly CollectionAnswer[], name: string, project: string): string | undefined {
  const named = nodes.filter((node) => node.name === name);
  const portfolio = named.find((node) => node.__typename === 'ArtifactPortfolio');
  if (project.startsWith(REGISTRY_PREFIX)) return portfolio?.id;
  return (named.find((node) => node.__typename === 'ArtifactSequence') ?? portfolio)?.id;
}

function missingCollection({ project, collection }: CollectionName, all: readonly CollectionAnswer[]): Result<never, WandbError> {
  const inRegistry = project.startsWith(REGISTRY_PREFIX);
  const where = inRegistry ? `in registry ${project.slice(REGISTRY_PREFIX.length)}` : `in project ${project}`;
  const known = all.filter((node) => !inRegistry || node.__typename === 'ArtifactPortfolio').map((node) => node.name);
  return missingNameError('collection', collection, where, known);
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_none, i) => items.slice(i * size, (i + 1) * size));
}
