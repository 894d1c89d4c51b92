import type { JsonObject, JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { durationMistakes } from './duration-mistakes.ts';
import { fieldOf, keyMistake, type Mistake, mistake } from './mistake.ts';

/** Fields of the event that people write beside it, and the event that has them. */
const EVENT_FIELDS: Readonly<Record<string, string>> = {
  grace: 'run_state: { states: [crashed], grace: 10m }',
  longer_than: 'run_state: { states: [finished], longer_than: 6h }',
  over: 'run_metric_zscore: { …, over: runs }',
  states: 'run_state: { states: [failed] }',
  metric: 'run_metric: { metric: loss, above: 8 }',
};

/** Fields of the automation that people write into its event. */
const AUTOMATION_FIELDS = ['refire', 'for_points', 'resolve', 'dry_run', 'engine'];

/** Words of Prometheus and Alertmanager that are not one word here. */
const PROMETHEUS: Readonly<Record<string, string>> = {
  for: 'write for_points: so many values in a row must meet the condition. A run_silent event has "for" itself',
  keep_firing_for: 'there is nothing like it: "refire" is the shortest time between two firings for one run',
  group_wait: 'there is nothing like it: what fires for many runs at once is one message in Slack',
  group_interval: 'there is nothing like it: what fires for many runs at once is one message in Slack',
  labels: 'there are no labels: routes match on the fields of the event',
  annotations: 'there are no annotations: write the text into a target, such as slack: { channel: "#ml-alerts", text: … }',
  expr: 'write event, such as run_metric: { metric: loss, above: 8 }',
};

/** Wrong words about `engine: relay`, beside the event. */
export function engineMistakes(automation: JsonObject, path: ConfigPath): Mistake[] {
  const has = (key: string) => fieldOf(automation, key) !== undefined;
  return [
    ...Object.entries(EVENT_FIELDS).flatMap(([key, example]) =>
      has(key) ? [keyMistake([...path, key], `belongs into the event: write event: { ${example} }`)] : [],
    ),
    ...Object.entries(PROMETHEUS).flatMap(([key, advice]) => (has(key) ? [keyMistake([...path, key], `unknown key: ${advice}`)] : [])),
    ...refireMistakes(fieldOf(automation, 'refire'), [...path, 'refire']),
  ];
}

function refireMistakes(refire: JsonValue | undefined, path: ConfigPath): Mistake[] {
  if (refire === false || (typeof refire === 'string' && /^(once|none|no|off|forever|infinity)$/i.test(refire))) {
    return [mistake(path, 'write refire: never for one firing for each run, or a duration such as 24h')];
  }
  if (refire === 0 || refire === true || (typeof refire === 'string' && /^(always|0)$/i.test(refire))) {
    return [mistake(path, 'must be a duration such as 1m, or never: a run is read every 15 s at most')];
  }
  return durationMistakes(refire, path);
}

/** Wrong words about `engine: relay`, inside of the event. */
export function eventFieldMistakes(type: string, fields: JsonValue, path: ConfigPath): Mistake[] {
  if (!type.startsWith('run_')) return [];
  const has = (key: string) => fieldOf(fields, key) !== undefined;
  return [
    ...AUTOMATION_FIELDS.filter(has).map((key) => keyMistake([...path, key], `belongs beside the event: write ${key} one level up`)),
    ...(has('for') && type !== 'run_silent' ? [keyMistake([...path, 'for'], `unknown key: ${insteadOfFor(type)}`)] : []),
    ...['for', 'grace', 'longer_than'].flatMap((word) => durationMistakes(fieldOf(fields, word), [...path, word])),
  ];
}

function insteadOfFor(type: string): string {
  return type === 'run_state'
    ? 'write grace: 10m for a crash that comes back, or longer_than: 6h for runs that took so long'
    : 'values have no duration: write for_points beside the event, for so many values in a row';
}
