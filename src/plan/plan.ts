import type { Automation } from '../automation/automation.ts';
import { withMark } from '../automation/ownership.ts';
import type { LiveTrigger, TriggerInput } from '../automation/trigger.ts';
import { type FieldChange, fieldChanges, stateDigest, stateOfInput, stateOfLive, type TriggerState } from '../automation/trigger-state.ts';
import { fingerprintOf } from '../lib/canonical.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { type AutomationPlace, placeOfDefined, placeOfLive } from './automation-place.ts';
import { claimOn, isManaged, isNamespaceShared, type PlanOwner } from './claim.ts';
import { definitionChanges } from './definition-diff.ts';
import { shownDefinition, shownLive } from './definition-text.ts';
import { type ConfigNames, scopeWords } from './definition-view.ts';
import type { DesiredTrigger } from './desired-trigger.ts';
import { BY_RELAY_NOW } from './evaluated-plan.ts';
import { foreignNotes, sharedNote } from './foreign-notes.ts';
import { findLive, keyOf } from './match.ts';
import { movedToRelay } from './moved-to-relay.ts';
import type { PlanEstimates } from './plan-estimates.ts';
import { renameNotes } from './renamed.ts';
import type { RoutePlan } from './route-plan.ts';

export type PlanAction = 'create' | 'update' | 'delete' | 'unchanged' | 'refused';

export interface PlannedChange {
  readonly action: PlanAction;
  readonly key: string;
  readonly name: string;
  /** For people: `registry model, collection resnet50`. */
  readonly scope: string;
  /** What differs, in the words of the config, from what W&B has to what is defined. */
  readonly fields: readonly FieldChange[];
  /** A new or deleted automation as a definition without its defaults. */
  readonly definition?: JsonObject;
  /** Where it is in W&B, for links. */
  readonly place?: AutomationPlace;
  /** How an automation that was not this config's becomes its own, for people: `taken over from acme/other`. */
  readonly adopted?: string;
  /** Why it is refused. */
  readonly reason?: string;
  /** Why it is deleted although it is defined: `evaluated by the relay from now on`. */
  readonly because?: string;
  /** A hash of the intended and the current state. An approval holds only for the same fingerprint. */
  readonly fingerprint: string;
  /** What to write, with the mark of ownership. */
  readonly input?: TriggerInput;
  /** The id at W&B, if it exists. */
  readonly id?: string;
  /** Where it is defined; left out for a deletion. */
  readonly location?: SourceLocation;
}

export interface Plan {
  readonly fingerprint: string;
  readonly summary: Readonly<Record<PlanAction, number>>;
  readonly changes: readonly PlannedChange[];
  /** What changes in the receiver. W&B knows nothing of it, and `apply` does nothing about it. */
  readonly routes: RoutePlan;
  /** What else `apply` does, or a person has to do. For people. */
  readonly notes: readonly string[];
  /** Managed automations whose definition was removed. They are kept, because `prune` is off. */
  readonly orphans: readonly { readonly key: string; readonly name: string; readonly scope: string }[];
  /** What run automations that are created or changed would have done on past runs; left out: nobody asked. */
  readonly estimates?: PlanEstimates;
}

export interface PlanOptions extends PlanOwner, ConfigNames {
  /** Delete this config's automations whose definition was removed. */
  readonly prune: boolean;
  /** All deletions are refused if there are more than this. */
  readonly maxDeletes: number;
  /** Without it all deletions are refused if they are more than half of this config's automations. */
  readonly allowDeleteMajority?: boolean | undefined;
  /** The definitions with `engine: relay`. Of those, W&B must have none. */
  readonly evaluated?: readonly Automation[] | undefined;
}

/**
 * The changes that make W&B match the definitions. Pure.
 *
 * Only automations with this config's mark are changed or deleted. An automation of the same name that somebody else made is
 * refused, unless it is adopted: then it gets this config's mark.
 */
