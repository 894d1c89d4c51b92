import { type Automation, describeScope, eventTypeOf, relayRouteName } from '../../../src/automation/automation.ts';
import { RUN_EVENTS } from '../../../src/automation/automation-event.ts';
import { conditionWords } from '../../../src/backtest/condition-words.ts';
import { compileRule } from '../../../src/engine/compile.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { durationInConfig } from '../../../src/lib/duration.ts';
import { compileMatch, type Match } from '../../../src/route/match.ts';
import { compileRoute, type RouteDefinition } from '../../../src/route/route.ts';
import type { AutomationFacts } from '../activity-counts.ts';

const EVENT_WORDS: Readonly<Record<string, string>> = {
  create_artifact: 'a version is created',
  link_artifact: 'a version is linked',
  unlink_artifact: 'a version is unlinked',
  add_artifact_alias: 'a version gets an alias',
  add_artifact_tag: 'a version gets a tag',
  remove_artifact_tag: 'a version loses a tag',
  add_collection_tag: 'a collection gets a tag',
  remove_collection_tag: 'a collection loses a tag',
};

/** When an automation fires, in a few lines of plain text with words of the config. */
export function automationWords(automation: Automation): string[] {
  const { event, scope, runs } = automation;
  const type = eventTypeOf(automation);
  const { alias, tag, filter } = (event[type as keyof typeof event] ?? {}) as { alias?: Match; tag?: Match; filter?: unknown };
  const rule = compileRule({ ...automation, enabled: true }, 'the team');
  return [
    rule === undefined ? (EVENT_WORDS[type] ?? type) : conditionWords(rule),
    ...matchWords({ alias, tag }),
    ...(filter === undefined ? [] : ['its filter is met']),
    ...matchWords({ 'run name': runs?.name, 'run user': runs?.user, 'run tag': runs?.tags }),
    ...(runs?.filter === undefined ? [] : ['the filter of its runs is met']),
    describeScope(scope),
  ];
}

function matchWords(matches: Readonly<Record<string, Match | undefined>>): string[] {
  return Object.entries(matches).flatMap(([name, match]) => (match === undefined ? [] : [`${name} is ${compileMatch(match).wanted}`]));
}

/** What it does when it fires, in words. */
export function actionWords({ action: { relay, webhook, notification } }: Automation): string {
  if (relay !== undefined) return 'sends its event to this relay';
  if (webhook !== undefined) return `W&B calls the webhook integration ${webhook.integration}`;
  return notification === undefined ? 'does nothing' : `W&B writes to Slack, ${notification.slack}`;
}

/** Further rules of `engine: relay`. */
export function repeatWords({ refire, resolve, for_points: forPoints }: Automation): string[] {
  return [
    refire === 'never' ? 'once for each run' : `at most once in ${refire === undefined ? '24h' : durationInConfig(refire)} for each run`,
    ...(forPoints === undefined || forPoints === 1 ? [] : [`after ${forPoints} points in a row`]),
    ...(resolve === true ? ['says when its condition has ended'] : []),
  ];
}

/** Whether the relay gets to know when an automation fires. */
export type Visibility = 'always' | 'when it names itself' | 'never';

/** The names under which a body says whose it is. */
const NAMING = ['automation', 'automation_name', 'alert_name'];

export function visibilityOf({ action: { relay, webhook } }: Automation): Visibility {
  if (relay !== undefined) return 'always';
  if (webhook === undefined) return 'never';
  const { payload } = webhook;
  if (typeof payload !== 'object' || payload === null) return 'never';
  const inner: unknown = 'client_payload' in payload ? payload.client_payload : undefined;
  const has = (one: unknown): boolean => typeof one === 'object' && one !== null && NAMING.some((name) => Object.hasOwn(one, name));
  return has(payload) || has(inner) ? 'when it names itself' : 'never';
}

/** Whether a counted event is of this automation. @param isShared another automation has the same name in another scope */
export function isOf(automation: Automation, entity: string | undefined, isShared: boolean): (facts: AutomationFacts) => boolean {
  const place = placeOf(automation, entity);
  return (facts) =>
    facts.automation === automation.name &&
    (!isShared || (['entity', 'project', 'registry'] as const).every((name) => place[name] === undefined || facts[name] === place[name]));
}

function placeOf({ scope }: Pick<Automation, 'scope'>, team: string | undefined): Omit<AutomationFacts, 'automation'> {
  const [entity, project] = scope.project?.includes('/') === true ? scope.project.split('/') : [team, scope.project];
  return {
    ...(scope.team === undefined ? (project === undefined || entity === undefined ? {} : { entity }) : { entity: scope.team }),
    ...(project === undefined ? {} : { project }),
    ...(scope.registry === undefined ? {} : { registry: scope.registry }),
  };
}

/** A route that takes an automation's events; `may`: it depends on the event. */
export interface TakingRoute {
  readonly name: string;
  readonly how: 'takes' | 'may';
}

/**
 * Which routes take what an automation sends, as far as the config alone says. A webhook with a body of its own may leave out
 * whatever a route asks for.
 */
export function routesThatTake(automation: Automation, entity: string | undefined, routes: readonly RouteDefinition[]): TakingRoute[] {
  const { relay, webhook } = automation.action;
  if (relay === undefined && webhook === undefined) return [];
  const known = knownFacts(automation, entity);
  const own = relay === undefined ? undefined : relayRouteName(automation);
  return routes.flatMap((route): TakingRoute[] => {
    if (route.name === own) return [{ name: route.name, how: 'takes' }];
    const met = compileRoute(route).conditions.map(({ name, read, anyOf }) => {
      const value = read(known as RelayEvent, {});
      if (value === undefined && isNeverThere(name, automation)) return false;
      if (value === undefined || name === 'source') return undefined;
      if (!anyOf.some((one) => one.matches(value))) return false;
      return relay !== undefined || name === 'automation' ? true : undefined;
    });
    return met.includes(false) ? [] : [{ name: route.name, how: met.includes(undefined) ? 'may' : 'takes' }];
  });
}

const OF_ARTIFACTS = ['registry', 'collection', 'version', 'artifact', 'alias', 'tag'];
const OF_RUNS = ['run', 'status', 'metric'];

/** Fields that no event of an automation has: W&B leaves them blank for all other types. */
function isNeverThere(field: string, automation: Automation): boolean {
  const type = eventTypeOf(automation);
  if (field === 'automation') return visibilityOf(automation) === 'never';
  if (RUN_EVENTS.includes(type)) return OF_ARTIFACTS.includes(field);
  return OF_RUNS.includes(field) || (field === 'alias' && type !== 'add_artifact_alias') || (field === 'tag' && !type.endsWith('_tag'));
}

/** What every event of an automation has. */
function knownFacts(automation: Automation, entity: string | undefined): Partial<RelayEvent> {
  const { event, scope, engine, name } = automation;
  const type = eventTypeOf(automation);
  const { alias, tag, metric } = (event[type as keyof typeof event] ?? {}) as { alias?: Match; tag?: Match; metric?: string };
  const literal = (field: string, match: Match | undefined) => (typeof match === 'string' ? { [field]: match } : {});
  return {
    type,
    ...(visibilityOf(automation) === 'never' ? {} : { automation: name }),
    ...(engine === 'relay' ? { engine } : {}),
    ...placeOf(automation, entity),
    ...literal('collection', scope.collection),
    ...literal('alias', alias),
    ...literal('tag', tag),
    ...(metric === undefined ? {} : { metric }),
  };
}
