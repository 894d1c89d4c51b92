import type { Automation } from '../automation/automation.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import type { Digest } from '../digest/definition.ts';
import { byPosition, type Diagnostic } from '../lib/diagnostic.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { RouteDefinition } from '../route/route.ts';
import { automationErrors, digestErrors, type Found, integrationErrors, routeErrors, testErrors } from './config-names.ts';
import type { ConfigContent } from './config-schema.ts';
import type { ConfigPath, Locator } from './locator.ts';
import { defaultNamespace } from './namespace.ts';
import type { RuleTest } from './rule-test-schema.ts';

/** One config file that is valid by itself. */
export interface ConfigPart {
  readonly file: string;
  /** Its path in the repository. */
  readonly path: string;
  /** As written, before durations are parsed; `for_each` and `defaults` applied. */
  readonly source: JsonObject;
  readonly content: ConfigContent;
  readonly locator: Locator;
  readonly warnings: readonly Diagnostic[];
}

/** The contents of all files. */
export interface MergedParts {
  readonly namespace: string;
  readonly entity: string | undefined;
  readonly organization: string | undefined;
  readonly automations: readonly Automation[];
  readonly routes: readonly RouteDefinition[];
  readonly digests: readonly Digest[];
  readonly tests: readonly RuleTest[];
  readonly webhooks: readonly WebhookIntegration[];
  readonly settings: ConfigContent['settings'];
  readonly alerts: ConfigContent['alerts'];
  readonly locator: Locator;
}

/** Merges the files. The errors are conflicts between definitions: of one file or of several. */
export function mergeParts(parts: readonly ConfigPart[]): Result<MergedParts, Diagnostic[]> {
  const namespace = sameEverywhere(parts, 'namespace');
  const entity = sameEverywhere(parts, 'entity');
  const organization = sameEverywhere(parts, 'organization');
  const settings = onlyOnce(parts, 'settings');
  const alerts = onlyOnce(parts, 'alerts');
  const automations = itemsOf(parts, 'automations', ({ content }) => content.automations);
  const routes = itemsOf(parts, 'routes', ({ content }) => content.routes);
  const digests = itemsOf(parts, 'digests', ({ content }) => content.digests);
  const tests = itemsOf(parts, 'tests', ({ content }) => content.tests);
  const webhooks = itemsOf(parts, 'integrations.webhooks', ({ content }) => content.integrations?.webhooks);
  const errors = [
    ...namespace.errors,
    ...entity.errors,
    ...organization.errors,
    ...settings.errors,
    ...alerts.errors,
    ...routeErrors(routes, automations),
    ...automationErrors(automations, entity.value),
    ...integrationErrors(webhooks),
    ...digestErrors(digests, entity.value),
    ...testErrors(tests, automations),
    ...missingEntity(parts, entity.value),
  ];
  if (errors.length > 0) return err(inOrder(errors, parts));
  return ok({
    namespace: namespace.value ?? defaultNamespace(parts.map(({ path }) => path)),
    entity: entity.value,
    organization: organization.value,
    automations: automations.map(({ item }) => item),
    routes: routes.map(({ item }) => item),
    digests: digests.map(({ item }) => item),
    tests: tests.map(({ item }) => item),
    webhooks: webhooks.map(({ item }) => item),
    settings: settings.value,
    alerts: alerts.value,
    locator: mergedLocator(parts, { automations, routes, digests, tests }),
  });
}

/** The files as one document: lists are concatenated, every other key keeps its value. */
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
  readonly errors: readonly Diagnostic[];
}

function sameEverywhere(parts: readonly ConfigPart[], word: 'namespace' | 'entity' | 'organization'): Shared<string> {
  const [first, ...others] = parts.filter(({ content }) => content[word] !== undefined);
  const value = first?.content[word];
  return {
    value,
    errors: others
      .filter(({ content }) => content[word] !== value)
      .map(({ locator }) => locator.at([word], `is "${value}" in ${first?.file}: all files of a config have the same ${word}`)),
  };
}

function onlyOnce<K extends 'settings' | 'alerts'>(parts: readonly ConfigPart[], word: K): Shared<ConfigContent[K]> {
  const [first, ...others] = parts.filter(({ content }) => content[word] !== undefined);
  return {
    value: first?.content[word],
    errors: others.map(({ locator }) => locator.atKey([word], `there are ${word} in ${first?.file} already: put them into one file`)),
  };
}

function missingEntity(parts: readonly ConfigPart[], entity: string | undefined): Diagnostic[] {
  const needing = parts.find(({ content }) => (content.automations?.length ?? 0) > 0);
  if (entity !== undefined || needing === undefined) return [];
  return [needing.locator.at(['automations'], 'automations need "entity: <team>" at the top of the file')];
}

function itemsOf<T>(parts: readonly ConfigPart[], path: string, list: (part: ConfigPart) => readonly T[] | undefined): Found<T>[] {
  return parts.flatMap((part) =>
    (list(part) ?? []).map((item, i) => ({ item, file: part.file, locator: part.locator, path: [...path.split('.'), i] })),
  );
}

/** By file, then by position. */
function inOrder(errors: readonly Diagnostic[], parts: readonly ConfigPart[]): Diagnostic[] {
  const position = new Map(parts.map(({ file }, i) => [file, i]));
  const fileOf = ({ location }: Diagnostic) => position.get(location?.file ?? '') ?? 0;
  return errors.toSorted((a, b) => fileOf(a) - fileOf(b) || byPosition(a, b));
}

/** Its paths count the items of all files as one list. Any other path is looked up in the first file that has it. */
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
  return {
    has(path) {
      const found = find(path);
      return found.locator?.has(found.path) ?? false;
    },
    at(path, message, severity) {
      const found = find(path);
      return found.locator?.at(found.path, message, severity) ?? { severity: severity ?? 'error', message };
    },
    atKey(path, message, severity) {
      const found = find(path);
      return found.locator?.atKey(found.path, message, severity) ?? { severity: severity ?? 'error', message };
    },
    locationOf(path) {
      const found = find(path);
      return found.locator?.locationOf(found.path) ?? { file: '', line: 1, column: 1 };
    },
  };
}
