import { isJsonObject, type JsonObject, type JsonValue, parseExactJson, parseJson } from '../lib/json.ts';
import { formatPercent } from '../lib/percent.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { automationSchema } from './automation.ts';
import { RUN_FIELDS } from './match-filter.ts';
import { isSameRepository, readMark } from './ownership.ts';
import { type LiveTrigger, NO_LONGER_EXISTS } from './trigger.ts';
import { triggerInput } from './trigger-input.ts';
import { fieldChanges, normalFilter, stateOfInput, stateOfLive } from './trigger-state.ts';

/** The team, organization and repository that the definitions are written for. */
export interface ExportContext {
  /** The team: the `entity` of the config. */
  readonly entity: string;
  /** The organization's own entity. It owns the registries. */
  readonly organizationEntity: string | undefined;
  readonly organization: string | undefined;
  /** Every organization whose automations are listed, with its own entity; default: the one above. */
  readonly organizations?: readonly { readonly name: string; readonly entity: string }[];
  /** The name in the config of each Slack integration, by its id; left out, the channel: where two workspaces have it, that is ambiguous. */
  readonly slackNames?: ReadonlyMap<string, string>;
  /** The repository that the definitions are for. */
  readonly repository: string;
  /** The config of that repository that they are for; left out: any. */
  readonly namespace?: string | undefined;
}

/** The config's word for each event of W&B's API. */
export const EVENT_KEYS: ReadonlyMap<string, string> = new Map([
  ['CREATE_ARTIFACT', 'create_artifact'],
  ['LINK_MODEL', 'link_artifact'],
  ['UNLINK_ARTIFACT', 'unlink_artifact'],
  ['ADD_ARTIFACT_ALIAS', 'add_artifact_alias'],
  ['ADD_ARTIFACT_TAG', 'add_artifact_tag'],
  ['REMOVE_ARTIFACT_TAG', 'remove_artifact_tag'],
  ['ADD_COLLECTION_TAG', 'add_collection_tag'],
  ['REMOVE_COLLECTION_TAG', 'remove_collection_tag'],
  ['RUN_METRIC', 'run_metric'],
  ['RUN_METRIC_CHANGE', 'run_metric_change'],
  ['RUN_METRIC_ZSCORE', 'run_metric_zscore'],
  ['RUN_STATE', 'run_state'],
]);

/**
 * An automation at W&B as a definition of the config file. Applying that definition changes nothing.
 *
 * @param nameIsShared another one has the same name in another scope, so this one needs a key
 * @returns an error that says what a definition cannot express
 */
export function exportDefinition(live: LiveTrigger, context: ExportContext, nameIsShared: boolean): Result<JsonObject, string> {
  const { text, mark } = readMark(live.description);
  if (mark !== undefined && !isSameRepository(mark.repository, context.repository)) return err(`it belongs to ${mark.repository}`);
  if (mark?.namespace !== undefined && mark.namespace !== (context.namespace ?? mark.namespace)) {
    return err(`it belongs to another config of this repository, with the namespace ${mark.namespace}`);
  }
  const scope = scopeOf(live, context);
  const event = eventOf(live);
  const action = actionOf(live, context);
  if (!scope.ok) return scope;
  if (!event.ok) return event;
  if (!action.ok) return action;
  const key = mark?.key ?? (nameIsShared ? `${Object.values(scope.value).join('/')}/${live.name}` : live.name);
  const definition: JsonObject = {
    name: live.name,
    ...(key === live.name ? {} : { key }),
    ...(mark === undefined ? { adopt: true } : {}),
    ...(text === null ? {} : { description: text }),
    ...(live.enabled ? {} : { enabled: false }),
    scope: scope.value,
    ...event.value,
    action: action.value,
  };
  const problem = exportProblem(definition, live);
  return problem === undefined ? ok(definition) : err(problem);
}

/** Why the definition would be invalid or would change the automation, or `undefined`. */
function exportProblem(definition: JsonObject, live: LiveTrigger): string | undefined {
  const read = automationSchema.safeParse(definition);
  if (!read.success) {
    const issue = read.error.issues[0];
    return `its definition would be invalid: ${issue?.path.join('.')}: ${issue?.message}`;
  }
  const { action, scope } = live;
  const integrationId = 'integrationId' in action ? (action.integrationId ?? undefined) : undefined;
  const input = triggerInput(read.data, { scope: { type: scope.type, id: scope.id, description: '' }, integrationId });
  const paths = fieldChanges(stateOfLive(live), stateOfInput(input)).map(({ path }) => path);
  return paths.length === 0 ? undefined : `no definition can express ${paths.join(', ')}`;
}

