import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { AUTOMATION_FIELDS, type Automation, relayRoute } from '../automation/automation.ts';
import { EVENT_KEYS } from '../automation/automation-event.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import type { Digest } from '../digest/definition.ts';
import type { Diagnostic, SourceLocation } from '../lib/diagnostic.ts';
import { messageOf } from '../lib/error-message.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { RouteDefinition } from '../route/route.ts';
import { type ConfigPart, mergeParts, sourceOf } from './config-merge.ts';
import { exactWhereSent, keepNumbers, withDoubles, withExactNumbers } from './config-numbers.ts';
import { type ConfigContent, configSchema } from './config-schema.ts';
import { expandConfig } from './expand.ts';
import { knownKeysAt } from './json-schema.ts';
import { type ConfigPath, elsewhereLocator, type Locator, locationAt, locatorOf, mappedLocator } from './locator.ts';
import { findMistakes } from './mistakes/config-mistakes.ts';
import type { RuleTest } from './rule-test-schema.ts';
import { diagnosticsOf, located, onceEach } from './schema-issues.ts';
import { documentMistakes, explainSyntax } from './yaml-mistakes.ts';

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
  readonly slackUnfurl: boolean;
  readonly commitStatus: boolean;
  /** The Slack channel of `alerts`; `null`: none. */
  readonly alertChannel: string | null;
  /** `alerts.webhook` and `alerts.heartbeat`; `null`: none. They may be secrets. */
  readonly alertWebhook: string | null;
  readonly heartbeat: string | null;
  /** Milliseconds. */
  readonly undeliveredAfterMs: number;
}

export const DEFAULT_SETTINGS: Settings = {
  dedupeWindowMs: 30_000,
  retryForMs: 3 * 86_400_000,
  githubWritesPerSecond: 3,
  maxBodyBytes: 256 * 1024,
  slackUsers: {},
  slackOperators: null,
  slackUnfurl: false,
  commitStatus: false,
  alertChannel: null,
  alertWebhook: null,
  heartbeat: null,
  undeliveredAfterMs: 15 * 60_000,
};

/** A definition with where it is written. */
export type Located<T> = T & {
  readonly location: SourceLocation;
  /** For `Config.locator`: the definition's path in the config as one file. */
  readonly path: ConfigPath;
};

/** One or several config files, valid and merged. */
export interface Config {
  /** The set of automations that this config owns: as declared, else `defaultNamespace`. */
  readonly namespace: string;
  readonly entity: string | undefined;
  readonly organization: string | undefined;
  readonly automations: readonly Located<Automation>[];
  readonly integrations: { readonly webhooks: readonly WebhookIntegration[] };
  /** The files' own routes, then those of automations with a `relay` action, which are located at that action. */
  readonly routes: readonly Located<RouteDefinition>[];
  readonly digests: readonly Located<Digest>[];
  /** Of automations: when they must fire. */
  readonly tests: readonly Located<RuleTest>[];
  readonly settings: Settings;
  /** The same config as one document, without `for_each` and `defaults`: reading it gives an equal config. */
  readonly source: JsonObject;
  /** Found while the files were read. `configWarnings` has these and those about what the config says. */
  readonly warnings: readonly Diagnostic[];
  /** For diagnostics of later checks. Its paths count the automations and routes of all files as one list. */
  readonly locator: Locator;
}

/**
 * Reads a config file of version 1.
 *
 * Returns all errors at once, each with its location. A file with an error is not used at all.
 *
 * @param text the YAML (1.2), or JSON, of the file
 * @param file its name, for locations
 */
export function readConfig(text: string, file: string): Result<Config, Diagnostic[]> {
  const part = readConfigPart(text, file);
  return part.ok ? joinParts([part.value]) : part;
}

/** Makes a config of files that are valid each by itself. The errors are conflicts between their definitions. */
export function joinParts(parts: readonly ConfigPart[]): Result<Config, Diagnostic[]> {
  const merged = mergeParts(parts);
  if (!merged.ok) return merged;
  const { namespace, entity, organization, settings, alerts, webhooks, locator } = merged.value;
  const located = <T>(item: T, path: ConfigPath): Located<T> => ({ ...item, location: locator.locationOf(path), path });
  const automations = merged.value.automations.map((automation, i) => located(automation, ['automations', i]));
  const routes = merged.value.routes.map((route, i) => located(route, ['routes', i]));
  const relays = relayRoutes(automations, entity).map(({ route, path }) => located(route, path));
  return ok({
    namespace,
    entity,
    organization,
    automations,
    integrations: { webhooks },
    routes: [...routes, ...relays],
    digests: merged.value.digests.map((digest, i) => located(digest, ['digests', i])),
    tests: merged.value.tests.map((test, i) => located(test, ['tests', i])),
    settings: readSettings(settings, alerts),
    source: { ...sourceOf(parts), namespace },
    warnings: parts.flatMap((part) => part.warnings),
    locator,
  });
}

/**
 * Reads one file by itself. Conflicts between definitions are found by `joinParts`.
 *
 * @param path the file's path in the repository, for the namespace
 * @param locate where a value was written, if that is not in the text
 */
