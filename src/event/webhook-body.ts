import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { type EventField, type RelayEvent, readEventType } from './event.ts';
import { oneLine } from './one-line.ts';
import { metricFactsIn } from './read-metric-facts.ts';

/** The meaning of an authentic body. */
export type UnderstoodBody = { readonly kind: 'ping' } | { readonly kind: 'event'; readonly event: RelayEvent };

/**
 * The names under which each field may arrive: W&B's payload variables (W&B documentation, "Payload variables"),
 * the literals of the relay payload, and our own word. The first that holds a value wins.
 */
const NAMES: Readonly<Record<Exclude<EventField, 'source' | 'registry' | 'version'>, readonly string[]>> = {
  entity: ['entity_name', 'entity'],
  project: ['project_name', 'project'],
  collection: ['artifact_collection_name', 'collection'],
  artifact: ['artifact_version_string', 'artifact'],
  alias: ['alias'],
  tag: ['tag'],
  author: ['event_author', 'author'],
  automation: ['automation', 'automation_name', 'alert_name'],
  run: ['run_name', 'run'],
  status: ['run_status', 'status', 'metric_current_status'],
  metric: ['metric', 'metric_name'],
};

/** The path below `event` where a template finds the value of a W&B variable. Metadata comes from W&B's API. */
export function fieldOfVariable(variable: string): string {
  if (variable === 'event_type') return 'type';
  if (variable === 'artifact_version_index') return 'version';
  const metadata = /^artifact_metadata\.(.+)$/.exec(variable)?.[1];
  if (metadata !== undefined)
    return `wandb.artifact.metadata${/^[\w.-]+$/.test(metadata) ? `.${metadata}` : `[${JSON.stringify(metadata)}]`}`;
  const [field] = Object.entries(NAMES).find(([, names]) => names.includes(variable)) ?? [];
  return field ?? `payload.${variable}`;
}

/** A registry is a project with this prefix, owned by the organization's entity (W&B). */
const REGISTRY_PREFIX = 'wandb-registry-';

/**
 * Reads a body of W&B: the relay payload, any flat object of W&B's variable names, and the GitHub-shaped body of
 * W&B's documentation (`{event_type, client_payload}`), whose `client_payload` holds the variables.
 *
 * `{}` and `{"ping": true}` are the app's Test button. Whatever else names no event type of W&B is an event of type
 * `unknown`, with every field that could be read.
 */
export function understandBody(body: JsonValue, source: string): UnderstoodBody {
  if (!isJsonObject(body)) return { kind: 'event', event: { type: 'unknown', source } };
  if (isPing(body)) return { kind: 'ping' };
  const inner = isJsonObject(body.client_payload) ? body.client_payload : undefined;
  const fields = readFields(inner ?? body);
  const type = typeOf(inner?.event_type) ?? typeOf(inner?.event) ?? typeOf(body.event_type) ?? typeOf(body.event) ?? typeFrom(fields);
  const isAboutMetric = type !== undefined && METRIC_TYPES.has(type);
  return { kind: 'event', event: { type: type ?? 'unknown', source, ...fields, ...(isAboutMetric ? metricFactsIn(inner ?? body) : {}) } };
}

const METRIC_TYPES: ReadonlySet<RelayEvent['type']> = new Set([
  'run_metric',
  'run_metric_change',
  'run_metric_zscore',
  'run_metric_nonfinite',
  'run_metric_stall',
  'weave_metric',
]);

function isPing(body: JsonObject): boolean {
  const keys = Object.keys(body);
  return keys.length === 0 || (keys.length === 1 && body.ping === true);
}

function typeOf(value: JsonValue | undefined): RelayEvent['type'] | undefined {
  const text = readValue(value);
  return text === undefined ? undefined : readEventType(text);
}

/**
 * Some bodies in W&B's documentation do not have the event type. Two variables identify it, because W&B leaves them blank
 * for every other type: `alias` and `run_status`.
 */
function typeFrom(fields: Fields): RelayEvent['type'] | undefined {
  if (fields.run !== undefined && fields.status !== undefined && fields.metric === undefined) return 'run_state';
  return fields.alias !== undefined ? 'add_artifact_alias' : undefined;
}

type Fields = { -readonly [F in Exclude<EventField, 'source'>]?: string };

function readFields(from: JsonObject): Fields {
  const fields: Fields = {};
  for (const [field, names] of Object.entries(NAMES) as [keyof typeof NAMES, readonly string[]][]) {
    for (const name of names) {
      const value = readValue(from[name]);
      if (value === undefined) continue;
      fields[field] = value;
      break;
    }
  }
  if (fields.status !== undefined) fields.status = fields.status.toLowerCase();
  addFromArtifact(fields);
  const index = readValue(from.artifact_version_index);
  const numbered = index === undefined ? undefined : `v${index.replace(/^v/, '')}`;
  // The string may end in an alias. A version number is more specific.
  const inString = /^v\d+$/.test(fields.version ?? '') ? fields.version : undefined;
  const version = readValue(from.version) ?? inString ?? numbered ?? fields.version;
  if (version !== undefined) fields.version = version;
  if (fields.project?.startsWith(REGISTRY_PREFIX)) fillIn(fields, 'registry', fields.project.slice(REGISTRY_PREFIX.length));
  return fields;
}

/**
 * `artifact_version_string` is `<entity>/<project>/<collection>:<version or alias>` (W&B); a name may hold a colon or a
 * space, so it is split at the last colon. It fills in what did not arrive under a name of its own.
 */
function addFromArtifact(fields: Fields): void {
  const artifact = fields.artifact;
  if (artifact === undefined) return;
  const colon = artifact.lastIndexOf(':');
  const path = colon === -1 ? artifact : artifact.slice(0, colon);
  const [entity, project, ...collection] = path.split('/');
  if (collection.length > 0) {
    fillIn(fields, 'entity', entity);
    fillIn(fields, 'project', project);
    fillIn(fields, 'collection', collection.join('/'));
  }
  if (colon !== -1) fillIn(fields, 'version', artifact.slice(colon + 1));
}

/** The rules for a whole value apply to a part as well: it may be blank or a variable that was not filled in. */
function fillIn(fields: Fields, field: keyof Fields, part: string | undefined): void {
  const value = readValue(part);
  if (value !== undefined) fields[field] ??= value;
}

/** A variable that W&B did not fill in: left as `${name}`. */
const UNEXPANDED = /^\$\{[^}]*\}$/;

/** One value as a field: one line of text, or a number or boolean as text. Blank and unexpanded values are absent. */
function readValue(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof JsonNumber) return oneLine(value.text);
  if (typeof value !== 'string') return undefined;
  const text = oneLine(value);
  return text === '' || UNEXPANDED.test(text) ? undefined : text;
}
