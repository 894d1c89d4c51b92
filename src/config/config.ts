import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { type Automation, relayRoute } from '../automation/automation.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import { messageOf } from '../lib/error-message.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { RouteDefinition } from '../route/route.ts';
import { type ConfigPart, mergeParts, sourceOf } from './config-merge.ts';
import { exactWhereSent, keepNumbers, withDoubles, withExactNumbers } from './config-numbers.ts';
import { type ConfigPath, type ConfigProblem, type Locator, locatorOf, problemsOf, type SourceLocation } from './config-problem.ts';
import { type ConfigContent, configSchema } from './config-schema.ts';

/** Durations in milliseconds, sizes in bytes. */
export interface Settings {
  readonly dedupeWindowMs: number;
  readonly retryForMs: number;
  readonly githubWritesPerSecond: number;
  readonly maxBodyBytes: number;
  /** The Slack user id of W&B users, by W&B user name. */
  readonly slackUsers: Readonly<Record<string, string>>;
  /** Slack user and user group ids that may dispatch again and mute; `null`: everyone. */
  readonly slackOperators: readonly string[] | null;
  readonly commitStatus: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  dedupeWindowMs: 30_000,
  retryForMs: 3 * 86_400_000,
  githubWritesPerSecond: 3,
  maxBodyBytes: 256 * 1024,
  slackUsers: {},
  slackOperators: null,
  commitStatus: false,
};

/** One or several config files that were read and found good. */
export interface Config {
  readonly entity: string | undefined;
  readonly organization: string | undefined;
  readonly automations: readonly Automation[];
  /** Where each of `automations` stands. */
  readonly automationPlaces: readonly SourceLocation[];
  readonly integrations: { readonly webhooks: readonly WebhookIntegration[] };
  /** The files' own routes, then those that automations with a `relay` action stand for. */
  readonly routes: readonly RouteDefinition[];
  /** Where each of `routes` stands, for `locator`. */
  readonly routePaths: readonly ConfigPath[];
  readonly settings: Settings;
  /** All of it as one file would have it; reading that gives this config again. */
  readonly source: JsonObject;
  /** For complaints that only a later check can make. Its paths count the automations and routes of all files as one list. */
  readonly locator: Locator;
}

/**
 * Reads a config file of version 1.
 *
 * Every problem that can be found is returned at once, each with its place; nothing is taken from a file that has one.
 *
 * @param text the YAML (1.2), or JSON, of the file
 * @param file its name, for messages
 */
export function readConfig(text: string, file: string): Result<Config, ConfigProblem[]> {
  const part = readConfigPart(text, file);
  return part.ok ? joinParts([part.value]) : part;
}

/** Makes a config of files that are good each for itself. */
export function joinParts(parts: readonly ConfigPart[]): Result<Config, ConfigProblem[]> {
  const merged = mergeParts(parts);
  if (!merged.ok) return merged;
  const { entity, organization, automations, routes, settings, webhooks, locator } = merged.value;
  const relays = relayRoutes(automations, entity);
  return ok({
    entity,
    organization,
    automations,
    automationPlaces: automations.map((_automation, i) => placeOf(locator.at(['automations', i], ''))),
    integrations: { webhooks },
    routes: [...routes, ...relays.map(({ route }) => route)],
    routePaths: [...routes.map((_route, i) => ['routes', i]), ...relays.map(({ path }) => path)],
    settings: readSettings(settings),
    source: sourceOf(parts),
    locator,
  });
}

function placeOf({ file, line, column }: ConfigProblem): SourceLocation {
  return { file, line, column };
}

