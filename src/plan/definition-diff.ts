import type { LiveTrigger } from '../automation/trigger.ts';
import { type FieldChange, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { type ConfigNames, type DefinedTrigger, type DefinitionView, RELAY_PAYLOAD, viewOfDefined, viewOfLive } from './definition-view.ts';
import { hideSecrets } from './hidden-secrets.ts';

type Keys = readonly (string | number)[];

/**
 * The fields in which an automation at W&B and its definition differ, in the words of the config. Both sides come out of the
 * same way back from W&B's state, so what is equal there is equal here. Literal secrets are hidden.
 *
 * @param live left out: the automation is new, and every field of the definition is a change
 * @param defined left out: the automation is deleted
 */
export function definitionChanges(live: LiveTrigger | undefined, defined: DefinedTrigger | undefined, names: ConfigNames): FieldChange[] {
  const before = live === undefined ? undefined : viewOfLive(live, names, defined);
  const after = defined === undefined ? undefined : viewOfDefined(defined);
  const found = valueChanges(jsonOf(before), jsonOf(after), []);
  if (live === undefined || defined === undefined || before === undefined || after === undefined) return found;
  return [...found, ...unsaid(live, defined, found, isRelayed(before) && isRelayed(after))];
}

/** The relay payload follows from the name and the event, which are said. */
function isRelayed({ action }: DefinitionView): boolean {
  const fields = action.relay ?? action.webhook;
  return isJsonObject(fields) && fields.payload === RELAY_PAYLOAD;
}

/** What differs at W&B although every word is equal. */
function unsaid(live: LiveTrigger, defined: DefinedTrigger, found: readonly FieldChange[], areRelayed: boolean): FieldChange[] {
  const [before, after] = [stateOfLive(live), stateOfInput(defined.input)];
  const isSaid = (...words: string[]) => found.some(({ path }) => words.some((word) => path === word || path.startsWith(`${word}.`)));
  const differs = (a: JsonValue, b: JsonValue) => canonicalJson(a) !== canonicalJson(b);
  const changes: FieldChange[] = [];
  if (differs(before.scope, after.scope) && !isSaid('scope'))
    changes.push({ path: 'scope', before: '(another one of this name, which no longer exists)', after: defined.scope.description });
  if (differs(before.event, after.event) && !isSaid('event', 'runs'))
    changes.push({ path: 'event.filter', before: hidden(before.event.filter, ['event']), after: hidden(after.event.filter, ['event']) });
  if (!areRelayed && differs(before.action, after.action) && !isSaid('action'))
    changes.push({ path: 'action', before: '(differs in what no word of the config says)', after: '(as defined)' });
  return changes;
}

function jsonOf(view: DefinitionView | undefined): JsonObject | undefined {
  if (view === undefined) return undefined;
  const { description, runs, ...rest } = view;
  const { name, enabled, scope, event, action } = rest;
  return {
    name,
    ...(description === null ? {} : { description }),
    enabled,
    scope,
    event,
    ...(runs === null ? {} : { runs }),
    action,
  };
}

/**
 * The paths in which two values differ, in the order of the second. Objects are compared key by key and lists item by item. An
 * object with another only key (another event, another action, another kind of MATCH) and a raw filter are one change.
 */
export function valueChanges(before: JsonValue | undefined, after: JsonValue | undefined, keys: Keys): FieldChange[] {
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) return [];
  if (before === undefined && after === undefined) return [];
  if (isBranch(before, after, keys)) {
    const [from, to] = [isJsonObject(before) ? before : {}, isJsonObject(after) ? after : {}];
    return [...new Set([...Object.keys(to), ...Object.keys(from)])].flatMap((key) =>
      valueChanges(own(from, key), own(to, key), [...keys, key]),
    );
  }
  if (Array.isArray(before ?? []) && Array.isArray(after ?? []) && hasObject(before, after)) {
    return listChanges((before ?? []) as JsonValue[], (after ?? []) as JsonValue[], keys);
  }
  return [{ path: pathText(keys), before: hidden(before, keys), after: hidden(after, keys) }];
}

/** Whether both sides are looked into. A missing side counts as an empty object. */
function isBranch(before: JsonValue | undefined, after: JsonValue | undefined, keys: Keys): boolean {
  if (keys.at(-1) === 'filter') return false;
  if (before === undefined || after === undefined) {
    const only = before ?? after;
    return isJsonObject(only) && Object.keys(only).length > 0;
  }
  if (!isJsonObject(before) || !isJsonObject(after)) return false;
  const [from, to] = [Object.keys(before), Object.keys(after)];
  return !(from.length === 1 && to.length === 1 && from[0] !== to[0]);
}

function hasObject(...lists: readonly (JsonValue | undefined)[]): boolean {
  return lists.some((list) => Array.isArray(list) && list.some((item) => typeof item === 'object' && item !== null));
}

/** Items at the start and the end that are equal are skipped, so that an insertion is one change. The path counts in the new list. */
function listChanges(before: readonly JsonValue[], after: readonly JsonValue[], keys: Keys): FieldChange[] {
  const same = (a: JsonValue | undefined, b: JsonValue | undefined) =>
    a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b);
  let start = 0;
  while (start < before.length && start < after.length && same(before[start], after[start])) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && same(before.at(-1 - end), after.at(-1 - end))) end++;
  const [from, to] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  return Array.from({ length: Math.max(from.length, to.length) }, (_, i) => valueChanges(from[i], to[i], [...keys, start + i])).flat();
}

function hidden(value: JsonValue | undefined, keys: Keys): JsonValue | undefined {
  return value === undefined ? undefined : hideSecrets(value, keys);
}

/** Own fields only: a payload may have a field named `constructor`. */
function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** `action.relay.to[0].slack.channel`; a key with other characters is quoted: `payload["a.b"]`. */
export function pathText(keys: Keys): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
    return path === '' ? key : `${path}.${key}`;
  }, '');
}
