import { type Automation, describeScope, eventTypeOf, relayRouteName, scopeKey } from '../automation/automation.ts';
import { RUN_EVENTS } from '../automation/automation-event.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import type { Digest } from '../digest/definition.ts';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { didYouMean } from '../lib/nearest-word.ts';
import type { RouteDefinition } from '../route/route.ts';
import type { ConfigPath, Locator } from './locator.ts';
import type { RuleTest } from './rule-test-schema.ts';

/** A definition and where it was found. */
export interface Found<T> {
  readonly item: T;
  readonly file: string;
  readonly locator: Locator;
  readonly path: ConfigPath;
}

function errorAt({ locator, path }: Found<unknown>, key: string, message: string): Diagnostic {
  return locator.at([...path, key], message);
}

/** Remembers the first definition of each key. For a later one it returns where the first is. */
function firstDefinitions() {
  const firsts = new Map<string, Found<unknown>>();
  return (key: string, found: Found<unknown>): string | undefined => {
    const before = firsts.get(key);
    if (before !== undefined) return whereFrom(found, before);
    firsts.set(key, found);
    return undefined;
  };
}

function whereFrom(here: Found<unknown>, there: Found<unknown>): string {
  const { line } = there.locator.locationOf(there.path);
  return there.file === here.file ? `line ${line}` : `${there.file}:${line}`;
}

/** Route names are unique. An automation with a `relay` action makes a route. */
export function routeErrors(routes: readonly Found<RouteDefinition>[], automations: readonly Found<Automation>[]): Diagnostic[] {
  const errors: Diagnostic[] = [];
  const earlier = firstDefinitions();
  for (const found of routes) {
    const where = earlier(found.item.name, found);
    if (where !== undefined) {
      errors.push(errorAt(found, 'name', `there is another route "${found.item.name}" (${where}): route names are unique`));
    }
  }
  for (const found of automations) {
    if (found.item.action.relay === undefined) continue;
    const name = relayRouteName(found.item);
    const where = earlier(name, found);
    if (where !== undefined) {
      const message = `its relay action makes the route "${name}", which exists already (${where}): give the automation a key of its own`;
      errors.push(errorAt(found, 'name', message));
    }
  }
  return errors;
}

/** Digest names are unique. The team of a project is the config's, where the scope does not say it. */
export function digestErrors(digests: readonly Found<Digest>[], entity: string | undefined): Diagnostic[] {
  const earlier = firstDefinitions();
  return digests.flatMap((found) => {
    const { name, scope } = found.item;
    const where = earlier(name, found);
    const twice =
      where === undefined ? [] : [errorAt(found, 'name', `there is another digest "${name}" (${where}): digest names are unique`)];
    if (entity !== undefined || scope.project === undefined || scope.project.includes('/')) return twice;
    return [
      ...twice,
      errorAt(found, 'scope', 'its project needs a team: write entity/project, or "entity: <team>" at the top of the file'),
    ];
  });
}

/**
 * Automation names are unique in a scope, as at W&B. A `key` identifies its automation permanently, so a written `key` is
 * unique in the whole config. A key that defaults to the name is unique in its scope.
 */
export function automationErrors(automations: readonly Found<Automation>[], entity: string | undefined): Diagnostic[] {
  const inScope = (found: Found<Automation>, text: string) => `${text}\n${scopeKey(found.item.scope, entity)}`;
  const errors: Diagnostic[] = [];
  const named = firstDefinitions();
  const moved = firstDefinitions();
  const owners = new Map<string, Found<Automation>>();
  for (const found of automations) {
    const { name, scope, moved_from: old } = found.item;
    const where = named(inScope(found, name), found);
    if (where === undefined) owners.set(inScope(found, name), found);
    else {
      const message = `there is another automation "${name}" in ${describeScope(scope)} (${where}): names are unique in a scope`;
      errors.push(errorAt(found, 'name', message));
    }
    const alsoMoved = old === undefined ? undefined : moved(inScope(found, old), found);
    if (alsoMoved !== undefined) {
      errors.push(
        errorAt(found, 'moved_from', `another automation was renamed from "${old}" as well (${alsoMoved}): only one of them was`),
      );
    }
  }
  for (const found of automations) {
    const old = found.item.moved_from;
    const owner = old === undefined ? undefined : owners.get(inScope(found, old));
    if (owner === undefined || owner === found) continue;
    const message = `"${old}" is the name of another automation (${whereFrom(found, owner)}): an automation that was renamed leaves its old name free`;
    errors.push(errorAt(found, 'moved_from', message));
  }
  return [...errors, ...keyErrors(automations), ...overlapErrors(automations, entity)];
}

