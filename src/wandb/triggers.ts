import * as z from 'zod';
import type { LiveTrigger, TriggerInput } from '../automation/trigger.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import {
  createTriggerDocument,
  DELETE_TRIGGER,
  entityTriggersDocument,
  organizationTriggersDocument,
  projectTriggersDocument,
  updateTriggerDocument,
} from './documents.ts';
import { type ServerFeatures, supports } from './features.ts';
import { liveTriggerOf, type TriggerAnswer, triggerShape } from './live-trigger.ts';
import { allPages, type Page, pageOf } from './paging.ts';
import type { WandbError } from './wandb-error.ts';

/** The teams and organizations whose automations are listed. */
export interface TriggerOwners {
  /** Teams (or users), by name. */
  readonly entities: readonly string[];
  /** Organizations, each with the entity that owns its registries; none for a team without one. */
  readonly organizations: readonly { readonly name: string; readonly entity: string }[];
}

export interface TriggerListing {
  readonly triggers: readonly LiveTrigger[];
  /** Automations with a kind of scope that this version does not know. */
  readonly unreadable: readonly { readonly id: string; readonly name: string; readonly scopeKind: string }[];
}

const TRIGGERS_PER_PAGE = 100;
/** A page has all automations of each of its projects. */
const PROJECTS_PER_PAGE = 50;

const listingShape = z.object({ owner: z.object({ triggers: pageOf(triggerShape).nullish() }).nullish() });
const walkShape = z.object({
  owner: z.object({ projects: pageOf(z.object({ triggers: z.array(triggerShape.nullable()).nullish() })).nullish() }).nullish(),
});
const savedShape = z.object({ result: z.object({ trigger: triggerShape.nullish() }).nullish() });
const deletedShape = z.object({ deleteTrigger: z.object({ success: z.boolean() }).nullish() });

const EMPTY_PAGE: Page<never> = { pageInfo: { hasNextPage: false }, edges: [] };

/**
 * All automations of the owners, from every page, each once, in W&B's order.
 *
 * Servers with `Entity.triggers` and `Organization.triggers` are asked directly; an older one is walked project by project.
 * A registry's automations hang under the organization's entity, so that one is always listed too. Automations
 * from `Organization.triggers` of other teams are left out. An entity that does not exist counts as one without automations.
 */
export async function listTriggers(
  client: WandbClient,
  features: ServerFeatures,
  owners: TriggerOwners,
): Promise<Result<TriggerListing, WandbError>> {
  const entities = new Set([...owners.entities, ...owners.organizations.map((organization) => organization.entity)]);
  const sources = [...entities].map((name) =>
    supports(features, 'query_on_entity')
      ? listOwner(client, entityTriggersDocument(features), name)
      : walkProjects(client, projectTriggersDocument(features), name),
  );
  if (supports(features, 'organization')) {
    sources.push(...owners.organizations.map(({ name }) => listOwner(client, organizationTriggersDocument(features), name)));
  }
  const found = new Map<string, TriggerAnswer>();
  for (const listed of await Promise.all(sources)) {
    if (!listed.ok) return listed;
    for (const trigger of listed.value) if (!found.has(trigger.id)) found.set(trigger.id, trigger);
  }
  const triggers: LiveTrigger[] = [];
  const unreadable: { id: string; name: string; scopeKind: string }[] = [];
  for (const answer of found.values()) {
    const trigger = liveTriggerOf(answer);
    if (trigger === undefined) unreadable.push({ id: answer.id, name: answer.name, scopeKind: answer.scope.__typename });
    else if (trigger.scope.entity === null || entities.has(trigger.scope.entity)) triggers.push(trigger);
  }
  return ok({ triggers, unreadable });
}

async function listOwner(client: WandbClient, document: string, name: string): Promise<Result<TriggerAnswer[], WandbError>> {
  return await allPages(async (after) => {
    const answer = await client.query(document, { name, first: TRIGGERS_PER_PAGE, after }, listingShape);
    return answer.ok ? ok(answer.value.owner?.triggers ?? EMPTY_PAGE) : answer;
  });
}

async function walkProjects(client: WandbClient, document: string, name: string): Promise<Result<TriggerAnswer[], WandbError>> {
  const projects = await allPages(async (after) => {
    const answer = await client.query(document, { name, first: PROJECTS_PER_PAGE, after }, walkShape);
    return answer.ok ? ok(answer.value.owner?.projects ?? EMPTY_PAGE) : answer;
  });
  if (!projects.ok) return projects;
  return ok(projects.value.flatMap((project) => project.triggers ?? []).filter((trigger) => trigger !== null));
}

/**
 * Creates an automation. It is sent once. `conflict`: the scope has one of this name. `unclear`: list to see.
 */
export async function createTrigger(
  client: WandbClient,
  features: ServerFeatures,
  input: TriggerInput,
): Promise<Result<LiveTrigger, WandbError>> {
  return saved(await client.mutate(createTriggerDocument(features), { input }, savedShape));
}

/**
 * Makes an automation equal to `input`. All fields are sent, because W&B was seen to lose omitted ones. `not_found`: it
 * does not exist any more.
 */
export async function updateTrigger(
  client: WandbClient,
  features: ServerFeatures,
  id: string,
  input: TriggerInput,
): Promise<Result<LiveTrigger, WandbError>> {
  return saved(await client.mutate(updateTriggerDocument(features), { input: { id, ...input } }, savedShape));
}

/** Deletes an automation. `not_found`: it did not exist any more. */
export async function deleteTrigger(client: WandbClient, id: string): Promise<Result<void, WandbError>> {
  const answer = await client.mutate(DELETE_TRIGGER, { id }, deletedShape);
  if (!answer.ok) return answer;
  if (answer.value.deleteTrigger?.success === true) return ok(undefined);
  return err({ kind: 'unclear', status: 200, message: 'W&B did not confirm that the automation was deleted' });
}

function saved(answer: Result<z.infer<typeof savedShape>, WandbError>): Result<LiveTrigger, WandbError> {
  if (!answer.ok) return answer;
  const trigger = answer.value.result?.trigger;
  const live = trigger === undefined || trigger === null ? undefined : liveTriggerOf(trigger);
  return live === undefined ? err({ kind: 'unclear', status: 200, message: 'W&B responded without the saved automation' }) : ok(live);
}
