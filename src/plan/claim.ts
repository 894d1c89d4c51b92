import { hasLaterMark, isSameRepository, type Mark, readMark } from '../automation/ownership.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import { fieldChanges, stateOfInput, stateOfLive, type TriggerState } from '../automation/trigger-state.ts';
import type { JsonObject } from '../lib/json.ts';
import type { DesiredTrigger } from './desired-trigger.ts';
import type { MigratedFrom } from './plan-settings.ts';

/** Whose the automations at W&B are, and which of them a definition may take over. Pure. */

/** Whether a config of the repository has a namespace. `unknown`: the checkout does not show it. */
export type NamespaceUse = 'free' | 'held' | 'unknown';

/** The config that a plan is for. */
export interface PlanOwner {
  /** `owner/name` of the repository that the definitions are in. */
  readonly repository: string;
  /** The set of automations in that repository that the definitions own. */
  readonly namespace: string;
  readonly migrateFrom?: MigratedFrom | undefined;
  /** Whether some config of the repository has this other namespace; left out: unknown. */
  readonly namespaceUse?: ((namespace: string) => NamespaceUse) | undefined;
}

/** What a definition may do with an existing automation. */
export type Claim =
  /** It is this config's. */
  | { readonly kind: 'own' }
  /** Applying makes it this config's. */
  | { readonly kind: 'adopted'; readonly how: string }
  | { readonly kind: 'refused'; readonly reason: string };

const OWN: Claim = { kind: 'own' };

/** Whether the mark is this repository's, by its name or by one that it had. */
export function isOurRepository({ repository, namespace }: Mark, owner: PlanOwner): boolean {
  if (isSameRepository(repository, owner.repository)) return true;
  const from = owner.migrateFrom;
  return from !== undefined && isSameRepository(repository, from.repository) && (from.namespace ?? namespace) === namespace;
}

/** Whether the automation has the mark of this config. */
export function isMine(trigger: LiveTrigger, owner: PlanOwner): boolean {
  const { mark } = readMark(trigger.description);
  return mark !== undefined && isOurRepository(mark, owner) && namespaceOf(mark, owner) === owner.namespace;
}

/** Whether it has the mark of this config, also without `migrateFrom`'s namespace: only such are moved between scopes and deleted. */
export function isManaged(trigger: LiveTrigger, owner: PlanOwner): boolean {
  return isMine(trigger, owner) && readMark(trigger.description).mark?.namespace === owner.namespace;
}

/**
 * Whether another config of the repository has the same namespace: the files of both are in one folder, or both declare it.
 * Then the mark does not tell whose an automation is.
 */
export function isNamespaceShared({ namespace, namespaceUse }: PlanOwner): boolean {
  return namespaceUse?.(namespace) === 'held';
}

/** The namespace of a mark. One that is named by `migrateFrom` is this config's. */
function namespaceOf(mark: Mark, { namespace, migrateFrom: from }: PlanOwner): string | undefined {
  const migrates = from?.namespace !== undefined && from.namespace === mark.namespace && isSameRepository(mark.repository, from.repository);
  return migrates ? namespace : mark.namespace;
}

/** Decides what the definition may do with the automation that was found for it. */
export function claimOn(desired: DesiredTrigger, found: LiveTrigger, owner: PlanOwner): Claim {
  const { mark } = readMark(found.description);
  if (mark === undefined) return claimOnUnmarked(desired, found);
  const from = typeof desired.adopt === 'object' ? desired.adopt.from : undefined;
  const isNamed = from !== undefined && isSameRepository(from, mark.repository);
  if (!isOurRepository(mark, owner)) {
    return isNamed ? adopted(`taken over from ${mark.repository}`) : refused(`it belongs to ${mark.repository}`);
  }
  if (isMine(found, owner)) {
    if (mark.namespace !== owner.namespace) return adopted(`taken over from the namespace ${mark.namespace}`);
    if (!isHere(desired, found) && isNamespaceShared(owner)) return refused(sharedReason(owner.namespace));
    return isSameRepository(mark.repository, owner.repository) ? OWN : adopted(`taken over from ${mark.repository}`);
  }
  if (isNamed)
    return adopted(
      mark.namespace === undefined ? `taken over from the key "${mark.key}"` : `taken over from the namespace ${mark.namespace}`,
    );
  return claimOnOther(desired, mark, owner);
}

/** On an automation in the same scope and of this repository, whose mark has another namespace, or none. */
function claimOnOther(desired: DesiredTrigger, mark: Mark, owner: PlanOwner): Claim {
  const isItsKey = mark.key === desired.key || mark.key === desired.movedFrom;
  if (mark.namespace === undefined) {
    if (!isItsKey) {
      return refused(
        `it has the mark of an earlier version of wandb-relay, for the key "${mark.key}", which another config may define. If it is this one's, add "moved_from: ${mark.key}"`,
      );
    }
    return isSameRepository(mark.repository, owner.repository) ? OWN : adopted(`taken over from ${mark.repository}`);
  }
  const use = isItsKey ? (owner.namespaceUse?.(mark.namespace) ?? 'unknown') : 'held';
  switch (use) {
    case 'free':
      return adopted(`taken over from the namespace ${mark.namespace}`);
    case 'held':
      return refused(
        `it belongs to another config of this repository, with the namespace ${mark.namespace}. Define it in one of the two. To move it here, remove it there and add "adopt: { from: ${owner.repository} }"`,
      );
    case 'unknown':
      return refused(
        `it has the namespace ${mark.namespace}, and this checkout does not show whether a config still has that. Check out the whole repository, or apply with --migrate-from ${mark.repository}#${mark.namespace}`,
      );
  }
}

/** On an automation without a mark: somebody made it in the app, or edited the description of one of ours. */
function claimOnUnmarked(desired: DesiredTrigger, found: LiveTrigger): Claim {
  if (hasLaterMark(found.description)) return refused('it has the mark of a later version of wandb-relay: update this one');
  if (desired.adopt === true) return adopted('adopted: nobody managed it');
  if (hasContentOf(desired, found)) return adopted('its mark is gone; applying writes it again');
  if (desired.adopt !== false) {
    return refused(`it is not managed by ${desired.adopt.from}, nor by anybody. To take it over, write "adopt: true"`);
  }
  return refused(
    'an automation of this name exists and is not managed by wandb-relay. Add "adopt: true" to take it over, or choose another name',
  );
}

/** Whether it has the definition's scope, event and action, besides its name. Two such automations would do everything twice. */
function hasContentOf(desired: DesiredTrigger, found: LiveTrigger): boolean {
  const content = ({ scope, event, action }: TriggerState): JsonObject => ({ scope, event, action });
  return fieldChanges(content(stateOfLive(found)), content(stateOfInput(desired.input))).length === 0;
}

/** Whether an automation is on the definition's scope. */
export function isHere({ input }: DesiredTrigger, { scope }: LiveTrigger): boolean {
  return scope.id === input.scopeID && scope.type === input.scopeType;
}

function sharedReason(namespace: string): string {
  return `it is on another scope, and may belong to another config of this repository that also has the namespace ${namespace}. Declare a "namespace" of its own in each of them, or delete that automation first`;
}

function adopted(how: string): Claim {
  return { kind: 'adopted', how };
}

function refused(reason: string): Claim {
  return { kind: 'refused', reason };
}
