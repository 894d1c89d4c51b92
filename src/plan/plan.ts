import type { Automation } from '../automation/automation.ts';
import { isSameRepository, readMark, withMark } from '../automation/ownership.ts';
import type { LiveTrigger, TriggerInput, TriggerScope } from '../automation/trigger.ts';
import { type FieldChange, stateDigest, stateOfInput, stateOfLive } from '../automation/trigger-state.ts';
import { canonicalJson, fingerprintOf } from '../lib/canonical.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';
import type { JsonObject } from '../lib/json.ts';
import { type AutomationPlace, placeOfDefined, placeOfLive } from './automation-place.ts';
import { definitionChanges } from './definition-diff.ts';
import { shownDefinition, shownLive } from './definition-text.ts';
import { type ConfigNames, scopeWords } from './definition-view.ts';
import type { RoutePlan } from './route-plan.ts';

/** A definition with its names resolved: what W&B should have. */
export interface DesiredTrigger {
  readonly key: string;
  /** The name that it had, for a rename that is not a deletion and a creation. */
  readonly movedFrom: string | undefined;
  /** Take over an automation of this name that this repository does not own. */
  readonly adopt: boolean;
  /** Without the mark of ownership. */
  readonly input: TriggerInput;
  readonly scope: TriggerScope;
  /** The definition itself, for people. */
  readonly automation: Automation;
  /** Where it is defined. */
  readonly location?: SourceLocation;
}

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
}

export interface PlanOptions extends ConfigNames {
  /** `owner/name` of the repository that the definitions are in. */
  readonly repository: string;
  /** Delete managed automations whose definition was removed. */
  readonly prune: boolean;
  /** All deletions are refused if there are more than this, or more than half of the managed automations. */
  readonly maxDeletes: number;
}

export const DEFAULT_MAX_DELETES = 3;

/**
 * The changes that make W&B match the definitions. Pure.
 *
 * Only automations with this repository's mark are changed or deleted. An automation of the same name that somebody else
 * made is refused, unless it is adopted. An adopted one gets its mark with its first real change.
 */
export function makePlan(desired: readonly DesiredTrigger[], live: readonly LiveTrigger[], options: PlanOptions, routes: RoutePlan): Plan {
  const taken = new Set<string>();
  const keys = countKeys(desired);
  const changes = desired.map((one) => {
    const found = findLive(one, live, options.repository, keys, taken);
    if (found !== undefined) taken.add(found.id);
    return planOne(one, found, options);
  });
  const managed = live.filter((trigger) => ownedBy(trigger, options.repository));
  const gone = managed.filter((trigger) => !taken.has(trigger.id));
  const deletions = options.prune ? planDeletions(gone, managed.length, options) : [];
  const all = refuseTakenNames([...changes, ...deletions], live);
  return {
    fingerprint: fingerprintOf([
      ...all.map(({ key, scope, action, fingerprint }) => `${action} ${key} ${scope} ${fingerprint}`).sort(),
      `routes ${routes.digest}`,
    ]),
    summary: summaryOf(all),
    changes: all,
    routes,
    notes: [],
    orphans: options.prune
      ? []
      : gone.map((trigger) => ({ key: keyOf(trigger), name: trigger.name, scope: scopeWords(trigger.scope, options) })),
  };
}

/** The automation of a definition: found by its mark, by the mark of its old name, or by its name. */
function findLive(
  { key, movedFrom, input }: DesiredTrigger,
  live: readonly LiveTrigger[],
  repository: string,
  keys: ReadonlyMap<string, number>,
  taken: ReadonlySet<string>,
): LiveTrigger | undefined {
  const free = live.filter((trigger) => !taken.has(trigger.id));
  const mine = free.filter((trigger) => ownedBy(trigger, repository));
  const here = (trigger: LiveTrigger) => trigger.scope.id === input.scopeID && trigger.scope.type === input.scopeType;
  const byKey = mine.filter((trigger) => keyOf(trigger) === key);
  const inPlace = byKey.find(here);
  if (inPlace !== undefined) return inPlace;
  // A key that only one definition has identifies it in any scope. A name that several scopes share does not.
  if (byKey[0] !== undefined && keys.get(key) === 1) return byKey[0];
  const byOldKey = movedFrom === undefined || keys.has(movedFrom) ? [] : mine.filter((trigger) => keyOf(trigger) === movedFrom);
  const moved = byOldKey.find(here) ?? byOldKey[0];
  if (moved !== undefined) return moved;
  const inScope = free.filter(here);
  // Skip one of ours that another definition claims by its key and then renames.
  const others = inScope.filter((trigger) => !(ownedBy(trigger, repository) && keys.has(keyOf(trigger))));
  return (
    others.find((trigger) => trigger.name === input.name) ??
    others.find((trigger) => trigger.name === movedFrom && !ownedBy(trigger, repository))
  );
}

