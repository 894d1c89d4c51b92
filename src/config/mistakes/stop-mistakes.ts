import { isJsonObject, type JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { fieldOf, keyMistake, type Mistake, mistake } from './mistake.ts';

const KEY = 'wandb_stop';

/** A `wandb_stop` that is no mapping, in the targets of an automation. */
export function stopMistakes(to: JsonValue | undefined, path: ConfigPath): Mistake[] {
  if (!Array.isArray(to)) return [];
  return to.flatMap((target, i): Mistake[] => {
    if (target === KEY) return [mistake([...path, i], `write ${KEY}: {}`)];
    const fields = fieldOf(target, KEY);
    return fields === undefined || isJsonObject(fields) ? [] : [mistake([...path, i, KEY], `takes no value: write ${KEY}: {}`)];
  });
}

/** A `wandb_stop` in a route: what matches a route may be anything. */
export function routeStopMistakes(routes: JsonValue | undefined): Mistake[] {
  if (!Array.isArray(routes)) return [];
  return routes.flatMap((route, i) => {
    const to = fieldOf(route, 'to');
    if (!Array.isArray(to)) return [];
    return to.flatMap((target, j): Mistake[] => {
      const path = ['routes', i, 'to', j];
      const message =
        'is for the relay action of a run automation: write it there (automations: action: { relay: { to: [{ wandb_stop: {} }] } })';
      if (target === KEY) return [mistake(path, `${KEY} ${message}`)];
      return fieldOf(target, KEY) === undefined ? [] : [keyMistake([...path, KEY], message, ['*'])];
    });
  });
}
