import * as z from 'zod';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { artifactAliasesDocument, membershipsDocument } from './documents.ts';
import { type ServerFeatures, supports } from './features.ts';
import { REGISTRY_PREFIX } from './projects.ts';
import { readScopeDirectory } from './scope-directory.ts';
import type { WandbError } from './wandb-error.ts';

export interface CollectionPath {
  readonly entity: string;
  readonly project: string;
  readonly collection: string;
}

export interface AliasName extends CollectionPath {
  readonly alias: string;
}

/** Which version has an alias, as `vN`; `null`: none has it. An error is a sentence for people: that cannot be known. */
export type AliasHolder = Result<string | null, string>;

/** The most fields in one query document. */
const NAMES_PER_REQUEST = 50;
/** Newer versions are looked at first; an alias on one that is so much older is not found. */
const MOST_VERSIONS = 5_000;

const collectionShape = z.object({ name: z.string(), project: z.object({ name: z.string(), entityName: z.string() }).nullish() });
const artifactShape = z.object({
  versionIndex: z.number().int().nullish(),
  artifactSequence: collectionShape.nullish(),
  aliases: z.array(z.object({ alias: z.string(), artifactCollection: collectionShape.nullish() })).nullish(),
});
const membershipsShape = z.record(
  z.string(),
  z.object({ artifactCollectionMembership: z.object({ versionIndex: z.number().int().nullish() }).nullish() }).nullish(),
);
const artifactsShape = z.record(z.string(), z.object({ artifact: artifactShape.nullish() }).nullish());

type AnsweredArtifact = z.infer<typeof artifactShape>;

/**
 * Which version has each alias: one request for 50 of them.
 *
 * W&B answers `null` for what does not exist and for what the key may not see alike. So an alias that no version has is told
 * from a collection that is not visible by the collection's `latest`, which W&B gives to every newest version.
 *
 * @returns in the order of `wanted`; an error when W&B cannot be asked at all
 */
export async function findAliasHolders(
  client: WandbClient,
  features: ServerFeatures,
  wanted: readonly AliasName[],
): Promise<Result<AliasHolder[], WandbError>> {
  const names = await withRegistryOwners(client, wanted);
  if (!names.ok) return names;
  return await visibleHolders(client, features, names.value);
}

async function visibleHolders(
  client: WandbClient,
  features: ServerFeatures,
  wanted: readonly AliasName[],
): Promise<Result<AliasHolder[], WandbError>> {
  const found = await lookUp(client, features, wanted);
  if (!found.ok) return found;
  const isMissing = (i: number): boolean => found.value[i]?.ok === true && found.value[i].value === null;
  const collections = new Map(wanted.flatMap((name, i) => (isMissing(i) ? [[pathOf(name), { ...name, alias: 'latest' }]] : [])));
  const latest = await lookUp(client, features, [...collections.values()]);
  if (!latest.ok) return latest;
  const visible = new Set([...collections.keys()].filter((_path, i) => latest.value[i]?.ok !== true || latest.value[i].value !== null));
  return ok(
    found.value.map((holder, i) => {
      const name = wanted[i];
      if (name === undefined || !isMissing(i) || visible.has(pathOf(name))) return holder;
      return err(`W&B shows no version of ${pathOf(name)}: it is gone, or the key may not see it`);
    }),
  );
}

/** Events of a registry may name the team; the registry belongs to the entity of its organization. One request, or none. */
async function withRegistryOwners<T extends CollectionPath>(client: WandbClient, names: readonly T[]): Promise<Result<T[], WandbError>> {
  const isInRegistry = ({ project }: T): boolean => project.startsWith(REGISTRY_PREFIX);
  const entities = [...new Set(names.filter(isInRegistry).map(({ entity }) => entity))];
  if (entities.length === 0) return ok([...names]);
  const directory = await readScopeDirectory(client, entities, []);
  if (!directory.ok) return directory;
  const ownerOf = (entity: string): string => {
    const found = directory.value.entity(entity);
    return (found.ok ? found.value.organization?.entity?.name : undefined) ?? entity;
  };
  return ok(names.map((name) => (isInRegistry(name) ? { ...name, entity: ownerOf(name.entity) } : name)));
}

async function lookUp(
  client: WandbClient,
  features: ServerFeatures,
  wanted: readonly AliasName[],
): Promise<Result<AliasHolder[], WandbError>> {
  const holders: AliasHolder[] = [];
  for (const chunk of chunksOf(wanted, NAMES_PER_REQUEST)) {
    const variables = variablesOf(chunk.map((name) => ({ ...name, version: name.alias })));
    if (supports(features, 'membership')) {
      const answer = await client.query(membershipsDocument(chunk.length), variables, membershipsShape);
      if (!answer.ok) return answer;
      holders.push(
        ...chunk.map((name, i) => {
          const project = answer.value[`p${i}`];
          return project ? holderAt(project.artifactCollectionMembership?.versionIndex) : noProject(name);
        }),
      );
    } else {
      const answer = await client.query(artifactAliasesDocument(chunk.length), variables, artifactsShape);
      if (!answer.ok) return answer;
      holders.push(
        ...chunk.map((name, i) => {
          const project = answer.value[`p${i}`];
          return project ? holderOf(name, project.artifact) : noProject(name);
        }),
      );
    }
  }
  return ok(holders);
}