/** Reads one file by itself: what only shows between definitions is not looked at. */
export function readConfigPart(text: string, file: string): Result<ConfigPart, ConfigProblem[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const locator = locatorOf(file, document, lines);
  if (document.errors.length > 0) {
    return err(document.errors.map((error) => problemAt(file, lines, error.pos[0], `not valid YAML: ${error.message}`)));
  }
  let content: JsonValue | undefined;
  try {
    const unresolved = unresolvedAlias(document);
    if (unresolved !== undefined) return err([problemAt(file, lines, unresolved, 'not valid YAML: this alias has no anchor before it')]);
    keepNumbers(document);
    content = document.toJS({ maxAliasCount: 100 }) as JsonValue | undefined;
    // An anchor that contains itself gives a value without end, which no schema survives.
    JSON.stringify(content);
  } catch (error) {
    return err([locator.at([], `not valid YAML: ${messageOf(error)}`)]);
  }
  if (content === null || content === undefined)
    return err([locator.at([], 'the file is empty: it needs at least "version: 1" and routes')]);
  const exact = exactWhereSent(content);
  const parsed = configSchema.safeParse(withDoubles(exact));
  if (!parsed.success) return err(problemsOf(parsed.error.issues, locator, knownKeysAt));
  return ok({ file, source: exact as JsonObject, content: withExactNumbers(parsed.data, exact), locator });
}

/** Where an alias stands whose anchor does not exist. */
function unresolvedAlias(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) !== undefined) return undefined;
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function problemAt(file: string, lines: LineCounter, offset: number, message: string): ConfigProblem {
  const { line, col } = lines.linePos(offset);
  return { file, line, column: col, field: '', message };
}

function readSettings(settings: ConfigContent['settings']): Settings {
  return {
    dedupeWindowMs: settings?.dedupe_window ?? DEFAULT_SETTINGS.dedupeWindowMs,
    retryForMs: settings?.retry_for ?? DEFAULT_SETTINGS.retryForMs,
    githubWritesPerSecond: settings?.github_writes_per_second ?? DEFAULT_SETTINGS.githubWritesPerSecond,
    maxBodyBytes: settings?.max_body_bytes ?? DEFAULT_SETTINGS.maxBodyBytes,
    slackUsers: settings?.slack_users ?? DEFAULT_SETTINGS.slackUsers,
    slackOperators: settings?.slack_operators ?? DEFAULT_SETTINGS.slackOperators,
    commitStatus: settings?.commit_status ?? DEFAULT_SETTINGS.commitStatus,
  };
}

/** What the config allows and probably does not mean. One sentence each. */
export function approvalWarnings({ routes, settings }: Pick<Config, 'routes' | 'settings'>): string[] {
  const strict = routes.filter(({ approval }) => approval?.allow_self === false).map(({ name }) => name);
  if (strict.length === 0 || Object.keys(settings.slackUsers).length > 0) return [];
  return [
    `settings.slack_users is empty, so nobody can tell who caused an event: with "allow_self: false" (${strict.join(', ')}) no event of a W&B user can be approved in Slack`,
  ];
}

function relayRoutes(automations: readonly Automation[], entity: string | undefined): { route: RouteDefinition; path: ConfigPath }[] {
  return automations.flatMap((automation, i) => {
    const shared = automations.some((other) => other !== automation && other.name === automation.name);
    const route = relayRoute(automation, entity, shared);
    return route === undefined ? [] : [{ route, path: ['automations', i, 'action', 'relay'] }];
  });
}

/** The JSON Schema of the config file, for editors. */
export function configJsonSchema(): object {
  return { title: 'wandb-relay.yaml', ...z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) };
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

let schemaTree: SchemaNode | undefined;

/** The keys that may stand at a path, read off the same schema that editors get. */
function knownKeysAt(path: ConfigPath): string[] {
  schemaTree ??= configJsonSchema() as SchemaNode;
  let nodes: SchemaNode[] = [schemaTree];
  for (const part of path) {
    nodes = nodes
      .flatMap((node) => [node, ...(node.anyOf ?? [])])
      .flatMap((node) => {
        const child = typeof part === 'number' ? node.items : node.properties?.[part];
        return child === undefined ? [] : [child];
      });
  }
  return nodes.flatMap((node) => [node, ...(node.anyOf ?? [])]).flatMap((node) => Object.keys(node.properties ?? {}));
}