/**
 * Two automations of one name and event that the relay evaluates, one in a team and one in a project of it: what either finds out
 * would match the routes of both, because an event has the name and the project only.
 */
function overlapErrors(automations: readonly Found<Automation>[], entity: string | undefined): Diagnostic[] {
  const evaluated = automations.filter(({ item }) => item.engine === 'relay');
  return evaluated.flatMap((found) => {
    const { name, scope } = found.item;
    if (scope.project === undefined) return [];
    const team = scope.project.includes('/') ? scope.project.split('/')[0] : entity;
    const wide = evaluated.find(
      ({ item }) => item.scope.team === team && item.name === name && eventTypeOf(item) === eventTypeOf(found.item),
    );
    if (wide === undefined) return [];
    const message = `the automation "${name}" in team ${team} (${whereFrom(found, wide)}) watches this project, too, and the routes of both would take the events of either: choose another name`;
    return [errorAt(found, 'name', message)];
  });
}

function keyErrors(automations: readonly Found<Automation>[]): Diagnostic[] {
  const written = automations.filter(({ item }) => item.key !== undefined);
  const earlier = firstDefinitions();
  return written.flatMap((found) => {
    const key = found.item.key ?? '';
    const where = earlier(key, found);
    if (where !== undefined)
      return [errorAt(found, 'key', `there is another automation with the key "${key}" (${where}): keys are unique`)];
    const namesake = automations.find(({ item }) => item.key === undefined && item.name === key);
    if (namesake === undefined) return [];
    const message = `"${key}" is already the key of the automation of that name (${whereFrom(found, namesake)}): keys are unique`;
    return [errorAt(found, 'key', message)];
  });
}

/** Names of tests are unique, and each test is of one automation of runs. */
export function testErrors(tests: readonly Found<RuleTest>[], automations: readonly Found<Automation>[]): Diagnostic[] {
  const earlier = firstDefinitions();
  return tests.flatMap((found) => {
    const where = earlier(found.item.name, found);
    const sameName =
      where === undefined ? [] : [errorAt(found, 'name', `there is another test "${found.item.name}" (${where}): names are unique`)];
    const problem = testedProblem(found.item.automation, automations);
    return [...sameName, ...(problem === undefined ? [] : [errorAt(found, 'automation', problem)])];
  });
}

function testedProblem(wanted: string, automations: readonly Found<Automation>[]): string | undefined {
  const items = automations.map(({ item }) => item);
  const found = testedAutomations(wanted, items);
  const [only] = found;
  if (only === undefined)
    return `there is no automation "${wanted}"${didYouMean(
      wanted,
      items.map(({ name }) => name),
    )}`;
  if (found.length > 1) return `${found.length} automations have the name "${wanted}": give each a key, and write the key here`;
  if (RUN_EVENTS.includes(eventTypeOf(only))) return undefined;
  return `"${wanted}" has the event ${eventTypeOf(only)}: only run events can be tested`;
}

/** The automations that a test may mean: the one of this key, else those of this name. */
export function testedAutomations<A extends Pick<Automation, 'key' | 'name'>>(wanted: string, automations: readonly A[]): A[] {
  const byKey = automations.filter(({ key }) => key === wanted);
  return byKey.length > 0 ? byKey : automations.filter(({ name }) => name === wanted);
}

/** Names of declared webhook integrations are unique: W&B looks them up by name. */
export function integrationErrors(webhooks: readonly Found<WebhookIntegration>[]): Diagnostic[] {
  const earlier = firstDefinitions();
  return webhooks.flatMap((found) => {
    const where = earlier(found.item.name, found);
    return where === undefined
      ? []
      : [errorAt(found, 'name', `there is another webhook integration "${found.item.name}" (${where}): names are unique`)];
  });
}