function holderAt(versionIndex: number | null | undefined): AliasHolder {
  return ok(typeof versionIndex === 'number' ? `v${versionIndex}` : null);
}

/** An artifact knows its number in the collection where a run logged it, and in no other. */
function holderOf(name: AliasName, artifact: AnsweredArtifact | null | undefined): AliasHolder {
  if (!artifact) return ok(null);
  if (isOf(name, artifact.artifactSequence)) return holderAt(artifact.versionIndex);
  return err(`this W&B server does not say which number the version has in ${pathOf(name)}`);
}

function noProject({ entity, project }: CollectionPath): AliasHolder {
  const what = project.startsWith(REGISTRY_PREFIX) ? `registry ${project.slice(REGISTRY_PREFIX.length)}` : `project ${project}`;
  return err(`W&B shows no ${what} of ${entity}: it is gone, or the key may not see it`);
}

/** The aliases of a collection. */
export interface CollectionAliases {
  /** Version (`vN`) by alias, W&B's own `vN` left out. */
  readonly holders: ReadonlyMap<string, string>;
  /** There are older versions that were not looked at. */
  readonly isCut: boolean;
}

/**
 * All aliases of a collection, or of a registry's collection: each of its versions is asked for, 50 in a request, the newest
 * first. W&B's public schema has no list of them.
 *
 * @returns `not_found` when W&B shows no version of it
 */
export async function listAliases(
  client: WandbClient,
  features: ServerFeatures,
  wanted: CollectionPath,
): Promise<Result<CollectionAliases, WandbError>> {
  const owned = await withRegistryOwners(client, [wanted]);
  if (!owned.ok) return owned;
  const [path = wanted] = owned.value;
  const numbers = await versionsOf(client, features, path);
  if (!numbers.ok) return numbers;
  const holders = new Map<string, string>();
  let isVisible = false;
  for (const chunk of chunksOf(numbers.value.versions, NAMES_PER_REQUEST)) {
    const variables = variablesOf(chunk.map((version) => ({ ...path, version })));
    const answer = await client.query(artifactAliasesDocument(chunk.length), variables, artifactsShape);
    if (!answer.ok) return answer;
    const exists = chunk.some((_version, i) => answer.value[`p${i}`]?.artifact);
    isVisible ||= exists;
    if (!exists && numbers.value.endIsUnknown) break;
    for (const [i, version] of chunk.entries()) {
      for (const { alias, artifactCollection } of answer.value[`p${i}`]?.artifact?.aliases ?? []) {
        if (!isOf(path, artifactCollection) || /^v\d+$/.test(alias) || holders.has(alias)) continue;
        holders.set(alias, version);
      }
    }
  }
  return isVisible ? ok({ holders, isCut: numbers.value.isCut }) : notFound(noVersion(path));
}

interface Versions {
  readonly versions: readonly string[];
  readonly isCut: boolean;
  /** Whether the collection has ended before is seen only when there are no more versions. */
  readonly endIsUnknown: boolean;
}

/** The versions that a collection may have, the newest first where its number is known. */
async function versionsOf(client: WandbClient, features: ServerFeatures, path: CollectionPath): Promise<Result<Versions, WandbError>> {
  if (path.project.startsWith(REGISTRY_PREFIX) && !supports(features, 'membership')) {
    return ok({ versions: Array.from({ length: MOST_VERSIONS }, (_none, i) => `v${i}`), isCut: false, endIsUnknown: true });
  }
  const newest = await lookUp(client, features, [{ ...path, alias: 'latest' }]);
  if (!newest.ok) return newest;
  const [latest = ok(null)] = newest.value;
  if (!latest.ok) return notFound(latest.error);
  if (latest.value === null) return notFound(noVersion(path));
  const last = Number(latest.value.slice(1));
  const first = Math.max(0, last + 1 - MOST_VERSIONS);
  const versions = Array.from({ length: last + 1 - first }, (_none, i) => `v${last - i}`);
  return ok({ versions, isCut: first > 0, endIsUnknown: false });
}

function noVersion(path: CollectionPath): string {
  return `W&B shows no version of ${pathOf(path)}: check the name (entity/project/collection), and what the key may see`;
}

function variablesOf(names: readonly (CollectionPath & { readonly version: string })[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap(({ entity, project, collection, version }, i) => [
      [`e${i}`, entity],
      [`p${i}`, project],
      [`n${i}`, `${collection}:${version}`],
    ]),
  );
}

function isOf({ entity, project, collection }: CollectionPath, one: z.infer<typeof collectionShape> | null | undefined): boolean {
  return one?.name === collection && one.project?.name === project && one.project.entityName === entity;
}

function pathOf({ entity, project, collection }: CollectionPath): string {
  return `${entity}/${project}/${collection}`;
}

function notFound(message: string): Result<never, WandbError> {
  return err({ kind: 'not_found', status: null, message });
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_none, i) => items.slice(i * size, (i + 1) * size));
}
