import { isJsonObject, type JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { engineMistakes } from './engine-mistakes.ts';
import { eventMistakes } from './event-mistakes.ts';
import { matchMistakes } from './match-mistakes.ts';
import { entriesOf, fieldOf, keyMistake, type Mistake, mistake, yamlText } from './mistake.ts';
import { runFilterMistakes } from './run-filter-mistakes.ts';
import { stopMistakes } from './stop-mistakes.ts';
import { variableMistakes } from './variable-mistakes.ts';

/** Mistakes in one automation, or in the `defaults` of all. */
export function automationMistakes(automation: JsonValue, path: ConfigPath, events: readonly string[]): Mistake[] {
  if (!isJsonObject(automation)) return [];
  const field = (key: string) => fieldOf(automation, key);
  return [
    ...scopeMistakes(field('scope'), [...path, 'scope']),
    ...engineMistakes(automation, path),
    ...runFilterMistakes(automation, path),
    ...eventMistakes(field('event'), [...path, 'event'], events, field('engine') === 'relay'),
    ...['name', 'user', 'tags'].flatMap((word) => matchMistakes(fieldOf(field('runs'), word), [...path, 'runs', word])),
    ...actionMistakes(field('action'), [...path, 'action']),
    ...booleanMistakes(automation, path),
    ...variableMistakes(automation, path),
  ];
}

function booleanMistakes(automation: JsonValue, path: ConfigPath): Mistake[] {
  return ['enabled', 'adopt', 'resolve', 'dry_run'].flatMap((key): Mistake[] => {
    const value = fieldOf(automation, key);
    if (typeof value !== 'string') return [];
    const meant = /^(true|yes|on)$/i.test(value) ? 'true' : /^(false|no|off)$/i.test(value) ? 'false' : undefined;
    return meant === undefined ? [] : [mistake([...path, key], `must be true or false, not a string: write ${key}: ${meant}`)];
  });
}

function scopeMistakes(scope: JsonValue | undefined, path: ConfigPath): Mistake[] {
  if (typeof scope === 'string') {
    return [
      mistake(
        path,
        `must be a mapping: write scope: { project: ${yamlText(scope)} }, or { registry: … }, { team: … }, { organization: … }`,
      ),
    ];
  }
  if (Array.isArray(scope)) return [mistake(path, 'an automation has one scope: use for_each for several')];
  const [project, entity] = [fieldOf(scope, 'project'), fieldOf(scope, 'entity')];
  const lists = ['project', 'registry', 'team', 'organization'].flatMap((word): Mistake[] => {
    const value = fieldOf(scope, word);
    const here = [...path, word];
    if (Array.isArray(value)) {
      return [
        mistake(
          here,
          `takes one ${word}: write for_each: { ${word}: [${value.map(String).join(', ')}] } and ${word}: "{{ each.${word} }}"`,
        ),
      ];
    }
    if (isJsonObject(value)) return [mistake(here, `takes one name: only a collection may be a pattern. Use for_each, or a wider scope`)];
    return [];
  });
  return [...lists, ...entityMistakes(entity, project, path), ...matchMistakes(fieldOf(scope, 'collection'), [...path, 'collection'])];
}

function entityMistakes(entity: JsonValue | undefined, project: JsonValue | undefined, path: ConfigPath): Mistake[] {
  if (typeof entity !== 'string') return [];
  const here = [...path, 'entity'];
  if (typeof project === 'string') {
    const name = project.includes('/') ? project : `${entity}/${project}`;
    return [keyMistake(here, `unknown key: write project: ${yamlText(name)}`)];
  }
  return [keyMistake(here, `unknown key: write team: ${yamlText(entity)}`, ['project', 'registry', 'team', 'organization'])];
}

/** Targets of a route, which a `relay` action has in `to`. */
const TARGETS = ['repository_dispatch', 'workflow_dispatch', 'wandb_stop'];
const ACTIONS = ['relay', 'webhook', 'notification', 'no_op'];

function actionMistakes(action: JsonValue | undefined, path: ConfigPath): Mistake[] {
  if (typeof action === 'string') {
    const advice = /no_?op|nothing|none/i.test(action)
      ? 'no_op: {}'
      : /slack|^#/i.test(action)
        ? 'notification: { slack: "#channel" }'
        : 'no_op: {}';
    return [mistake(path, `must be a mapping: write action: { ${advice} }`)];
  }
  return entriesOf(action).flatMap(([kind, fields]): Mistake[] => {
    const here = [...path, kind];
    if (kind === 'slack') {
      const channel = typeof fields === 'string' ? fields : (fieldOf(fields, 'channel') ?? '#channel');
      return [keyMistake(here, `unknown key: write notification: { slack: ${JSON.stringify(channel)} }`, ACTIONS)];
    }
    if (TARGETS.includes(kind) || /^github/i.test(kind)) {
      const target = TARGETS.includes(kind) ? kind : 'repository_dispatch';
      return [keyMistake(here, `unknown key: write relay: { to: [{ ${target}: ${fieldsOf(target)} }] }`, ACTIONS)];
    }
    if (kind === 'notification' && typeof fields === 'string')
      return [mistake(here, `must be a mapping: write notification: { slack: ${JSON.stringify(fields)} }`)];
    if (kind === 'webhook') return webhookMistakes(fields, here);
    if (kind === 'relay' && Array.isArray(fields)) return [mistake(here, 'must be a mapping: write relay: { to: [ … ] }')];
    if (kind === 'relay') return relayMistakes(fields, here);
    if (kind === 'no_op' && fields !== null && !isJsonObject(fields)) return [mistake(here, 'write no_op: {}')];
    return [];
  });
}

/** A target that is not in the list `to`. */
function relayMistakes(relay: JsonValue, path: ConfigPath): Mistake[] {
  const direct = [...TARGETS, 'slack'].filter((target) => fieldOf(relay, target) !== undefined);
  if (fieldOf(relay, 'to') === undefined) {
    return direct.map((target) => keyMistake([...path, target], `unknown key: write to: [{ ${target}: ${fieldsOf(target)} }]`, ['to']));
  }
  const to = fieldOf(relay, 'to');
  if (!isJsonObject(to)) return stopMistakes(to, [...path, 'to']);
  const first = Object.keys(to)[0] ?? 'repository_dispatch';
  return [mistake([...path, 'to'], `must be a list: write to: [{ ${first}: ${fieldsOf(first)} }]`)];
}

/** The fields of a target, for a message. */
function fieldsOf(target: string): string {
  return target === 'wandb_stop' ? '{}' : '…';
}

function webhookMistakes(webhook: JsonValue, path: ConfigPath): Mistake[] {
  if (typeof webhook === 'string') {
    if (/^https?:/i.test(webhook)) return [mistake(path, declaredElsewhere(webhook))];
    return [mistake(path, `must be a mapping: write webhook: { integration: ${yamlText(webhook)} }`)];
  }
  const wrong = ['url', 'url_endpoint', 'endpoint', 'uri', 'name'].filter((key) => fieldOf(webhook, key) !== undefined);
  return wrong.map((key) => {
    const value = String(fieldOf(webhook, key));
    if (key === 'name') return keyMistake([...path, key], `unknown key: write integration: ${yamlText(value)}`, ['integration']);
    return keyMistake([...path, key], `unknown key: ${declaredElsewhere(value)}`, ['integration']);
  });
}

function declaredElsewhere(url: string): string {
  return `the address belongs to a webhook integration. Declare it at the top of the file (integrations: { webhooks: [{ name: my-hook, url: ${JSON.stringify(url)} }] }) and write webhook: { integration: my-hook }`;
}