function countKeys(desired: readonly DesiredTrigger[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of desired) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function planOne(desired: DesiredTrigger, found: LiveTrigger | undefined, options: PlanOptions): PlannedChange {
  const { repository } = options;
  const state = stateOfInput(desired.input);
  const mark = { repository, key: desired.key, applied: stateDigest(state) };
  const input = { ...desired.input, description: withMark(desired.input.description, mark) };
  const common = {
    key: desired.key,
    name: desired.input.name,
    scope: desired.scope.description,
    ...(desired.location === undefined ? {} : { location: desired.location }),
  };
  const before = found === undefined ? undefined : stateOfLive(found);
  const fingerprint = fingerprintOf({ intended: state, current: before === undefined ? null : { ...before, id: found?.id ?? null } });
  const isSame = before !== undefined && canonicalJson(before) === canonicalJson(state);
  const fields = isSame ? [] : definitionChanges(found, desired, options);
  if (found === undefined) {
    const place = placeOfDefined(desired.automation.scope, options);
    return { ...common, action: 'create', fields, definition: shownDefinition(desired.automation), place, fingerprint, input };
  }

  const owner = readMark(found.description).mark;
  const at = { ...common, fingerprint, id: found.id, place: placeOfLive(found.scope) };
  if (owner !== undefined && !isSameRepository(owner.repository, repository) && !desired.adopt) {
    return {
      ...at,
      action: 'refused',
      fields,
      reason: `it belongs to ${owner.repository}. Remove it there and add "adopt: true" here, or choose another name`,
    };
  }
  if (owner === undefined && !desired.adopt) {
    return {
      ...at,
      action: 'refused',
      fields,
      reason:
        'an automation of this name exists and is not managed by wandb-relay. Add "adopt: true" to take it over, or choose another name',
    };
  }
  const renamedKey = owner !== undefined && (owner.key !== desired.key || !isSameRepository(owner.repository, repository));
  if (fields.length === 0 && !renamedKey) return { ...at, action: 'unchanged', fields };
  return {
    ...at,
    action: 'update',
    fields: renamedKey
      ? [...fields, { path: 'owner', before: `${owner.repository} ${owner.key}`, after: `${repository} ${desired.key}` }]
      : fields,
    input,
  };
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
  const { maxDeletes } = options;
  const half = Math.max(1, Math.floor(managed / 2));
  const reason = deletionProblem(gone.length, managed, half, maxDeletes);
  return gone.map((trigger) => {
    return {
      action: reason === undefined ? ('delete' as const) : ('refused' as const),
      key: keyOf(trigger),
      name: trigger.name,
      scope: scopeWords(trigger.scope, options),
      fields: definitionChanges(trigger, undefined, options),
      definition: shownLive(trigger, options),
      place: placeOfLive(trigger.scope),
      fingerprint: fingerprintOf({ intended: null, current: { ...stateOfLive(trigger), id: trigger.id } }),
      id: trigger.id,
      ...(reason === undefined ? {} : { reason }),
    };
  });
}

/** Why the deletions are refused and what to do, or `undefined`. */
function deletionProblem(gone: number, managed: number, half: number, maxDeletes: number): string | undefined {
  const what = `${gone} of ${managed} managed automations would be deleted`;
  if (gone > half)
    return `${what}, which is more than half. Check that all definition files are read. If this is intended, delete at most ${half} at a time`;
  if (gone > maxDeletes) return `${what}, and the limit is ${maxDeletes}. If this is intended, set --max-deletes ${gone}`;
  return undefined;
}

/** How many changes there are of each kind. */
export function summaryOf(changes: readonly PlannedChange[]): Record<PlanAction, number> {
  const summary = { create: 0, update: 0, delete: 0, unchanged: 0, refused: 0 };
  for (const { action } of changes) summary[action]++;
  return summary;
}

function ownedBy(trigger: LiveTrigger, repository: string): boolean {
  const { mark } = readMark(trigger.description);
  return mark !== undefined && isSameRepository(mark.repository, repository);
}

function keyOf(trigger: LiveTrigger): string {
  return readMark(trigger.description).mark?.key ?? trigger.name;
}

/** Identifies a change within a plan, and in later plans. */
export function identityOf({ key, scope }: Pick<PlannedChange, 'key' | 'scope'>): string {
  return `${key}\n${scope}`;
}

/** True when applying the plan would write something, or the receiver does something else once it loads the config. */
export function hasChanges({ summary, routes }: Pick<Plan, 'summary' | 'routes'>): boolean {
  return summary.create + summary.update + summary.delete + routes.changes.length > 0;
}
