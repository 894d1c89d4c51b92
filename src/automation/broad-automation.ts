import { compileMatch, type Match } from '../route/match.ts';
import { isMetByAnything } from '../route/route-words.ts';
import { type Automation, describeScope, eventTypeOf } from './automation.ts';
import { RUN_EVENTS } from './automation-event.ts';

/** Why an automation fires more often than people usually mean, as a sentence; `undefined`: it does not. */
export function broadAutomation(automation: Pick<Automation, 'event' | 'scope' | 'runs'>): string | undefined {
  return RUN_EVENTS.includes(eventTypeOf(automation)) ? broadForRuns(automation) : broadForArtifacts(automation);
}

function broadForArtifacts({ event, scope }: Pick<Automation, 'event' | 'scope'>): string | undefined {
  const fields = (Object.values(event)[0] ?? {}) as { readonly alias?: Match; readonly tag?: Match; readonly filter?: unknown };
  if (fields.filter !== undefined || [scope.collection, fields.alias, fields.tag].some(isNarrow)) return undefined;
  const { collection: _collection, ...place } = scope;
  return `It fires for every collection of ${describeScope(place)}. Add a collection${'create_artifact' in event || 'link_artifact' in event ? '' : ', an alias or a tag'}.`;
}

function isNarrow(match: Match | undefined): boolean {
  return match !== undefined && !isMetByAnything([compileMatch(match)]);
}

/** In a project a limit of a metric is narrow enough; that a run begins or finishes happens to every run. */
function broadForRuns({ event, scope, runs }: Pick<Automation, 'event' | 'scope' | 'runs'>): string | undefined {
  if (runs?.filter !== undefined || [runs?.name, runs?.user, runs?.tags].some(isNarrow)) return undefined;
  const everyRun = event.run_state?.longer_than === undefined ? event.run_state?.states : undefined;
  const happensToAll = everyRun?.some((state) => state === 'running' || state === 'finished') === true;
  if (scope.team !== undefined) return `It looks at every run of every project of the team ${scope.team}. Add runs, or name a project.`;
  return happensToAll ? `It fires for every run of ${describeScope(scope)}. Add runs: a name, a user or tags.` : undefined;
}