export function readConfigPart(
  text: string,
  file: string,
  path = file,
  locate?: (path: ConfigPath) => SourceLocation,
): Result<ConfigPart, Diagnostic[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const inText = locatorOf(file, document, lines);
  const written = locate === undefined ? inText : elsewhereLocator(inText, locate);
  if (document.errors.length > 0) {
    const cause = explainSyntax(text, file, lines, document.errors[0]?.pos[0] ?? 0);
    if (cause !== undefined) return err([cause]);
    // The parser goes on behind a mistake, and finds more of what is only its consequence.
    const errors = document.errors.map((error) => errorAt(file, lines, error.pos[0], `not valid YAML: ${error.message}`));
    return err(errors.filter(({ location }, index) => errors.findIndex((other) => other.location?.line === location?.line) === index));
  }
  const slips = documentMistakes(text, document, file, lines);
  if (slips.some(isError)) return err(slips.filter(isError));
  const content = contentOf(document, file, lines, written);
  return content.ok ? checkedPart(content.value, { file, path, written, warnings: slips }) : content;
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}

/** The values of a document, with exact numbers. */
function contentOf(document: Document, file: string, lines: LineCounter, locator: Locator): Result<JsonValue, Diagnostic[]> {
  try {
    const unresolved = unresolvedAlias(document);
    if (unresolved !== undefined) return err([errorAt(file, lines, unresolved, 'not valid YAML: this alias has no anchor before it')]);
    keepNumbers(document);
    const content = document.toJS({ maxAliasCount: 100 }) as JsonValue | undefined;
    // An anchor that contains itself gives an endless value, which zod cannot check.
    JSON.stringify(content);
    if (content !== null && content !== undefined) return ok(content);
  } catch (error) {
    return err([locator.at([], `not valid YAML: ${messageOf(error)}`)]);
  }
  return err([locator.at([], 'the file is empty: it needs at least "version: 1" and routes')]);
}

function checkedPart(
  content: JsonValue,
  { file, path, written, warnings }: Pick<ConfigPart, 'file' | 'path' | 'warnings'> & { readonly written: Locator },
): Result<ConfigPart, Diagnostic[]> {
  const expanded = isJsonObject(content) ? expandConfig(content, [...AUTOMATION_FIELDS, 'for_each']) : undefined;
  const locator = expanded === undefined ? written : mappedLocator(written, expanded.originOf);
  const exact = exactWhereSent(expanded?.content ?? content);
  const checkable = withDoubles(exact);
  const parsed = configSchema.safeParse(checkable, { reportInput: true });
  const shorthand = expanded?.mistakes ?? [];
  const mistakes = isJsonObject(checkable) ? findMistakes(checkable, EVENT_KEYS) : [];
  if (parsed.success && mistakes.length + shorthand.length === 0) {
    return ok({ file, path, source: exact as JsonObject, content: withExactNumbers(parsed.data, exact), locator, warnings });
  }
  const found = diagnosticsOf(parsed.success ? [] : parsed.error.issues, mistakes, locator, knownKeysAt);
  return err(onceEach([...located(shorthand, written), ...found]));
}

/** The offset of the first alias without an anchor. */
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

function errorAt(file: string, lines: LineCounter, offset: number, message: string): Diagnostic {
  return { severity: 'error', message, location: locationAt(file, lines, offset) };
}

function readSettings(settings: ConfigContent['settings'], alerts: ConfigContent['alerts']): Settings {
  return {
    dedupeWindowMs: settings?.dedupe_window ?? DEFAULT_SETTINGS.dedupeWindowMs,
    retryForMs: settings?.retry_for ?? DEFAULT_SETTINGS.retryForMs,
    githubWritesPerSecond: settings?.github_writes_per_second ?? DEFAULT_SETTINGS.githubWritesPerSecond,
    maxBodyBytes: settings?.max_body_bytes ?? DEFAULT_SETTINGS.maxBodyBytes,
    slackUsers: settings?.slack_users ?? DEFAULT_SETTINGS.slackUsers,
    slackOperators: settings?.slack_operators ?? DEFAULT_SETTINGS.slackOperators,
    slackUnfurl: settings?.slack_unfurl ?? DEFAULT_SETTINGS.slackUnfurl,
    commitStatus: settings?.commit_status ?? DEFAULT_SETTINGS.commitStatus,
    alertChannel: alerts?.slack ?? DEFAULT_SETTINGS.alertChannel,
    alertWebhook: alerts?.webhook ?? DEFAULT_SETTINGS.alertWebhook,
    heartbeat: alerts?.heartbeat ?? DEFAULT_SETTINGS.heartbeat,
    undeliveredAfterMs: alerts?.undelivered_after ?? DEFAULT_SETTINGS.undeliveredAfterMs,
  };
}

function relayRoutes(
  automations: readonly Located<Automation>[],
  entity: string | undefined,
): { route: RouteDefinition; path: ConfigPath }[] {
  return automations.flatMap((automation) => {
    const shared = automations.some((other) => other !== automation && other.name === automation.name);
    const route = relayRoute(automation, entity, shared);
    return route === undefined ? [] : [{ route, path: [...automation.path, 'action', 'relay'] }];
  });
}
