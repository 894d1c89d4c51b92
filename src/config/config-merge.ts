import type { Automation } from '../automation/automation.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { RouteDefinition } from '../route/route.ts';
import { automationProblems, type Found, integrationProblems, routeProblems } from './config-names.ts';
import type { ConfigPath, ConfigProblem, Locator } from './config-problem.ts';
import type { ConfigContent } from './config-schema.ts';

/** One config file that is good by itself. */
export interface ConfigPart {
  readonly file: string;
  /** As it was written, before durations and the like were read. */
  readonly source: JsonObject;
  readonly content: ConfigContent;
  readonly locator: Locator;
}

/** The contents of all files. */
export interface MergedParts {
  readonly entity: string | undefined;
  readonly organization: string | undefined;
  readonly automations: readonly Automation[];
  readonly routes: readonly RouteDefinition[];
  readonly webhooks: readonly WebhookIntegration[];
  readonly settings: ConfigContent['settings'];
  readonly locator: Locator;
}

/** Puts files together and holds their definitions against each other. */
export function mergeParts(parts: readonly ConfigPart[]): Result<MergedParts, ConfigProblem[]> {
  const entity = sameEverywhere(parts, 'entity');
  const organization = sameEverywhere(parts, 'organization');
  const settings = onlyOnce(parts, 'settings');
  const automations = itemsOf(parts, 'automations', ({ content }) => content.automations);
  const routes = itemsOf(parts, 'routes', ({ content }) => content.routes);
  const webhooks = itemsOf(parts, 'integrations.webhooks', ({ content }) => content.integrations?.webhooks);
  const problems = [
    ...entity.problems,
    ...organization.problems,
    ...settings.problems,
    ...routeProblems(routes, automations),
    ...automationProblems(automations, entity.value),
    ...integrationProblems(webhooks),
    ...missingEntity(parts, entity.value),
  ];
  if (problems.length > 0) return err(inOrder(problems, parts));
  return ok({
    entity: entity.value,
    organization: organization.value,
    automations: automations.map(({ item }) => item),
    routes: routes.map(({ item }) => item),
    webhooks: webhooks.map(({ item }) => item),
    settings: settings.value,
    locator: mergedLocator(parts, { automations, routes }),
  });
}

/** The files as one file: lists one after the other, every other word as it stands where it stands. */
export function sourceOf(parts: readonly ConfigPart[]): JsonObject {
  return parts.reduce<JsonObject>((merged, { source }) => joined(merged, source), {});
}

function joined(before: JsonObject, after: JsonObject): JsonObject {
  const result = { ...before };
  for (const [word, value] of Object.entries(after)) result[word] = joinedValue(result[word], value);
  return result;
}

function joinedValue(before: JsonValue | undefined, after: JsonValue): JsonValue {
  if (Array.isArray(before) && Array.isArray(after)) return [...before, ...after];
  return isJsonObject(before) && isJsonObject(after) ? joined(before, after) : after;
}

interface Shared<T> {
  readonly value: T | undefined;
  readonly problems: readonly ConfigProblem[];
}

function sameEverywhere(parts: readonly ConfigPart[], word: 'entity' | 'organization'): Shared<string> {
  const [first, ...others] = parts.filter(({ content }) => content[word] !== undefined);
  const value = first?.content[word];
  return {
    value,
    problems: others
      .filter(({ content }) => content[word] !== value)
      .map(({ locator }) => locator.at([word], `is "${value}" in ${first?.file}: all files of a config have the same ${word}`)),
  };
}

function onlyOnce<K extends 'settings'>(parts: readonly ConfigPart[], word: K): Shared<ConfigContent[K]> {
  const [first, ...others] = parts.filter(({ content }) => content[word] !== undefined);
  return {
    value: first?.content[word],
    problems: others.map(({ locator }) => locator.atKey([word], `there are ${word} in ${first?.file} already: put them into one file`)),
  };
}

function missingEntity(parts: readonly ConfigPart[], entity: string | undefined): ConfigProblem[] {
  const needing = parts.find(({ content }) => (content.automations?.length ?? 0) > 0);
  if (entity !== undefined || needing === undefined) return [];
  return [needing.locator.at(['automations'], 'automations need "entity: <team>" at the top of the file')];
}

function itemsOf<T>(parts: readonly ConfigPart[], path: string, list: (part: ConfigPart) => readonly T[] | undefined): Found<T>[] {
  return parts.flatMap((part) =>
    (list(part) ?? []).map((item, i) => ({ item, file: part.file, locator: part.locator, path: [...path.split('.'), i] })),
  );
}

/** By file, then by place. */
function inOrder(problems: readonly ConfigProblem[], parts: readonly ConfigPart[]): ConfigProblem[] {
  const position = new Map(parts.map(({ file }, i) => [file, i]));
  const fileOf = (problem: ConfigProblem) => position.get(problem.file) ?? 0;
  return problems.toSorted((a, b) => fileOf(a) - fileOf(b) || a.line - b.line || a.column - b.column);
}

/** A locator whose paths count the items of all files as one list; any other path is looked up in the first file that has it. */
function mergedLocator(
  parts: readonly ConfigPart[],
  lists: { readonly [word: string]: readonly Pick<Found<unknown>, 'path' | 'locator'>[] },
): Locator {
  const find = (path: ConfigPath): { readonly locator: Locator | undefined; readonly path: ConfigPath } => {
    const [word, index, ...rest] = path;
    const item = typeof index === 'number' ? lists[String(word)]?.[index] : undefined;
    if (item !== undefined) return { locator: item.locator, path: [...item.path, ...rest] };
    return { locator: (parts.find(({ locator }) => path.length > 0 && locator.has(path.slice(0, 1))) ?? parts[0])?.locator, path };
  };
  const nowhere = (message: string): ConfigProblem => ({ file: '', line: 1, column: 1, field: '', message });
  return {
    has(path) {
      const found = find(path);
      return found.locator?.has(found.path) ?? false;
    },
    at(path, message) {
      const found = find(path);
      return found.locator?.at(found.path, message) ?? nowhere(message);
    },
    atKey(path, message) {
      const found = find(path);
      return found.locator?.atKey(found.path, message) ?? nowhere(message);
    },
  };
}
