import { stringify } from 'yaml';
import type { Automation } from '../automation/automation.ts';
import { DEFAULT_WINDOWS } from '../automation/event-filter.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import { RELAY_INTEGRATION } from '../automation/trigger-input.ts';
import { durationInConfig } from '../lib/duration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { visible } from '../lib/visible.ts';
import type { RouteDefinition } from '../route/route.ts';
import { type ConfigNames, RELAY_PAYLOAD, viewOfLive } from './definition-view.ts';
import { hideSecrets } from './hidden-secrets.ts';

/**
 * Definitions as people read them in a plan: in YAML, without defaults, without name and scope, which are in the line above,
 * and without literal secrets.
 */

/** The default of `refire`, in milliseconds. */
const DEFAULT_REFIRE_MS = 24 * 3_600_000;

/** A definition as it is in the config. */
export function shownDefinition(automation: Automation): JsonObject {
  const { name, key, description, enabled, engine, event, runs, action } = automation;
  const { refire, for_points: forPoints, resolve, dry_run: dryRun } = automation;
  const [kind = '', fields] = Object.entries(event as JsonObject)[0] ?? [];
  return shown({
    ...(key === undefined || key === name ? {} : { key }),
    ...(description === undefined ? {} : { description }),
    ...(enabled === false ? { enabled } : {}),
    ...(engine === undefined || engine === 'wandb' ? {} : { engine }),
    ...(refire === undefined || refire === DEFAULT_REFIRE_MS ? {} : withDurations({ refire })),
    ...(forPoints === undefined || forPoints === 1 ? {} : { for_points: forPoints }),
    ...(resolve === true ? { resolve } : {}),
    ...(dryRun === true ? { dry_run: dryRun } : {}),
    event: { [kind]: isJsonObject(fields) ? withDurations(withoutDefaultWindows(kind, fields)) : {} },
    ...(runs === undefined ? {} : { runs: runs as JsonObject }),
    action: shownAction(action as JsonObject),
  });
}

/** An automation at W&B as a definition, for one that is deleted. */
export function shownLive(live: LiveTrigger, names: ConfigNames): JsonObject {
  const { description, enabled, event, runs, action } = viewOfLive(live, names);
  const [kind = '', fields] = Object.entries(event)[0] ?? [];
  return shown({
    ...(description === null ? {} : { description }),
    ...(enabled ? {} : { enabled }),
    event: { [kind]: isJsonObject(fields) ? withoutDefaultWindows(kind, fields) : {} },
    ...(runs === null ? {} : { runs }),
    action: shownAction(action),
  });
}

/** A route as it is in the config. */
export function shownRoute(route: RouteDefinition): JsonObject {
  const { name: _name, evaluatedBy: _evaluatedBy, ...rest } = routeInWords(route);
  const { order, ...fields } = rest;
  return shown(order === undefined || order === 'fifo' ? fields : rest);
}

/** Durations are milliseconds once a config is read. */
const DURATION_KEYS: ReadonlySet<string> = new Set(['cooldown', 'expires', 'remind', 'after', 'refire', 'for', 'grace', 'longer_than']);

/** A route, or what a relay action has of one, with its durations as in the config. */
export function routeInWords(route: object): JsonObject {
  const { approval, ...rest } = Object.fromEntries(Object.entries(route).filter(([, value]) => value !== undefined)) as JsonObject;
  return { ...withDurations(rest), ...(isJsonObject(approval) ? { approval: withDurations(approval) } : {}) };
}

function withDurations(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]): [string, JsonValue] => {
        if (typeof value === 'number' && DURATION_KEYS.has(key)) return [key, durationInConfig(value)];
        return [key, key === 'escalate' && isJsonObject(value) ? withDurations(value) : value];
      }),
  );
}

function shown(definition: JsonObject): JsonObject {
  return hideSecrets(definition, []) as JsonObject;
}