export function makePlan(desired: readonly DesiredTrigger[], live: readonly LiveTrigger[], options: PlanOptions, routes: RoutePlan): Plan {
  const taken = new Set<string>();
  const keys = countKeys(desired);
  const changes = desired.map((one) => {
    const found = findLive(one, live, options, keys, taken);
    if (found !== undefined) taken.add(found.id);
    return planOne(one, found, options);
  });
  const managed = live.filter((trigger) => isManaged(trigger, options));
  const undefinedHere = managed.filter((trigger) => !taken.has(trigger.id));
  const isShared = undefinedHere.length > 0 && isNamespaceShared(options);
  // Its definition says that it goes, so no limit on deletions applies.
  const moved = new Set(movedToRelay(undefinedHere, options.evaluated ?? [], options, isShared));
  const unmoved = undefinedHere.filter((trigger) => !moved.has(trigger));
  const gone = isShared ? [] : unmoved;
  const deletions = [
    ...[...moved].map((trigger) => ({ ...deletionOf(trigger, options), because: BY_RELAY_NOW })),
    ...(options.prune ? planDeletions(gone, managed.length, options) : []),
  ];
  const all = refuseTakenNames([...changes, ...deletions], live);
  return {
    fingerprint: planFingerprint(all, routes.digest),
    summary: summaryOf(all),
    changes: all,
    routes,
    notes: [
      ...(isShared ? [] : renameNotes(all, live, gone)),
      ...foreignNotes(live, all, options),
      ...(isShared && unmoved.length > 0 ? [sharedNote(unmoved.length, options)] : []),
    ],
    orphans: options.prune
      ? []
      : gone.map((trigger) => ({ key: keyOf(trigger), name: trigger.name, scope: scopeWords(trigger.scope, options) })),
  };
}

