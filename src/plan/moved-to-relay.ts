import { type Automation, relayRouteName } from '../automation/automation.ts';
import type { LiveTrigger } from '../automation/trigger.ts';
import { placeOfDefined, placeOfLive } from './automation-place.ts';
import type { ConfigNames } from './definition-view.ts';
import { keyOf } from './match.ts';

/**
 * Those of this config's automations at W&B whose definition now has `engine: relay`: left there, they would fire as well. Pure.
 *
 * @param live automations of this config that no definition for W&B is for
 * @param evaluated the definitions with `engine: relay`
 * @param isShared another config has the same namespace: then only the same scope makes sure that it is this config's
 */
export function movedToRelay(
  live: readonly LiveTrigger[],
  evaluated: readonly Automation[],
  names: ConfigNames,
  isShared: boolean,
): LiveTrigger[] {
  return live.filter((trigger) => {
    const key = keyOf(trigger);
    const place = placeOfLive(trigger.scope);
    const candidates = evaluated.filter((one) => relayRouteName(one) === key || one.moved_from === key);
    const isHere = candidates.some(({ scope }) => {
      const there = placeOfDefined(scope, names);
      return there.entity === place.entity && there.project === place.project;
    });
    // A key that only one definition has identifies it in any scope.
    return isHere || (!isShared && candidates.length === 1);
  });
}
