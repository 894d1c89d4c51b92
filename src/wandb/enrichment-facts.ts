import * as z from 'zod';
import { type Capped, capObject } from '../event/cap-json.ts';
import { compareSummaries } from '../event/compared-metrics.ts';
import type { RelayEvent } from '../event/event.ts';
import { oneLine } from '../event/one-line.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from '../lib/json.ts';

/** Reads W&B's responses about artifacts and runs, and selects the facts for events. Pure. */

/** Metadata and summary, each, in bytes of JSON: a dispatch has room for both and for the event. */
const MAX_DETAIL_BYTES = 4_096;
const MAX_WORDS = 50;
/** For `"_step":` and its number. */
const STEP_BYTES = 40;
const MAX_COMPARED_BYTES = 2_048;
/** For all aliases, or all tags, together. */
const MAX_WORDS_BYTES = 2_048;

// A field that is missing or has another type counts as unknown. The others are still used.
const text = z.string().nullish().catch(null);
const userShape = z.object({ username: text, name: text }).nullish().catch(null);
const projectShape = z.object({ name: text, entityName: text }).nullish().catch(null);

export const runShape = z.object({
  name: z.string(),
  displayName: text,
  state: text,
  createdAt: text,
  heartbeatAt: text,
  tags: z.array(z.string()).nullish().catch(null),
  commit: text,
  summaryMetrics: text,
  config: text,
  user: userShape,
  project: projectShape,
});

const creatorShape = z.looseObject({ __typename: z.string() }).nullish().catch(null);

/** Of a version, who made it. */
export const createdShape = z.object({ createdBy: creatorShape });

export const artifactShape = z.object({
  versionIndex: z.number().int().nullish().catch(null),
  metadata: text,
  // Int64: some servers send it as text.
  size: z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
    .nullish()
    .catch(null),
  digest: text,
  createdAt: text,
  artifactType: z.object({ name: text }).nullish().catch(null),
  artifactSequence: z.object({ name: text, project: projectShape }).nullish().catch(null),
  tags: z
    .array(z.object({ name: z.string() }))
    .nullish()
    .catch(null),
  aliases: z
    .array(
      z.object({ alias: z.string(), artifactCollection: z.object({ name: text, project: z.object({ name: text }).nullish() }).nullish() }),
    )
    .nullish()
    .catch(null),
  createdBy: creatorShape,
});

export type AnsweredRun = z.infer<typeof runShape>;
export type AnsweredArtifact = z.infer<typeof artifactShape>;

/** `artifact` and, when a run made it, `run`, as in `enrichmentSchema`. */
export function artifactFacts(artifact: AnsweredArtifact, event: RelayEvent, appUrl: string): JsonObject {
  const { artifactSequence: sequence, createdBy } = artifact;
  const { entityName, name: project } = sequence?.project ?? {};
  const own = sequence?.name ?? undefined;
  const index = artifact.versionIndex ?? undefined;
  const collection = event.collection ?? own;
  const isOwn = collection === own && (event.project === undefined || event.project === project);
  // A version in a registry has a number of its own there, which the artifact itself does not know (W&B's schema).
  const version = /^v\d+$/.test(event.version ?? '') ? event.version : isOwn && index !== undefined ? `v${index}` : undefined;
  const aliases = artifact.aliases?.filter(
    ({ artifactCollection: at }) => at?.name === collection && at?.project?.name === (event.project ?? project),
  );
  const type = artifact.artifactType?.name;
  const isKnown = entityName && project && own && index !== undefined;
  const metadata = details(artifact.metadata);
  const run = creatorRun(artifact);
  const author = createdBy?.__typename === 'User' ? userShape.parse(createdBy) : undefined;
  const aliasWords = words(aliases?.map(({ alias }) => alias));
  const tagWords = words(artifact.tags?.map(({ name }) => name));
  return {
    artifact: known({
      type: line(type),
      version,
      source: isKnown ? line(`${entityName}/${project}/${own}:v${index}`) : undefined,
      aliases: aliasWords?.list,
      tags: tagWords?.list,
      size: finite(artifact.size),
      digest: line(artifact.digest),
      created_at: line(artifact.createdAt),
      created_by: line(author?.username),
      metadata: metadata?.value,
      truncated: metadata?.truncated || aliasWords?.truncated || tagWords?.truncated || undefined,
      url: isKnown && type ? linkTo(appUrl, entityName, project, 'artifacts', type, own, `v${index}`) : undefined,
    }),
    ...(run === undefined ? {} : { run: runFacts(run, appUrl) }),
  };
}

/** The `run` of `enrichmentSchema`. */
export function runFacts(run: AnsweredRun, appUrl: string): JsonObject {
  const { entityName, name: project } = run.project ?? {};
  const summary = run.summaryMetrics ? cappedSummary(run) : undefined;
  const tagWords = words(run.tags ?? undefined);
  return known({
    name: line(run.name),
    display_name: line(run.displayName),
    state: line(run.state)?.toLowerCase(),
    user: line(run.user?.username ?? run.user?.name),
    tags: tagWords?.list,
    created_at: line(run.createdAt),
    duration_seconds: secondsBetween(run.createdAt, run.heartbeatAt),
    summary: summary !== undefined && Object.keys(summary.value).length > 0 ? summary.value : undefined,
    truncated: summary?.truncated || tagWords?.truncated || undefined,
    commit: line(run.commit),
    git_remote: remoteIn(parsed(run.config)),
    url: entityName && project ? linkTo(appUrl, entityName, project, 'runs', run.name) : undefined,
  });
}

