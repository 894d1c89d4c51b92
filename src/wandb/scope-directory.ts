import * as z from 'zod';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { scopeDirectoryDocument, VIEWER } from './documents.ts';
import { missingNameError } from './missing-name.ts';
import type { WandbError } from './wandb-error.ts';

/** Teams and organizations by name: the owners of projects and registries. */

export interface FoundOrganization {
  readonly id: string;
  readonly name: string;
  /** Owns the registries, and is the scope of an organization-wide automation; `null` if W&B shows none. */
  readonly entity: { readonly id: string; readonly name: string } | null;
}

export interface FoundEntity {
  readonly id: string;
  readonly name: string;
  readonly organization: FoundOrganization | null;
}

export interface ScopeDirectory {
  entity(name: string): Result<FoundEntity, WandbError>;
  organization(name: string): Result<FoundOrganization, WandbError>;
}

/** The most aliases in one query document. */
const ALIASES_PER_REQUEST = 50;

const organizationShape = z
  .object({ id: z.string(), name: z.string(), orgEntity: z.object({ id: z.string(), name: z.string() }).nullish() })
  .nullish();
/** One shape for both kinds of alias: an entity brings its `organization`, an organization its `orgEntity`. */
const ownerShape = z
  .object({
    id: z.string(),
    name: z.string(),
    organization: organizationShape,
    orgEntity: z.object({ id: z.string(), name: z.string() }).nullish(),
  })
  .nullish();
type OwnerAnswer = z.infer<typeof ownerShape>;

const viewerShape = z.object({
  viewer: z
    .object({
      entity: z.string().nullish(),
      username: z.string().nullish(),
      teams: z.object({ edges: z.array(z.object({ node: z.object({ name: z.string() }).nullish() })) }).nullish(),
      organizations: z.array(z.object({ name: z.string() })).nullish(),
    })
    .nullish(),
});

/**
 * Looks up teams and organizations, all together in one request (one more per 50 names). Where one does not exist, the
 * teams and organizations of the key's owner are fetched, for an error that names them.
 */
export async function readScopeDirectory(
  client: WandbClient,
  entityNames: readonly string[],
  organizationNames: readonly string[],
): Promise<Result<ScopeDirectory, WandbError>> {
  const entities = new Map<string, FoundEntity>();
  const organizations = new Map<string, FoundOrganization>();
  const entityQueue = [...new Set(entityNames)];
  const organizationQueue = [...new Set(organizationNames)];
  const all = [...entityQueue.map((name) => ({ kind: 'e', name })), ...organizationQueue.map((name) => ({ kind: 'o', name }))];
  for (let start = 0; start < all.length; start += ALIASES_PER_REQUEST) {
    const chunk = all.slice(start, start + ALIASES_PER_REQUEST);
    const asked = { e: chunk.filter(({ kind }) => kind === 'e'), o: chunk.filter(({ kind }) => kind === 'o') };
    const variables = Object.fromEntries([
      ...asked.e.map(({ name }, i) => [`e${i}`, name]),
      ...asked.o.map(({ name }, i) => [`o${i}`, name]),
    ]);
    const answer = await client.query(scopeDirectoryDocument(asked.e.length, asked.o.length), variables, z.record(z.string(), ownerShape));
    if (!answer.ok) return answer;
    for (const [i, { name }] of asked.e.entries()) {
      const entity = answer.value[`e${i}`];
      if (entity) entities.set(name, { id: entity.id, name: entity.name, organization: organizationOf(entity.organization) });
    }
    for (const [i, { name }] of asked.o.entries()) {
      const organization = organizationOf(answer.value[`o${i}`]);
      if (organization !== null) organizations.set(name, organization);
    }
  }
  const complete = entities.size === entityQueue.length && organizations.size === organizationQueue.length;
  const visible = complete ? ok({ entities: [], organizations: [] }) : await visibleNames(client);
  if (!visible.ok) return visible;
  const names = visible.value;
  return ok({
    entity: (name) => found(entities, name) ?? missingNameError('team', name, 'that the API key can see', names.entities),
    organization: (name) =>
      found(organizations, name) ?? missingNameError('organization', name, 'that the API key can see', names.organizations),
  });
}

function found<T>(all: ReadonlyMap<string, T>, name: string): Result<T, never> | undefined {
  const one = all.get(name);
  return one === undefined ? undefined : ok(one);
}

function organizationOf(answer: z.infer<typeof organizationShape> | OwnerAnswer): FoundOrganization | null {
  if (answer === undefined || answer === null) return null;
  return { id: answer.id, name: answer.name, entity: answer.orgEntity ?? null };
}

async function visibleNames(client: WandbClient): Promise<Result<{ entities: string[]; organizations: string[] }, WandbError>> {
  const owner = await readKeyOwner(client);
  if (!owner.ok) return owner;
  const { teams, entity, username, organizations } = owner.value;
  return ok({ entities: [...teams, entity, username].filter((name) => name !== undefined), organizations: [...organizations] });
}

/** Whose an API key is. */
export interface KeyOwner {
  readonly username: string | undefined;
  /** Where runs of this user go by default: a team, or the user. */
  readonly entity: string | undefined;
  readonly teams: readonly string[];
  readonly organizations: readonly string[];
}

/** Asks W&B whose the client's API key is, and for the teams that it sees. */
export async function readKeyOwner(client: WandbClient): Promise<Result<KeyOwner, WandbError>> {
  const answer = await client.query(VIEWER, {}, viewerShape);
  if (!answer.ok) return answer;
  const { viewer } = answer.value;
  // W&B treats an unknown key like an anonymous user: no data, and not a 401.
  if (viewer === undefined || viewer === null) {
    return err({ kind: 'unauthorized', status: 200, message: 'W&B does not know the API key: check WANDB_API_KEY' });
  }
  return ok({
    username: viewer.username ?? undefined,
    entity: viewer.entity ?? undefined,
    teams: (viewer.teams?.edges ?? []).flatMap((edge) => edge.node?.name ?? []),
    organizations: (viewer.organizations ?? []).map((organization) => organization.name),
  });
}