function scopeOf({ scope }: LiveTrigger, context: ExportContext): Result<JsonObject, string> {
  if (scope.name === NO_LONGER_EXISTS) return err('its scope does not exist any more');
  if (scope.type === 'ENTITY') {
    const known = [{ name: context.organization, entity: context.organizationEntity }, ...(context.organizations ?? [])];
    const owner = known.find(({ entity }) => entity === scope.name);
    if (owner === undefined) return ok({ team: scope.name });
    return owner.name === undefined ? err('its organization is unknown') : ok({ organization: owner.name });
  }
  const name = scope.type === 'PROJECT' ? scope.name : scope.project;
  if (name === null) return err('the project of its collection is unknown');
  const collection = scope.type === 'ARTIFACT_COLLECTION' ? { collection: scope.name } : {};
  const registry = /^wandb-registry-(.+)$/.exec(name)?.[1];
  if (registry !== undefined) {
    const isElsewhere = scope.entity !== null && context.organizationEntity !== undefined && scope.entity !== context.organizationEntity;
    return isElsewhere ? err(`its registry is one of another organization, that of ${scope.entity}`) : ok({ registry, ...collection });
  }
  const elsewhere = scope.entity !== null && scope.entity !== context.entity;
  return ok({ project: elsewhere ? `${scope.entity}/${name}` : name, ...collection });
}

/** The `event` of the definition, and its `runs`. */
export function eventOf(live: Pick<LiveTrigger, 'eventType' | 'filter'>): Result<JsonObject, string> {
  const key = EVENT_KEYS.get(live.eventType);
  if (key === undefined) return err(`definitions cannot express its event ${live.eventType}`);
  if (!key.startsWith('run_')) return ok({ event: { [key]: artifactFilter(live.filter, key.includes('tag') ? 'tag' : 'alias') } });
  const filter = isJsonObject(live.filter) ? live.filter : {};
  const runs = runsOf(filter.run_filter);
  const condition = conditionOf(key, filter);
  return condition === undefined ? err('definitions cannot express its run filter') : ok({ event: { [key]: condition }, ...runs });
}

const MATCH_WORDS: ReadonlyMap<string, string> = new Map([
  ['$regex', 'regex'],
  ['$contains', 'contains'],
  ['$in', 'in'],
  ['$nin', 'not_in'],
  ['$ne', 'not'],
]);

/** `{alias: MATCH}` if a MATCH can express it, else the raw filter. */
function artifactFilter(filter: JsonValue, word: 'alias' | 'tag'): JsonObject {
  const normal = normalFilter(filter);
  if (isJsonObject(normal) && Object.keys(normal).length === 0) return {};
  const match = isJsonObject(normal) && Object.keys(normal).length === 1 ? matchOf(normal[word]) : undefined;
  return match === undefined ? { filter } : { [word]: match };
}

function matchOf(condition: JsonValue | undefined): JsonValue | undefined {
  if (typeof condition === 'string') return condition;
  if (!isJsonObject(condition)) return undefined;
  const [entry, ...more] = Object.entries(condition);
  if (entry === undefined || more.length > 0) return undefined;
  const [operator, value] = entry;
  if (operator === '$eq') return typeof value === 'string' ? value : undefined;
  const word = MATCH_WORDS.get(operator);
  const isList = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
  const fits = word === 'in' || word === 'not_in' ? isList : typeof value === 'string';
  return word !== undefined && fits ? { [word]: value } : undefined;
}

/** `runs:` of the definition; nothing if the filter matches every run. */
function runsOf(runFilter: JsonValue | undefined): JsonObject {
  const raw = typeof runFilter === 'string' ? jsonOr(runFilter) : runFilter;
  const normal = normalFilter(raw ?? {});
  if (!isJsonObject(normal) || Object.keys(normal).length === 0) return {};
  return { runs: runWords(normal) ?? { filter: raw ?? {} } };
}

/** `{name: MATCH, user: MATCH}`, one or both, if these words can express the condition. */
function runWords(condition: JsonObject): JsonObject | undefined {
  const all = Object.keys(condition).length === 1 && Array.isArray(condition.$and) ? condition.$and : [condition];
  const words: JsonObject = {};
  for (const one of all) {
    const [field, operand, ...more] = isJsonObject(one) ? Object.entries(one).flat() : [];
    const word = (['name', 'user'] as const).find((key) => RUN_FIELDS[key] === field);
    const match = word === undefined || more.length > 0 ? undefined : matchOf(operand);
    if (word === undefined || match === undefined || Object.hasOwn(words, word)) return undefined;
    words[word] = match;
  }
  return words;
}