function withoutDefaultWindows(kind: string, fields: JsonObject): JsonObject {
  const defaults: Readonly<Record<string, number>> =
    kind === 'run_metric'
      ? { window: DEFAULT_WINDOWS.threshold }
      : kind === 'run_metric_change'
        ? { window: DEFAULT_WINDOWS.current, prior_window: DEFAULT_WINDOWS.prior }
        : kind === 'run_metric_zscore'
          ? { window: DEFAULT_WINDOWS.zscore }
          : {};
  const isDefaultValue = (key: string, value: JsonValue) => defaults[key] === value || (key === 'over' && value === 'values');
  return Object.fromEntries(Object.entries(fields).filter(([key, value]) => value !== undefined && !isDefaultValue(key, value)));
}

function shownAction(action: JsonObject): JsonObject {
  const [kind = '', fields] = Object.entries(action).find(([, value]) => value !== undefined) ?? [];
  if (!isJsonObject(fields)) return { [kind]: fields ?? {} };
  const words = kind === 'relay' ? routeInWords(fields) : fields;
  return {
    [kind]: Object.fromEntries(Object.entries(words).filter(([key, value]) => value !== undefined && !isDefault(kind, key, value))),
  };
}

function isDefault(kind: string, key: string, value: JsonValue): boolean {
  if (kind === 'relay')
    return (key === 'integration' && value === RELAY_INTEGRATION) || (key === 'order' && value === 'fifo') || value === RELAY_PAYLOAD;
  if (kind === 'webhook') return key === 'payload' && value === RELAY_PAYLOAD;
  return kind === 'notification' && ((key === 'severity' && value === 'info') || value === '');
}

/** A definition as YAML, one key a line as long as that is readable. Nothing in it is invisible. */
export function definitionLines(definition: JsonObject): string[] {
  return Object.entries(definition).flatMap(([key, value]) => {
    const line = `${yamlValue(key)}: ${yamlValue(value)}`;
    if (line.length <= 120) return [line];
    const block = stringify({ [key]: plain(value) }, { lineWidth: 0, blockQuote: false, aliasDuplicateObjects: false }).trimEnd();
    return block.split('\n').map(visible);
  });
}

/** A value as one line of YAML, as somebody would write it in the config. */
export function yamlValue(value: JsonValue): string {
  if (typeof value === 'string') return isMarker(value) ? visible(value) : scalarText(value, false);
  return flow(value);
}

/** `{ states: [failed, finished] }` */
function flow(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (!isJsonObject(value)) return value instanceof JsonNumber ? value.text : scalarText(value, true);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return entries.length === 0 ? '{}' : `{ ${entries.map(([key, item]) => `${scalarText(key, true)}: ${flow(item)}`).join(', ')} }`;
}

/** A plain text with an arrow or a parenthesis could be read as a part of the diff, so it is quoted. */
function scalarText(value: string | number | boolean | null, isInFlow: boolean): string {
  if (typeof value === 'string' && isInFlow && isMarker(value)) return visible(value);
  if (typeof value === 'string' && (/[→()]|^\s*$/.test(value) || visible(value) !== value)) return visible(JSON.stringify(value));
  // Most words need no quotes, and writing a YAML document for each is slow.
  if (typeof value !== 'string' || (/^[A-Za-z][\w-]*$/.test(value) && !/^(?:true|false|null|y|n|yes|no|on|off)$/i.test(value)))
    return String(value);
  const options = { lineWidth: 0, blockQuote: false } as const;
  const text = isInFlow
    ? stringify([value], { ...options, collectionStyle: 'flow', flowCollectionPadding: false })
        .trimEnd()
        .slice(1, -1)
    : stringify(value, options).trimEnd();
  return visible(text);
}

/** The words in parentheses that stand for a value. */
function isMarker(text: string): boolean {
  return /^\([\w ',]+\)$/.test(text) || /^[^\n]+ \((?:another integration of this name|no longer exists)\)$/.test(text);
}

/** Numbers that a double would change are kept as they are written. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return /^-?\d+$/.test(value.text) ? BigInt(value.text) : value.valueOf();
  if (Array.isArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)]),
  );
}