function countKeys(desired: readonly DesiredTrigger[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of desired) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function planOne(desired: DesiredTrigger, found: LiveTrigger | undefined, options: PlanOptions): PlannedChange {
  const state = stateOfInput(desired.input);
  const { repository, namespace } = options;
  const input = {
    ...desired.input,
    description: withMark(desired.input.description, { repository, namespace, key: desired.key, applied: stateDigest(state) }),
  };
  const common = {
    key: desired.key,
    name: desired.input.name,
    scope: desired.scope.description,
    ...(desired.location === undefined ? {} : { location: desired.location }),
  };
  const intended: JsonValue = {
    ...state,
    ...(desired.integration === undefined ? {} : { action: withIntegration(state, desired.integration) }),
  };
  if (found === undefined) {
    return {
      ...common,
      action: 'create',
      fields: definitionChanges(undefined, desired, options),
      definition: shownDefinition(desired.automation),
      place: placeOfDefined(desired.automation.scope, options),
      fingerprint: fingerprintOf({ intended, current: null }),
      input,
    };
  }
  const before = stateOfLive(found);
  // Not the texts: a relay payload of before, without the literals of metrics, is equal until something else changes.
  const isSame = fieldChanges(before, state).length === 0;
  const fields = isSame ? [] : definitionChanges(found, desired, options);
  const claim = claimOn(desired, found, options);
  const how = claim.kind === 'adopted' ? { adopted: claim.how } : {};
  const fingerprint = fingerprintOf({ intended, current: { ...before, id: found.id }, ...how });
  const at = { ...common, ...how, fingerprint, id: found.id, place: placeOfLive(found.scope) };
  if (claim.kind === 'refused') return { ...at, action: 'refused', fields, reason: claim.reason };
  const keyBefore = keyOf(found);
  const isRekeyed = claim.kind === 'own' && keyBefore !== desired.key;
  // An old mark alone is no change: it is written again together with the next one.
  if (isSame && claim.kind === 'own' && !isRekeyed) return { ...at, action: 'unchanged', fields };
  return {
    ...at,
    action: 'update',
    fields: isRekeyed ? [...fields, { path: 'key', before: keyBefore, after: desired.key }] : fields,
    input,
  };
}

/** The action with the declaration of its integration in place of an id, which it only has when it is created. */
function withIntegration({ action }: TriggerState, integration: JsonObject): JsonObject {
  return { ...action, integration };
}

/** Refuses names that another automation keeps, so that people see it in the plan and not halfway through `apply`. */
function refuseTakenNames(changes: readonly PlannedChange[], live: readonly LiveTrigger[]): readonly PlannedChange[] {
  const nameKey = (scopeId: string, name: string) => `${scopeId}\n${name}`;
  const holders = new Map(live.map((trigger) => [nameKey(trigger.scope.id, trigger.name), trigger]));
  const byId = new Map(changes.map((change) => [change.id, change]));
  const stays = ({ id, name, scope }: LiveTrigger): boolean => {
    const change = byId.get(id);
    if (change?.action === 'update' && change.input !== undefined) {
      return nameKey(change.input.scopeID, change.input.name) === nameKey(scope.id, name);
    }
    return change?.action !== 'delete';
  };
  const next = changes.map((change): PlannedChange => {
    if ((change.action !== 'create' && change.action !== 'update') || change.input === undefined) return change;
    const holder = holders.get(nameKey(change.input.scopeID, change.input.name));
    if (holder === undefined || holder.id === change.id || !stays(holder)) return change;
    const reason = `the scope already has an automation of this name. Choose another name, or delete that one first`;
    return { ...change, action: 'refused', reason };
  });
  // A refused change keeps its current name, and another change may need that name.
  return next.every((change, i) => change === changes[i]) ? changes : refuseTakenNames(next, live);
}

function planDeletions(gone: readonly LiveTrigger[], managed: number, options: PlanOptions): PlannedChange[] {
  const reason = deletionProblem(gone.length, managed, options);
  return gone.map((trigger) => ({
    ...deletionOf(trigger, options),
    ...(reason === undefined ? {} : { action: 'refused' as const, reason }),
  }));
}

function deletionOf(trigger: LiveTrigger, options: PlanOptions): PlannedChange {
  return {
    action: 'delete',
    key: keyOf(trigger),
    name: trigger.name,
    scope: scopeWords(trigger.scope, options),
    fields: definitionChanges(trigger, undefined, options),
    definition: shownLive(trigger, options),
    place: placeOfLive(trigger.scope),
    fingerprint: fingerprintOf({ intended: null, current: { ...stateOfLive(trigger), id: trigger.id } }),
    id: trigger.id,
  };
}

/** Why the deletions are refused and what to do, or `undefined`. */
function deletionProblem(gone: number, managed: number, { maxDeletes, allowDeleteMajority }: PlanOptions): string | undefined {
  const isMajority = gone > Math.max(1, Math.floor(managed / 2)) && allowDeleteMajority !== true;
  const flags = [...(isMajority ? ['--allow-delete-majority'] : []), ...(gone > maxDeletes ? [`--max-deletes ${gone}`] : [])];
  if (flags.length === 0) return undefined;
  const what = `${gone} of the ${managed} automations of this config would be deleted`;
  const limit = isMajority ? 'more than half. Check that all definition files are read' : `and the limit is ${maxDeletes}`;
  return `${what}, ${limit}. If this is intended, set ${flags.join(' and ')}`;
}

/** Identifies a plan: what every change intends, what it found at W&B, and the routes of the config. */
export function planFingerprint(
  changes: readonly { readonly action: string; readonly key: string; readonly scope: string; readonly fingerprint: string }[],
  routesDigest: string,
): string {
  const texts = changes.map(({ key, scope, action, fingerprint }) => `${action} ${key} ${scope} ${fingerprint}`).sort();
  return fingerprintOf([...texts, `routes ${routesDigest}`]);
}

/** How many changes there are of each kind. */
export function summaryOf(changes: readonly PlannedChange[]): Record<PlanAction, number> {
  const summary = { create: 0, update: 0, delete: 0, unchanged: 0, refused: 0 };
  for (const { action } of changes) summary[action]++;
  return summary;
}

/** Identifies a change within a plan, and in later plans. */
export function identityOf({ key, scope }: Pick<PlannedChange, 'key' | 'scope'>): string {
  return `${key}\n${scope}`;
}

/** True when applying the plan would write something, or the receiver does something else once it loads the config. */
export function hasChanges({ summary, routes }: Pick<Plan, 'summary' | 'routes'>): boolean {
  return summary.create + summary.update + summary.delete + routes.changes.length + routes.evaluated.changes.length > 0;
}