const COMPARISONS: ReadonlyMap<JsonValue, string> = new Map<JsonValue, string>([
  ['$gt', 'above'],
  ['$gte', 'above_or_equal_to'],
  ['$lt', 'below'],
  ['$lte', 'below_or_equal_to'],
  ['$eq', 'equal_to'],
  ['$ne', 'not_equal_to'],
]);
const CHANGES: ReadonlyMap<JsonValue, string> = new Map<JsonValue, string>([
  ['INCREASE', 'increases_by'],
  ['DECREASE', 'decreases_by'],
  ['ANY', 'changes_by'],
]);
const DIRECTIONS: ReadonlyMap<JsonValue, string> = new Map<JsonValue, string>([
  ['INCREASE', 'above'],
  ['DECREASE', 'below'],
  ['ANY', 'either'],
]);

function conditionOf(key: string, filter: JsonObject): JsonObject | undefined {
  const metric = isJsonObject(filter.run_metric_filter) ? filter.run_metric_filter : {};
  switch (key) {
    case 'run_metric':
      return thresholdOf(metric.threshold_filter);
    case 'run_metric_change':
      return changeOf(metric.change_filter);
    case 'run_metric_zscore':
      return zscoreOf(metric.zscore_filter);
    default: {
      const states = isJsonObject(filter.run_state_filter) ? filter.run_state_filter.states : undefined;
      const words = Array.isArray(states) ? states.map((state) => String(state).toLowerCase()) : [];
      return words.length > 0 && words.every((word) => ['running', 'finished', 'failed'].includes(word)) ? { states: words } : undefined;
    }
  }
}

function thresholdOf(filter: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(filter)) return undefined;
  const comparison = COMPARISONS.get(filter.cmp_op ?? null);
  if (comparison === undefined || typeof filter.threshold !== 'number' || typeof filter.name !== 'string') return undefined;
  return { metric: filter.name, ...aggregated(filter.agg_op, { window: filter.window_size }), [comparison]: filter.threshold };
}

function changeOf(filter: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(filter)) return undefined;
  const change = CHANGES.get(filter.change_dir ?? null);
  const amount = filter.change_amount;
  if (change === undefined || typeof amount !== 'number' || typeof filter.name !== 'string') return undefined;
  const windows = { window: filter.current_window_size, prior_window: filter.prior_window_size };
  if (filter.change_type === 'ABSOLUTE') return { metric: filter.name, ...aggregated(filter.agg_op, windows), [change]: amount };
  return { metric: filter.name, ...aggregated(filter.agg_op, windows), [change]: formatPercent(amount) };
}

function zscoreOf(filter: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(filter)) return undefined;
  const direction = DIRECTIONS.get(filter.change_dir ?? null);
  const { name, threshold, window_size: window } = filter;
  if (direction === undefined || typeof name !== 'string' || typeof threshold !== 'number' || typeof window !== 'number') return undefined;
  return { metric: name, window, threshold, direction };
}

/** The aggregate with its windows; without one the windows are 1 and are not written. */
function aggregated(operator: JsonValue | undefined, windows: Record<string, JsonValue | undefined>): JsonObject {
  if (typeof operator !== 'string') return {};
  const sizes = Object.entries(windows).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return { aggregate: operator.toLowerCase(), ...Object.fromEntries(sizes) };
}

function actionOf({ action }: LiveTrigger, { slackNames }: ExportContext): Result<JsonObject, string> {
  switch (action.type) {
    case 'GENERIC_WEBHOOK': {
      if (action.integrationName === null) return err('its webhook integration does not exist any more');
      const payload = parseExactJson(action.requestPayload || 'null');
      if (!payload.ok) return err(`its payload is not JSON: ${payload.error}`);
      return ok({ webhook: { integration: action.integrationName, payload: payload.value } });
    }
    case 'NOTIFICATION': {
      if (action.channel === null) return err('its Slack integration does not exist any more');
      const { title, message, severity } = action;
      return ok({
        notification: {
          slack: slackNames?.get(action.integrationId ?? '') ?? action.channel,
          ...(title ? { title } : {}),
          ...(message ? { message } : {}),
          ...(severity === null || severity === 'INFO' ? {} : { severity: severity.toLowerCase() }),
        },
      });
    }
    case 'NO_OP':
      return ok({ no_op: {} });
    case 'OTHER':
      return err(`definitions cannot express its action ${action.kind}`);
  }
}

/** Text that is not JSON stays text. */
function jsonOr(text: string): JsonValue {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : text;
}
