import { type Automation, collectionMatch, describeScope, type SingleScope, scopeKey } from '../automation/automation.ts';
import type { Config, Located } from '../config/config.ts';
import { type Diagnostic, failure } from '../lib/diagnostic.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { compileMatch } from '../route/match.ts';
import type { WandbClient } from '../wandb/client.ts';
import { collectionNames } from '../wandb/collections.ts';
import { projectKey } from '../wandb/projects.ts';
import { findScopeProjects } from '../wandb/scopes.ts';

/** An automation of one scope at W&B. */
export type SingleAutomation = Located<Omit<Automation, 'scope'> & { readonly scope: SingleScope }>;

export interface ExpandedCollections {
  readonly automations: readonly SingleAutomation[];
  /** For people: patterns that no collection matches. */
  readonly notes: readonly string[];
}

/** The most automations that one pattern makes. */
export const MAX_COLLECTIONS = 500;

/**
 * Replaces each automation whose scope has a MATCH of collections with one for every collection that exists and matches.
 * They have the same name and key, each in its own scope. The others stay as they are. Sends no mutation, and nothing at all
 * where no automation has such a scope.
 *
 * @returns an error at the scope whose project does not exist, that matches too many, or that makes an automation of a name
 * that its collection already has
 */
export async function expandCollections(
  automations: readonly Located<Automation>[],
  config: Pick<Config, 'entity' | 'organization' | 'locator'>,
  client: WandbClient,
): Promise<Result<ExpandedCollections, Diagnostic[]>> {
  const patterns = automations.flatMap((automation) => (collectionMatch(automation.scope) === undefined ? [] : [automation]));
  if (patterns.length === 0) return ok({ automations: automations.map(single), notes: [] });
  const scopes = patterns.map(({ scope: { collection: _collection, ...wider } }) => wider);
  const projects = await findScopeProjects(client, scopes, config.entity ?? '', config.organization);
  if (!projects.ok) return failure(projects.error.message);

  const errors: Diagnostic[] = [];
  const notes: string[] = [];
  const lists = new Map<string, readonly string[]>();
  const expanded = new Map<Located<Automation>, readonly SingleAutomation[]>();
  for (const [i, automation] of patterns.entries()) {
    const at = (why: string) => errors.push(config.locator.at([...automation.path, 'scope'], `automation "${automation.name}": ${why}`));
    const project = projects.value[i];
    if (project?.ok !== true) {
      at(project?.error.message ?? 'its project is unknown');
      continue;
    }
    const key = projectKey(project.value);
    const names = lists.get(key) ?? (await collectionNames(client, project.value));
    if ('ok' in names && !names.ok) return failure(names.error.message);
    const all = 'ok' in names ? names.value : names;
    lists.set(key, all);
    const matcher = compileMatch(collectionMatch(automation.scope) ?? '');
    const matching = all.filter((name) => matcher.matches(name));
    if (matching.length > MAX_COLLECTIONS) {
      at(
        `${matching.length} collections match, and the most is ${MAX_COLLECTIONS}: narrow the pattern, or use the whole project or registry as scope`,
      );
      continue;
    }
    if (matching.length === 0) notes.push(nothingMatches(automation));
    expanded.set(
      automation,
      matching.map((collection) => ({ ...automation, scope: { ...automation.scope, collection } })),
    );
  }
  const result = automations.flatMap(
    (automation) => expanded.get(automation) ?? (collectionMatch(automation.scope) === undefined ? [single(automation)] : []),
  );
  errors.push(...nameConflicts(result, config));
  return errors.length > 0 ? err(errors) : ok({ automations: result, notes });
}

function single(automation: Located<Automation>): SingleAutomation {
  return automation as SingleAutomation;
}

function nothingMatches({ name, scope, location }: Located<Automation>): string {
  return `"${name}" (line ${location.line}) stands for no automation yet: nothing matches ${describeScope(scope)}`;
}

/** A pattern may take a collection that another automation of the same name has. */
function nameConflicts(automations: readonly SingleAutomation[], { entity, locator }: Pick<Config, 'entity' | 'locator'>): Diagnostic[] {
  const firsts = new Map<string, SingleAutomation>();
  return automations.flatMap((automation) => {
    const key = `${automation.name}\n${scopeKey(automation.scope, entity)}`;
    const first = firsts.get(key);
    if (first === undefined) {
      firsts.set(key, automation);
      return [];
    }
    const where = `line ${first.location.line}`;
    const message = `there is another automation "${automation.name}" in ${describeScope(automation.scope)} (${where}): names are unique in a scope. Narrow the pattern, or choose another name`;
    return [locator.at([...automation.path, 'scope'], message)];
  });
}