/** The summary of a run, whole. */
export function summaryOf(run: AnsweredRun): JsonObject {
  const { _wandb: _internal, ...own } = parsed(run.summaryMetrics) ?? {};
  return own;
}

/** With the run's last step, whatever else there is no room for: its history is read up to there. */
function cappedSummary(run: AnsweredRun): Capped {
  const { _step: step, ...others } = summaryOf(run);
  if (step === undefined) return capObject(others, MAX_DETAIL_BYTES);
  const { value, truncated } = capObject(others, MAX_DETAIL_BYTES - STEP_BYTES);
  const lastStep = capObject({ _step: step }, STEP_BYTES);
  return { value: { ...value, ...lastStep.value }, truncated: truncated || lastStep.truncated };
}

/** `replaced` of `enrichmentSchema`: the run that made the replaced version, and how the metrics of both compare. */
export function replacedFacts(
  version: string,
  runs: { readonly now: AnsweredRun; readonly before: AnsweredRun },
  named: readonly string[],
  appUrl: string,
): JsonObject {
  const { summary: _summary, truncated: _truncated, ...run } = runFacts(runs.before, appUrl);
  const compared = compareSummaries(summaryOf(runs.now), summaryOf(runs.before), named);
  const metrics = capObject(compared as unknown as JsonObject, MAX_COMPARED_BYTES).value;
  return known({ version: line(version), run, metrics: Object.keys(metrics).length === 0 ? undefined : metrics });
}

/** The run that made an artifact, where one did. */
export function creatorRun({ createdBy }: Pick<AnsweredArtifact, 'createdBy'>): AnsweredRun | undefined {
  const run = createdBy?.__typename === 'Run' ? runShape.safeParse(createdBy) : undefined;
  return run?.success ? run.data : undefined;
}

/**
 * The remote of the repository that a run was started in. W&B's client keeps it in the run's config, per process that
 * wrote to the run: `_wandb.value.e.<id>.git.remote` (client 0.19 and later). W&B does not document it, so its absence is
 * the normal case.
 */
function remoteIn(config: JsonObject | undefined): string | undefined {
  const internal = valueAt(config, '_wandb', 'value', 'e');
  if (!isJsonObject(internal)) return undefined;
  const remotes = Object.values(internal).map((writer) => valueAt(writer, 'git', 'remote'));
  const remote = remotes.find((found) => typeof found === 'string');
  return typeof remote === 'string' ? withoutPassword(oneLine(remote)) : undefined;
}

/** Remotes of CI checkouts may hold a token: `https://x-access-token:ghs_…@github.com/…`. */
function withoutPassword(remote: string): string | undefined {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/i.exec(remote) ?? [];
  if (scheme === undefined || rest === undefined) return /^[^:@/\s]+@[^:@/\s]+:[^@\s]+$/.test(remote) ? remote : undefined;
  const bare = rest.replace(/^[^/]*@/, '').replace(/[?#].*$/, '');
  return bare.includes('@') || bare === '' ? undefined : scheme + bare;
}

function valueAt(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (found, key) => (isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined),
    value,
  );
}

function details(json: string | null | undefined): Capped | undefined {
  const object = parsed(json);
  return object === undefined || Object.keys(object).length === 0 ? undefined : capObject(object, MAX_DETAIL_BYTES);
}

function parsed(json: string | null | undefined): JsonObject | undefined {
  const value = json ? parseExactJson(json) : undefined;
  return value?.ok && isJsonObject(value.value) ? value.value : undefined;
}

function words(list: readonly string[] | undefined): { readonly list: string[]; readonly truncated: boolean } | undefined {
  if (list === undefined) return undefined;
  const kept: string[] = [];
  let left = MAX_WORDS_BYTES;
  for (const word of list.map(oneLine).filter((one) => one !== '')) {
    left -= Buffer.byteLength(JSON.stringify(word)) + 1;
    if (left < 0 || kept.length === MAX_WORDS) return { list: kept, truncated: true };
    kept.push(word);
  }
  return { list: kept, truncated: false };
}

function line(value: string | null | undefined): string | undefined {
  const found = typeof value === 'string' ? oneLine(value) : '';
  return found === '' ? undefined : found;
}

function finite(value: number | null | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** In whole seconds. W&B's times are UTC, also without a time zone. */
function secondsBetween(from: string | null | undefined, to: string | null | undefined): number | undefined {
  if (!from || !to) return undefined;
  const [start, end] = [from, to].map((time) => Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(time) ? time : `${time}Z`));
  if (start === undefined || end === undefined || !(end >= start)) return undefined;
  return Math.round((end - start) / 1000);
}

function linkTo(appUrl: string, ...parts: readonly string[]): string {
  return `${appUrl.replace(/\/+$/, '')}/${parts.map((part) => encodeURIComponent(oneLine(part))).join('/')}`;
}

function known(facts: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(facts).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}
