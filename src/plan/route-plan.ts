import { relayRouteName } from '../automation/automation.ts';
import type { FieldChange } from '../automation/trigger-state.ts';
import { fingerprintOf } from '../lib/canonical.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import type { RouteDefinition } from '../route/route.ts';
import { valueChanges } from './definition-diff.ts';
import { routeInWords, shownRoute } from './definition-text.ts';
import {
  type EvaluatedConfig,
  type EvaluatedPlan,
  evaluatedOf,
  evaluatedWords,
  NOTHING_EVALUATED,
  planEvaluated,
} from './evaluated-plan.ts';

/**
 * What a new config changes in the receiver: its routes, and what relay actions do there. W&B knows nothing of it, so it is
 * compared with the config of an earlier commit, the base. It takes effect when the receiver loads the config.
 */

/** The part of a config that routes are in. */
export interface RoutedConfig extends EvaluatedConfig {
  readonly routes: readonly (RouteDefinition & { readonly location: SourceLocation; readonly path: readonly (string | number)[] })[];
}

/** The config at the base; `undefined` when the base has none; or why it is unknown, the second half of a sentence. */
export type BaseConfig = { readonly config: RoutedConfig | undefined; readonly commit: string } | { readonly unknown: string };

export interface RouteChange {
  readonly action: 'create' | 'update' | 'delete';
  readonly name: string;
  /** The key of the automation whose relay action it is; left out for a route of its own. */
  readonly automation?: string;
  readonly fields: readonly FieldChange[];
  /** A new or removed one as it is in the config. */
  readonly definition?: JsonObject;
  /** Where it is defined; left out for one that is removed. */
  readonly location?: SourceLocation;
}

export interface RoutePlan {
  /** A digest of all routes of the config, and of the automations that it evaluates. It does not depend on the base. */
  readonly digest: string;
  /** The automations that the receiver evaluates. */
  readonly evaluated: EvaluatedPlan;
  readonly changes: readonly RouteChange[];
  /** The commit of the base; `null` when it is unknown. */
  readonly base: string | null;
  /** Why the routes are not compared; left out when they are, or when there are none. */
  readonly notCompared?: string;
  /** Repositories that are dispatched to and that the base does not name, all of them if it has no config. */
  readonly newRepositories: readonly { readonly repository: string; readonly route: string; readonly location: SourceLocation }[];
}

/** The changes of routes since the base. Pure. */
export function planRoutes(config: RoutedConfig, base: BaseConfig): RoutePlan {
  const routes = routesOf(config);
  const digest = digestOf(routes, config);
  if ('unknown' in base) {
    const evaluated = { ...NOTHING_EVALUATED, notCompared: evaluatedOf(config.automations).length };
    return {
      digest,
      evaluated,
      changes: [],
      base: null,
      newRepositories: [],
      ...(routes.length === 0 ? {} : { notCompared: base.unknown }),
    };
  }
  const before = base.config === undefined ? [] : routesOf(base.config);
  const known = new Set(before.flatMap(({ route }) => repositoriesOf(route)).map((name) => name.toLowerCase()));
  const matches = new Map(routes.map((one) => [one, before.find((other) => isSame(other, one)) ?? renamed(one, routes, before)] as const));
  const changes = routes.flatMap((one) => changesOf(matches.get(one), one));
  const found = new Set(matches.values());
  const gone = before.filter((one) => !found.has(one));
  return {
    digest,
    evaluated: planEvaluated(config, base.config),
    base: base.commit,
    changes: [...changes, ...gone.flatMap((one) => changesOf(one, undefined))],
    newRepositories: newRepositories(routes, known),
  };
}

function digestOf(routes: readonly NamedRoute[], config: RoutedConfig): string {
  const words = routes.map(({ name, words: own }) => ({ name, ...own })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const evaluated = evaluatedWords(config);
  return fingerprintOf(evaluated.length === 0 ? words : { routes: words, evaluated });
}

interface NamedRoute {
  readonly name: string;
  /** The key that its automation had. */
  readonly movedFrom: string | undefined;
  readonly automation: string | undefined;
  readonly route: RouteDefinition & { readonly location: SourceLocation };
  readonly words: JsonObject;
}

function routesOf({ automations, routes }: RoutedConfig): NamedRoute[] {
  const byKey = new Map(automations.filter(({ action }) => action.relay !== undefined).map((one) => [relayRouteName(one), one]));
  return routes.map((located) => {
    const { location: _location, path, ...route } = located;
    const isRelay = path[0] === 'automations';
    const automation = isRelay ? byKey.get(route.name) : undefined;
    return {
      name: route.name,
      movedFrom: automation?.moved_from,
      automation: automation === undefined ? undefined : route.name,
      route: located,
      words: wordsOf(route, isRelay),
    };
  });
}

/** What is compared: of a relay action, `on` follows from its automation, which the plan shows by itself. */
function wordsOf(route: RouteDefinition, isRelay: boolean): JsonObject {
  const { name: _name, on, order, evaluatedBy: _evaluatedBy, ...rest } = routeInWords(route);
  return { ...(isRelay || on === undefined ? {} : { on }), ...rest, order: order ?? 'fifo' };
}

/** The former route of an automation that was renamed by moved_from. */
function renamed(one: NamedRoute, routes: readonly NamedRoute[], before: readonly NamedRoute[]): NamedRoute | undefined {
  if (one.movedFrom === undefined || routes.some(({ name }) => name === one.movedFrom)) return undefined;
  return before.find(({ name, automation }) => name === one.movedFrom && automation !== undefined);
}

function isSame(a: NamedRoute, b: NamedRoute): boolean {
  return a.name === b.name && (a.automation === undefined) === (b.automation === undefined);
}

function changesOf(before: NamedRoute | undefined, after: NamedRoute | undefined): RouteChange[] {
  const one = after ?? before;
  if (one === undefined) return [];
  const keys = one.automation === undefined ? [] : ['action', 'relay'];
  const fields = valueChanges(before?.words as JsonValue | undefined, after?.words as JsonValue | undefined, keys);
  if (fields.length === 0) return [];
  const common = {
    name: one.name,
    fields,
    ...(one.automation === undefined ? {} : { automation: one.automation }),
    ...(after === undefined ? {} : { location: after.route.location }),
  };
  if (before !== undefined && after !== undefined) return [{ action: 'update', ...common }];
  const { location: _location, path: _path, ...route } = one.route as NamedRoute['route'] & { path?: unknown };
  const definition = shownRoute(one.automation === undefined ? route : { ...route, on: {} });
  const { on, ...rest } = definition;
  return [
    {
      action: after === undefined ? 'delete' : 'create',
      ...common,
      definition: one.automation === undefined ? { ...(on === undefined ? {} : { on }), ...rest } : rest,
    },
  ];
}

function newRepositories(routes: readonly NamedRoute[], known: Set<string>): RoutePlan['newRepositories'] {
  const found: RoutePlan['newRepositories'][number][] = [];
  for (const { name, route } of routes) {
    for (const repository of repositoriesOf(route)) {
      if (known.has(repository.toLowerCase())) continue;
      known.add(repository.toLowerCase());
      found.push({ repository, route: name, location: route.location });
    }
  }
  return found;
}

/** The repositories that a route dispatches to. */
function repositoriesOf({ to }: RouteDefinition): string[] {
  return to.flatMap(({ repository_dispatch, workflow_dispatch }) => {
    const target = repository_dispatch ?? workflow_dispatch;
    return target === undefined ? [] : [target.repository];
  });
}
