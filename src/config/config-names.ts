import { type Automation, describeScope, relayRouteName, scopeKey } from '../automation/automation.ts';
import type { WebhookIntegration } from '../automation/webhook-integration.ts';
import type { RouteDefinition } from '../route/route.ts';
import type { ConfigPath, ConfigProblem, Locator } from './config-problem.ts';

/** A definition, with its place. */
export interface Found<T> {
  readonly item: T;
  readonly file: string;
  readonly locator: Locator;
  readonly path: ConfigPath;
}

type Complaint<T> = (found: Found<T>, word: string, message: string) => ConfigProblem;

const complain: Complaint<unknown> = ({ locator, path }, word, message) => locator.at([...path, word], message);

/** Remembers who had a key first. The answer for a later one is where that was, as a person would look it up from there. */
function firstPlaces() {
  const places = new Map<string, Found<unknown>>();
  return (key: string, found: Found<unknown>): string | undefined => {
    const before = places.get(key);
    if (before !== undefined) return whereFrom(found, before);
    places.set(key, found);
    return undefined;
  };
}

function whereFrom(here: Found<unknown>, there: Found<unknown>): string {
  const { line } = there.locator.at(there.path, '');
  return there.file === here.file ? `line ${line}` : `${there.file}:${line}`;
}

/** Names of routes are unique; an automation with a `relay` action makes one. */
export function routeProblems(routes: readonly Found<RouteDefinition>[], automations: readonly Found<Automation>[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const earlier = firstPlaces();
  for (const found of routes) {
    const where = earlier(found.item.name, found);
    if (where !== undefined) {
      problems.push(complain(found, 'name', `there is another route "${found.item.name}" (${where}): route names are unique`));
    }
  }
  for (const found of automations) {
    if (found.item.action.relay === undefined) continue;
    const name = relayRouteName(found.item);
    const where = earlier(name, found);
    if (where !== undefined) {
      const message = `its relay action makes the route "${name}", which exists already (${where}): give the automation a key of its own`;
      problems.push(complain(found, 'name', message));
    }
  }
  return problems;
}

/**
 * Names of automations are unique in a scope, as at W&B. A key names its automation for good, so a key that is written out
 * is unique in the whole config; one that is only the automation's name is so in its scope.
 */
export function automationProblems(automations: readonly Found<Automation>[], entity: string | undefined): ConfigProblem[] {
  const inScope = (found: Found<Automation>, text: string) => `${text}\n${scopeKey(found.item.scope, entity)}`;
  const problems: ConfigProblem[] = [];
  const named = firstPlaces();
  const moved = firstPlaces();
  const owners = new Map<string, Found<Automation>>();
  for (const found of automations) {
    const { name, scope, moved_from: old } = found.item;
    const where = named(inScope(found, name), found);
    if (where === undefined) owners.set(inScope(found, name), found);
    else {
      const message = `there is another automation "${name}" in ${describeScope(scope)} (${where}): names are unique in a scope`;
      problems.push(complain(found, 'name', message));
    }
    const alsoMoved = old === undefined ? undefined : moved(inScope(found, old), found);
    if (alsoMoved !== undefined) {
      problems.push(
        complain(found, 'moved_from', `another automation was renamed from "${old}" as well (${alsoMoved}): only one of them was`),
      );
    }
  }
  for (const found of automations) {
    const old = found.item.moved_from;
    const owner = old === undefined ? undefined : owners.get(inScope(found, old));
    if (owner === undefined || owner === found) continue;
    const message = `"${old}" is the name of another automation (${whereFrom(found, owner)}): an automation that was renamed leaves its old name free`;
    problems.push(complain(found, 'moved_from', message));
  }
  return [...problems, ...keyProblems(automations)];
}

function keyProblems(automations: readonly Found<Automation>[]): ConfigProblem[] {
  const written = automations.filter(({ item }) => item.key !== undefined);
  const earlier = firstPlaces();
  return written.flatMap((found) => {
    const key = found.item.key ?? '';
    const where = earlier(key, found);
    if (where !== undefined)
      return [complain(found, 'key', `there is another automation with the key "${key}" (${where}): keys are unique`)];
    const namesake = automations.find(({ item }) => item.key === undefined && item.name === key);
    if (namesake === undefined) return [];
    const message = `"${key}" is already the key of the automation of that name (${whereFrom(found, namesake)}): keys are unique`;
    return [complain(found, 'key', message)];
  });
}

/** Names of declared webhook integrations are unique: W&B finds them by name. */
export function integrationProblems(webhooks: readonly Found<WebhookIntegration>[]): ConfigProblem[] {
  const earlier = firstPlaces();
  return webhooks.flatMap((found) => {
    const where = earlier(found.item.name, found);
    return where === undefined
      ? []
      : [complain(found, 'name', `there is another webhook integration "${found.item.name}" (${where}): names are unique`)];
  });
}
