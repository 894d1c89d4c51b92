import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { EACH, replaceEach } from './each-template.ts';
import type { ConfigPath } from './locator.ts';
import { keyMistake, type Mistake, mistake } from './mistakes/mistake.ts';

/**
 * The shorthands of a config file: `for_each`, `defaults`, `x-` keys and blank events. They are resolved before the schema
 * checks the result, so that every rule is written once, for whole automations.
 */

/** The most automations that one `for_each` makes. W&B lists and shows them one by one. */
export const MAX_COMBINATIONS = 500;

export interface Expanded {
  /** Without shorthands. */
  readonly content: JsonObject;
  readonly mistakes: readonly Mistake[];
  /** Where a path of `content` was written. */
  readonly originOf: (path: ConfigPath) => ConfigPath;
}

interface Origin {
  readonly index: number;
  readonly fromDefaults: ReadonlySet<string>;
}

const BLANK_EVENT = /^(create|link|unlink|add|remove)_(artifact|collection)(_alias|_tag)?$/;

/**
 * Resolves the shorthands of one file.
 *
 * @param fields the fields of an automation, which `defaults` may have
 */
export function expandConfig(written: JsonObject, fields: readonly string[]): Expanded {
  const { automations, defaults, ...others } = Object.fromEntries(Object.entries(written).filter(([key]) => !key.startsWith('x-')));
  const mistakes: Mistake[] = [...defaultsMistakes(defaults, fields)];
  const origins: Origin[] = [];
  const expanded: JsonValue[] = [];
  for (const [index, one] of Array.isArray(automations) ? automations.entries() : []) {
    if (!isJsonObject(one)) {
      origins.push({ index, fromDefaults: new Set() });
      expanded.push(one);
      continue;
    }
    const merged = isJsonObject(defaults)
      ? withDefaults(one, known(defaults, fields))
      : { definition: one, fromDefaults: new Set<string>() };
    const { definition, mistakes: wrong, all } = combinationsOf(merged.definition, ['automations', index]);
    const placed = wrong.map((item) => ({ ...item, path: originPath(item.path, { index, fromDefaults: merged.fromDefaults }) }));
    mistakes.push(...placed);
    for (const values of all) {
      origins.push({ index, fromDefaults: merged.fromDefaults });
      expanded.push(withBlanks(withTextNames(replaceEach(definition, values) as JsonObject)));
    }
  }
  return {
    content: { ...others, ...(automations === undefined ? {} : { automations: Array.isArray(automations) ? expanded : automations }) },
    mistakes,
    originOf: (path) => {
      const origin = path[0] === 'automations' && typeof path[1] === 'number' ? origins[path[1]] : undefined;
      return origin === undefined ? path : originPath(path, origin);
    },
  };
}

function originPath(path: ConfigPath, { index, fromDefaults }: Origin): ConfigPath {
  const [, , field, ...rest] = path;
  if (field === undefined) return ['automations', index];
  return fromDefaults.has(String(field)) ? ['defaults', field, ...rest] : ['automations', index, field, ...rest];
}

function defaultsMistakes(defaults: JsonValue | undefined, fields: readonly string[]): Mistake[] {
  if (defaults === undefined) return [];
  if (!isJsonObject(defaults)) return [mistake(['defaults'], "must be a mapping with any of an automation's fields")];
  const unknown = Object.keys(defaults).filter((key) => !fields.includes(key) && key !== '<<');
  const message = `unknown key: defaults has the fields of an automation: ${fields.join(', ')}`;
  return unknown.map((key) => keyMistake(['defaults', key], message));
}

function known(defaults: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(defaults).filter(([key]) => fields.includes(key) || key === '<<'));
}

/**
 * A field of the automation replaces that of `defaults` as a whole. A field that is `null` is in neither: so an automation
 * goes without a default.
 */
function withDefaults(one: JsonObject, defaults: JsonObject): { definition: JsonObject; fromDefaults: ReadonlySet<string> } {
  const fromDefaults = new Set(Object.keys(defaults).filter((key) => !Object.hasOwn(one, key)));
  const declined = new Set(Object.keys(defaults).filter((key) => Object.hasOwn(one, key) && one[key] === null));
  const entries = [
    ...Object.entries(one).filter(([key]) => !declined.has(key)),
    ...Object.entries(defaults).filter(([key]) => fromDefaults.has(key)),
  ];
  return { definition: Object.fromEntries(entries), fromDefaults };
}

type Values = Readonly<Record<string, JsonValue>>;

interface Combinations {
  /** The automation without its `for_each`. */
  readonly definition: JsonObject;
  readonly all: readonly Values[];
  readonly mistakes: readonly Mistake[];
}

function combinationsOf(written: JsonObject, path: ConfigPath): Combinations {
  const { for_each: lists, ...definition } = written;
  const here = [...path, 'for_each'];
  if (lists === undefined) {
    const wrong = firstOfEach(eachMistakes(definition, [], path));
    return { definition, all: wrong.length > 0 ? [] : [{}], mistakes: wrong };
  }
  const wrong = listMistakes(lists, here);
  if (wrong.length > 0 || !isJsonObject(lists)) return { definition, all: [], mistakes: wrong };
  const words = Object.keys(lists);
  const columns = Object.values(lists) as JsonValue[][];
  const count = columns.reduce((product, column) => product * column.length, 1);
  if (count > MAX_COMBINATIONS) {
    const message = `makes ${count} automations, and the most is ${MAX_COMBINATIONS}: split it, or use a wider scope such as { team: … }`;
    return { definition, all: [], mistakes: [mistake(here, message)] };
  }
  const unused = words.filter((word) => !usesEach(definition, word)).map((word) => mistake([...here, word], unusedAdvice(word)));
  const unknown = firstOfEach(eachMistakes(definition, words, path));
  if (unused.length + unknown.length > 0) return { definition, all: [], mistakes: unknown.length > 0 ? unknown : unused };
  const all = columns.reduce<Values[]>(
    (rows, column, i) => rows.flatMap((row) => column.map((value) => ({ ...row, [words[i] ?? '']: value }))),
    [{}],
  );
  return { definition, all, mistakes: nameMistakes(definition, words, all, path) };
}

