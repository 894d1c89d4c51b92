import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DELIVERY_STATES } from '../../receiver/store/delivery.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { EVENT_FIELDS, EVENT_TYPES } from '../../src/event/event.ts';
import { PROJECT } from '../stand-ins/receiver-process.ts';
import { inlineCode, PAGES, page, tableRows } from './pages.ts';

const sourceOf = (...path: string[]): string => readFileSync(join(PROJECT, ...path), 'utf8');
const variables = new Set([
  ...[
    ...`${sourceOf('receiver', 'environment.ts')}${sourceOf('receiver', 'admin', 'access-settings.ts')}${sourceOf('receiver', 'traces', 'trace-settings.ts')}`.matchAll(
      /(?:get\('|variables\.)([A-Z_]+)/g,
    ),
  ].map((found) => found[1] ?? ''),
  ...[...sourceOf('src', 'lib', 'proxy-settings.ts').matchAll(/(?:address\(|get\(variables, )'([A-Z_]+)'/g)].map((found) => found[1] ?? ''),
]);
/** Read by Node itself. */
const OF_NODE = ['NODE_EXTRA_CA_CERTS'];
/** Read by OpenTelemetry itself. */
const OF_OPEN_TELEMETRY = ['OTEL_SERVICE_NAME', 'OTEL_RESOURCE_ATTRIBUTES'];
/** Read by a rule and not by name, see `readAuthentication`. */
const OF_SOURCES = ['WANDB_WEBHOOK_SECRET', 'WANDB_WEBHOOK_TOKEN'];
/** Names in the documentation that are no variable of the receiver: a secret inside W&B, the Worker's own, Node's, GitHub's. */
const OTHER_NAMES = [
  'RELAY_GITHUB_TOKEN',
  'GITHUB_TOKEN_FILE',
  'RELAY_SECRET',
  'RELAY_SANDBOX',
  'NODE_ENV',
  'NODE_DEBUG',
  'GITHUB_EVENT_PATH',
];

/** The names of all properties in a JSON Schema. */
function propertyNames(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(propertyNames);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties'
      ? [...Object.keys(value as object), ...Object.values(value as object).flatMap(propertyNames)]
      : propertyNames(value),
  );
}

describe('the reference', () => {
  const rows = tableRows(page('docs/reference.md'), '## Environment').map(([cell = '']) => cell);

  it('names every environment variable that is read, and no other', () => {
    const named = rows.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)`/g)].map((found) => found[1] ?? ''));
    expect(named.filter((name) => !OF_SOURCES.includes(name)).sort()).toEqual([...variables, ...OF_NODE, ...OF_OPEN_TELEMETRY].sort());
    for (const name of OF_SOURCES) {
      expect(rows).toContain(`\`${name}\``);
      expect(rows.some((cell) => cell.includes(`\`${name}_<SOURCE>\``))).toBe(true);
    }
  });

  it('is the only place that other pages take variables from', () => {
    const known = new Set([...variables, ...OF_SOURCES, ...OF_NODE, ...OF_OPEN_TELEMETRY, ...OTHER_NAMES]);
    const unknown = PAGES.flatMap((one) =>
      [...inlineCode(one), ...one.blocks.map(({ text }) => text)]
        .flatMap((code) => code.match(/\b(?:(?:WANDB|GITHUB|SLACK|RELAY|DATABASE|BASE|NODE)_[A-Z_]+|[A-Z]+_PROXY)\b/g) ?? [])
        .filter((name) => !known.has(name) && !/^WANDB_WEBHOOK_(SECRET|TOKEN)_/.test(name))
        .map((name) => `${one.name}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('of the config file is complete: every key is explained somewhere', () => {
    const text = PAGES.filter(({ name }) => name.startsWith('docs/')).map((one) => one.text);
    const words = new Set(text.join('\n').match(/[A-Za-z_]+/g));
    const keys = new Set(propertyNames(configJsonSchema()));
    expect(keys.size).toBeGreaterThan(60);
    expect([...keys].filter((key) => !words.has(key))).toEqual([]);
  });

  it('of events is complete: every type and every field', () => {
    const conditions = page('docs/routes.md').prose;
    for (const word of [...EVENT_TYPES, ...EVENT_FIELDS]) expect(conditions).toContain(`\`${word}\``);
  });

  it('of delivery states has every stored value, and no other', () => {
    const stored = tableRows(page('docs/operate.md'), '## Delivery states').flatMap(
      ([, cell = '']) => /^`([a-z_]+)`$/.exec(cell)?.[1] ?? [],
    );
    expect([...new Set(stored)].sort()).toEqual([...DELIVERY_STATES].sort());
  });
});
