import type { Scope } from '../automation/automation.ts';
import { type LiveScope, NO_LONGER_EXISTS } from '../automation/trigger.ts';
import { wandbAppUrl, wandbLinks } from '../event/wandb-links.ts';
import type { ConfigNames } from './definition-view.ts';

/** The entity, project and collection that an automation watches. Parts that its scope does not have are left out. */
export interface AutomationPlace {
  readonly entity?: string;
  readonly project?: string;
  readonly registry?: string;
  readonly collection?: string;
}

const REGISTRY_PREFIX = 'wandb-registry-';

export function placeOfLive(scope: LiveScope): AutomationPlace {
  if (scope.name === NO_LONGER_EXISTS) return {};
  const project = scope.type === 'PROJECT' ? scope.name : scope.type === 'ARTIFACT_COLLECTION' ? scope.project : null;
  return {
    ...(scope.entity === null ? {} : { entity: scope.entity }),
    ...(project === null ? {} : { project, ...registryOf(project) }),
    ...(scope.type === 'ARTIFACT_COLLECTION' ? { collection: scope.name } : {}),
  };
}

export function placeOfDefined(scope: Scope, { entity, organizations }: ConfigNames): AutomationPlace {
  const home = organizations[0]?.entity;
  const [owner, name] = scope.project?.includes('/') ? scope.project.split('/') : [entity, scope.project];
  const project = scope.registry === undefined ? name : `${REGISTRY_PREFIX}${scope.registry}`;
  const of = scope.registry === undefined ? (scope.team ?? owner) : home;
  return {
    ...(of === undefined ? {} : { entity: of }),
    ...(project === undefined ? {} : { project, ...registryOf(project) }),
    ...(typeof scope.collection === 'string' ? { collection: scope.collection } : {}),
  };
}

function registryOf(project: string): Pick<AutomationPlace, 'registry'> {
  return project.startsWith(REGISTRY_PREFIX) ? { registry: project.slice(REGISTRY_PREFIX.length) } : {};
}

/**
 * A page of W&B's app for what an automation watches; `undefined` for a whole team or organization.
 *
 * @param apiUrl the address of W&B's API
 */
export function placeUrl(place: AutomationPlace, apiUrl: string): string | undefined {
  // A registry's own page needs a collection. Without one, its project is linked.
  const { registry, ...rest } = place;
  const event = { type: 'unknown' as const, source: '', ...(registry === undefined || place.collection === undefined ? rest : place) };
  const app = { url: wandbAppUrl(apiUrl) };
  return (wandbLinks(event, null, app)[0] ?? wandbLinks({ type: 'unknown', source: '', ...withoutCollection(rest) }, null, app)[0])?.url;
}

function withoutCollection({ entity, project }: AutomationPlace): AutomationPlace {
  return { ...(entity === undefined ? {} : { entity }), ...(project === undefined ? {} : { project }) };
}