function unusedAdvice(word: string): string {
  return `is not used: write "{{ each.${word} }}" where its values belong, at least in the name`;
}

function listMistakes(lists: JsonValue, path: ConfigPath): Mistake[] {
  if (!isJsonObject(lists)) return [mistake(path, 'must be a mapping of lists, such as { project: [train-eu, train-us] }')];
  if (Object.keys(lists).length === 0) return [mistake(path, 'must have at least one list')];
  return Object.entries(lists).flatMap(([word, list]): Mistake[] => {
    const here = [...path, word];
    if (!/^[A-Za-z_]\w*$/.test(word)) return [keyMistake(here, 'must be a word of letters, digits and "_": it stands in {{ each.… }}')];
    if (!Array.isArray(list)) return [mistake(here, `must be a list: write ${word}: [ … ]`)];
    if (list.length === 0) return [mistake(here, 'is an empty list, which would make no automation')];
    const texts = list.map((value) => (value instanceof JsonNumber ? String(value) : JSON.stringify(value)));
    return list.flatMap((value, i): Mistake[] => {
      const isScalar = ['string', 'number', 'boolean'].includes(typeof value) || value instanceof JsonNumber;
      if (!isScalar) return [mistake([...here, i], 'must be a text, a number, or true or false')];
      return texts.indexOf(texts[i] ?? '') < i ? [mistake([...here, i], `lists ${texts[i]} twice`)] : [];
    });
  });
}

/** `{{ each.… }}` that nothing fills in. */
function eachMistakes(value: JsonValue, words: readonly string[], path: ConfigPath): Mistake[] {
  if (typeof value === 'string') {
    const problem = eachProblem(value, words);
    return problem === undefined ? [] : [mistake(path, problem)];
  }
  if (Array.isArray(value)) return value.flatMap((item, i) => eachMistakes(item, words, [...path, i]));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]): Mistake[] => {
    const problem = eachProblem(key, words);
    return [...(problem === undefined ? [] : [keyMistake([...path, key], problem)]), ...eachMistakes(inner, words, [...path, key])];
  });
}

/** A word that does not exist is one mistake, however often it is used. */
function firstOfEach(mistakes: readonly Mistake[]): Mistake[] {
  return mistakes.filter(({ message }, i) => mistakes.findIndex((other) => other.message === message) === i);
}

function eachProblem(text: string, words: readonly string[]): string | undefined {
  for (const [whole] of text.matchAll(/\{\{[^{}]*\beach\.[^{}]*\}\}/g)) {
    const word = new RegExp(`^${EACH.source}$`).exec(whole)?.[1];
    if (word === undefined) return `${whole}: only {{ each.WORD }} is replaced, without filters`;
    if (words.length === 0) return `${whole}: this automation has no for_each`;
    if (!words.includes(word)) return `${whole}: for_each has no ${word}; it has ${words.join(', ')}`;
  }
  return undefined;
}

function usesEach(value: JsonValue, word: string): boolean {
  return [...JSON.stringify(value).matchAll(EACH)].some(([, used]) => used === word);
}

/** Names are unique in a scope: two combinations of one name and one scope are one mistake of the `for_each`. */
function nameMistakes(definition: JsonObject, words: readonly string[], all: readonly Values[], path: ConfigPath): Mistake[] {
  const seen = new Set<string>();
  for (const values of all) {
    const name = JSON.stringify(replaceEach(definition.name ?? null, values));
    if (!seen.has(name)) {
      seen.add(name);
      continue;
    }
    const missing = words.filter((word) => !usesEach(definition.name ?? null, word));
    const advice = missing.length === 0 ? 'choose other values' : `write {{ each.${missing.join(' }} and {{ each.')} }} in the name`;
    return [mistake([...path, 'name'], `several combinations of for_each have the name ${name}, and the names must differ: ${advice}`)];
  }
  return [];
}

/** A name that is one whole template of numbers is text all the same. */
function withTextNames(definition: JsonObject): JsonObject {
  const isNumber = (value: JsonValue) => typeof value === 'number' || value instanceof JsonNumber;
  return Object.fromEntries(
    Object.entries(definition).map(([key, value]) => [
      key,
      ['name', 'key', 'moved_from'].includes(key) && isNumber(value) ? String(value) : value,
    ]),
  );
}

/** A blank event or `no_op` has no fields. */
function withBlanks(definition: JsonObject): JsonObject {
  const filled = (value: JsonValue | undefined, mayBeBlank: (key: string) => boolean): JsonValue | undefined => {
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inner === null && mayBeBlank(key) ? {} : inner]));
  };
  const event = filled(definition.event, (key) => BLANK_EVENT.test(key));
  const action = filled(definition.action, (key) => key === 'no_op');
  return { ...definition, ...(event === undefined ? {} : { event }), ...(action === undefined ? {} : { action }) };
}
