import * as z from 'zod';
import type { RelayEvent } from '../event/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { ARTIFACT_BY_ID, ARTIFACT_BY_NAME, ARTIFACT_RUN_BY_NAME, REGISTERED_RUN_BY_NAME, RUN_BY_NAME } from './documents.ts';
import {
  type AnsweredArtifact,
  type AnsweredRun,
  artifactFacts,
  artifactShape,
  createdShape,
  creatorRun,
  replacedFacts,
  runFacts,
  runShape,
} from './enrichment-facts.ts';
import { REGISTRY_PREFIX } from './projects.ts';
import type { WandbError } from './wandb-error.ts';

/** An event with its body. The body may have W&B's id of the artifact. */
export type EventWithBody = RelayEvent & { readonly payload: JsonValue };

export interface EnrichmentOptions {
  /** Ends the query. */
  readonly signal: AbortSignal;
  /** W&B's app, for links, see `wandbAppUrl`. */
  readonly appUrl: string;
  /** Metrics that are compared with those of the replaced version, beside the default ones; left out: none. */
  readonly compare?: readonly string[];
}

/** The facts of W&B's API, as in `enrichmentSchema`; `null`: there are none, or the key may not see them. */
export type Enrichment = Result<JsonObject | null, WandbError>;

const artifactByIdShape = z.object({ artifact: artifactShape.nullish() });
const artifactByNameShape = z.object({ project: z.object({ artifact: artifactShape.nullish() }).nullish() });
const createdInShape = z.object({ artifact: createdShape.nullish() }).nullish();
const createdByNameShape = z.object({
  project: createdInShape,
  entity: z.object({ organization: z.object({ orgEntity: z.object({ project: createdInShape }).nullish() }).nullish() }).nullish(),
});
const runByNameShape = z.object({
  project: z
    .object({ run: runShape.nullish(), runs: z.object({ edges: z.array(z.object({ node: runShape.nullish() })) }).nullish() })
    .nullish(),
});

/** `artifact_version` is W&B's variable with the artifact's GraphQL id in base64 (W&B documentation, "Payload variables"). */
const ARTIFACT_ID = /^wandb-artifact:\/\/_id\/([A-Za-z0-9+/_-]{1,200}={0,2})$/;

/** The query of an event. */
type EnrichmentQuery =
  | { readonly about: 'run'; readonly entity: string; readonly project: string; readonly name: string }
  | { readonly about: 'artifact'; readonly entity: string; readonly project: string; readonly name: string }
  | { readonly about: 'artifact'; readonly id: string };

/** Whether the event names a run or an artifact version that W&B can be asked about. */
export function canBeEnriched(event: EventWithBody): boolean {
  return queryOf(event) !== undefined;
}

function queryOf({ entity, project, collection, version, run, payload }: EventWithBody): EnrichmentQuery | undefined {
  const projectName = entity === undefined || project === undefined ? undefined : { entity, project };
  if (run !== undefined) return projectName && { about: 'run', ...projectName, name: run };
  const id = artifactIdIn(payload);
  if (id !== undefined) return { about: 'artifact', id };
  if (collection === undefined || version === undefined) return undefined;
  return projectName && { about: 'artifact', ...projectName, name: `${collection}:${version}` };
}

function artifactIdIn(payload: JsonValue): string | undefined {
  if (!isJsonObject(payload)) return undefined;
  const { artifact_version } = isJsonObject(payload.client_payload) ? payload.client_payload : payload;
  return typeof artifact_version === 'string' ? ARTIFACT_ID.exec(artifact_version.trim())?.[1] : undefined;
}

/**
 * Queries W&B for the run or the artifact version of an event: one request, or none if the event names neither. Where the
 * version replaces another, a second request at the same time is about that one's run; without its answer there is no
 * `replaced`. There is no retry and no wait for the rate limit, because an event can be delivered without.
 */
export async function fetchEnrichment(client: WandbClient, event: EventWithBody, options: EnrichmentOptions): Promise<Enrichment> {
  const { appUrl, signal } = options;
  const query = queryOf(event);
  if (query === undefined) return ok(null);
  if (query.about === 'run') {
    const run = await findRun(client, query, signal);
    return run.ok ? ok(run.value ? { run: runFacts(run.value, appUrl) } : null) : run;
  }
  const [artifact, before] = await Promise.all([findArtifact(client, query, signal), findReplacedRun(client, event, signal)]);
  if (!artifact.ok) return artifact;
  if (!artifact.value) return ok(null);
  const facts = artifactFacts(artifact.value, event, appUrl);
  const now = creatorRun(artifact.value);
  if (event.replaces === undefined || before === undefined || now === undefined) return ok(facts);
  return ok({ ...facts, replaced: replacedFacts(event.replaces.version, { now, before }, options.compare ?? [], appUrl) });
}

/** The run that made the version that the event's version replaces; `undefined`: none is known. */
async function findReplacedRun(client: WandbClient, event: RelayEvent, onceUntil: AbortSignal): Promise<AnsweredRun | undefined> {
  const variables = replacedName(event);
  if (variables === undefined) return undefined;
  const document = variables.project.startsWith(REGISTRY_PREFIX) ? REGISTERED_RUN_BY_NAME : ARTIFACT_RUN_BY_NAME;
  const answer = await client.query(document, { ...variables }, createdByNameShape, { onceUntil });
  if (!answer.ok) return undefined;
  const { project, entity } = answer.value;
  const artifact = project?.artifact ?? entity?.organization?.orgEntity?.project?.artifact;
  return artifact ? creatorRun(artifact) : undefined;
}

function replacedName({
  entity,
  project,
  collection,
  replaces,
}: RelayEvent): { entity: string; project: string; name: string } | undefined {
  if (replaces === undefined) return undefined;
  const [, ...written] = /^([^/]+)\/([^/]+)\/([^/]+)$/.exec(replaces.artifact ?? '') ?? [];
  const [ownEntity = entity, ownProject = project, name = collection && `${collection}:${replaces.version}`] = written;
  if (ownEntity === undefined || ownProject === undefined || name === undefined) return undefined;
  return { entity: ownEntity, project: ownProject, name };
}

type Missing = null | undefined;

async function findArtifact(
  client: WandbClient,
  query: Extract<EnrichmentQuery, { about: 'artifact' }>,
  onceUntil: AbortSignal,
): Promise<Result<AnsweredArtifact | Missing, WandbError>> {
  if ('id' in query) {
    const answer = await client.query(ARTIFACT_BY_ID, { id: query.id }, artifactByIdShape, { onceUntil });
    return answer.ok ? ok(answer.value.artifact) : answer;
  }
  const { entity, project, name } = query;
  const answer = await client.query(ARTIFACT_BY_NAME, { entity, project, name }, artifactByNameShape, { onceUntil });
  return answer.ok ? ok(answer.value.project?.artifact) : answer;
}

/**
 * It is not documented whether `run_name` is the run's id or its display name. The id is tried first. A display name is
 * used only if a single run has it, because the facts of another run are worse than none.
 */
async function findRun(
  client: WandbClient,
  { entity, project, name }: Extract<EnrichmentQuery, { about: 'run' }>,
  onceUntil: AbortSignal,
): Promise<Result<AnsweredRun | Missing, WandbError>> {
  const variables = { entity, project, name, filters: JSON.stringify({ display_name: name }) };
  const answer = await client.query(RUN_BY_NAME, variables, runByNameShape, { onceUntil });
  if (!answer.ok) return answer;
  const { run, runs } = answer.value.project ?? {};
  const [first, second] = runs?.edges ?? [];
  return ok(run ?? (second === undefined ? first?.node : undefined));
}
