import { type Automation, describeScope, relayRouteName } from '../automation/automation.ts';
import type { FieldChange } from '../automation/trigger-state.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';
import type { JsonObject } from '../lib/json.ts';
import { type AutomationPlace, placeOfDefined } from './automation-place.ts';
import { valueChanges } from './definition-diff.ts';
import { shownDefinition } from './definition-text.ts';

/**
 * What a new config changes in the automations that the receiver evaluates (`engine: relay`). W&B knows nothing of them, so they
 * are compared with the config of an earlier commit, as routes are.
 */

/** A config, as far as its automations are evaluated by the receiver. */
export interface EvaluatedConfig {
  readonly entity?: string | undefined;
  readonly automations: readonly (Automation & { readonly location: SourceLocation })[];
}

export interface EvaluatedChange {
  readonly action: 'create' | 'update' | 'delete';
  readonly key: string;
  readonly name: string;
  /** For people: `project train`. */
  readonly scope: string;
  /** What differs, in the words of the config. What its relay action does is a change of its route. */
  readonly fields: readonly FieldChange[];
  /** A new or removed one, without defaults. */
  readonly definition?: JsonObject;
  /** Who evaluated it before, or does from now on, for people. */
  readonly because?: string;
  readonly place?: AutomationPlace;
  /** Where it is defined; left out for one that is removed. */
  readonly location?: SourceLocation;
}

export interface EvaluatedPlan {
  readonly changes: readonly EvaluatedChange[];
  /** How many are as they were. */
  readonly unchanged: number;
  /** How many there are when they are not compared; else 0. */
  readonly notCompared: number;
}

export const NOTHING_EVALUATED: EvaluatedPlan = { changes: [], unchanged: 0, notCompared: 0 };

/** Said of an automation at W&B whose definition now has `engine: relay`. */
export const BY_RELAY_NOW = 'evaluated by the relay from now on';
const BY_WANDB_BEFORE = 'evaluated by W&B until now';
const BY_WANDB_NOW = 'evaluated by W&B from now on';

type Defined = EvaluatedConfig['automations'][number];

/** Those that the receiver evaluates. */
export function evaluatedOf<A extends Pick<Automation, 'engine'>>(automations: readonly A[]): A[] {
  return automations.filter(({ engine }) => engine === 'relay');
}

/** What identifies the definitions of all of them, for the fingerprint of a plan. */
export function evaluatedWords({ automations }: EvaluatedConfig): JsonObject[] {
  return evaluatedOf(automations).map((one) => ({ key: relayRouteName(one), ...comparedWords(one) }));
}

/** The changes since the base, whose config may be missing. Pure. */
export function planEvaluated(config: EvaluatedConfig, base: EvaluatedConfig | undefined): EvaluatedPlan {
  const [after, before] = [evaluatedOf(config.automations), evaluatedOf(base?.automations ?? [])];
  const found = new Set<Defined>();
  const changes: EvaluatedChange[] = [];
  let unchanged = 0;
  for (const one of after) {
    const former = formerOf(one, before, after);
    if (former !== undefined) found.add(former);
    const fields = valueChanges(former === undefined ? undefined : comparedWords(former), comparedWords(one), []);
    if (fields.length === 0) unchanged++;
    else {
      const isMoved = former === undefined && hasKey(base?.automations ?? [], one);
      changes.push({
        action: former === undefined ? 'create' : 'update',
        ...common(one, config, fields),
        ...(former === undefined ? { definition: shownDefinition(one) } : {}),
        ...(isMoved ? { because: BY_WANDB_BEFORE } : {}),
        location: one.location,
      });
    }
  }
  for (const one of before) {
    if (found.has(one)) continue;
    const isMoved = hasKey(config.automations, one);
    changes.push({
      action: 'delete',
      ...common(one, config, valueChanges(comparedWords(one), undefined, [])),
      definition: shownDefinition(one),
      ...(isMoved ? { because: BY_WANDB_NOW } : {}),
    });
  }
  return { changes, unchanged, notCompared: 0 };
}

function common(one: Defined, { entity }: EvaluatedConfig, fields: readonly FieldChange[]) {
  return {
    key: relayRouteName(one),
    name: one.name,
    scope: describeScope(one.scope),
    fields,
    place: placeOfDefined(one.scope, { entity, organizations: [] }),
  };
}

/** Everything but its relay action, whose changes the plan shows as those of its route. */
function comparedWords(automation: Automation): JsonObject {
  const { action: _action, key: _key, engine: _engine, ...words } = shownDefinition(automation);
  return { name: automation.name, scope: describeScope(automation.scope), ...words };
}

/** The definition of the same key, which is unique because their routes have it; or of the key that it had. */
function formerOf(one: Defined, before: readonly Defined[], after: readonly Defined[]): Defined | undefined {
  const { moved_from: old } = one;
  const isOldFree = old !== undefined && !after.some((other) => relayRouteName(other) === old);
  const withKey = (key: string) => before.find((other) => relayRouteName(other) === key);
  return withKey(relayRouteName(one)) ?? (isOldFree ? withKey(old) : undefined);
}

/** Whether one of them is the same automation, whoever evaluates it. */
function hasKey(automations: readonly Defined[], one: Defined): boolean {
  const key = relayRouteName(one);
  return automations.some((other) => relayRouteName(other) === key || other.name === one.moved_from);
}
