import * as z from 'zod';
import { EVENT_KEYS } from '../automation/automation-event.ts';
import { configSchema } from './config-schema.ts';
import type { ConfigPath } from './locator.ts';
import { descriptionOf } from './schema-descriptions.ts';
import { automationRules, type SchemaNode, withEachTemplates } from './schema-rules.ts';

/**
 * The JSON Schema (draft-07) of the config file as people write it, for editors: with `for_each`, `defaults` and `x-` keys, a
 * description of every property, and the rules that a schema can express.
 */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) as SchemaNode;
  const { automations, ...properties } = schema.properties ?? {};
  const automation = automations?.items ?? {};
  const { required = [], ...fields } = withEachTemplates(automation);
  const rules = automationRules(EVENT_KEYS);
  const needed = required.filter((field) => field !== 'name');
  const written: SchemaNode = { ...rules.refined(fields), required: ['name'], allOf: rules.combinations };
  const complete: SchemaNode = {
    title: 'wandb-relay.yaml',
    ...schema,
    properties: {
      ...properties,
      defaults: { ...rules.refined(fields) },
      automations: { ...automations, items: written },
    },
    patternProperties: { '^x-': { description: 'Free, for YAML anchors' } },
    // A field that the defaults have may be missing.
    allOf: [...needed.map((field) => inDefaultsOr(field, { required: [field] })), inDefaultsOr('engine', rules.withoutEngine)],
  };
  return described(complete, []);
}

/** A rule about each automation, unless `defaults` has the field. */
function inDefaultsOr(field: string, rule: SchemaNode): SchemaNode {
  return {
    anyOf: [{ required: ['defaults'], properties: { defaults: { required: [field] } } }, { properties: { automations: { items: rule } } }],
  };
}

/** Every property with a description, also those that are in a rule. */
function described(node: SchemaNode, path: readonly string[]): SchemaNode {
  const inProperties = (properties: Readonly<Record<string, SchemaNode>>) =>
    Object.fromEntries(
      Object.entries(properties).map(([name, child]) => {
        const here = [...path, name];
        const description = child.description ?? descriptionOf(here);
        return [name, { ...(description === undefined ? {} : { description }), ...described(child, here) }];
      }),
    );
  const inAll = (nodes: readonly SchemaNode[]) => nodes.map((one) => described(one, path));
  const { properties, items, anyOf, allOf, oneOf, not, additionalProperties: additional } = node;
  return {
    ...node,
    ...(properties === undefined ? {} : { properties: inProperties(properties) }),
    ...(items === undefined ? {} : { items: described(items, path) }),
    ...(typeof additional === 'object' ? { additionalProperties: described(additional, path) } : {}),
    ...(not === undefined ? {} : { not: described(not, path) }),
    ...(anyOf === undefined ? {} : { anyOf: inAll(anyOf) }),
    ...(allOf === undefined ? {} : { allOf: inAll(allOf) }),
    ...(oneOf === undefined ? {} : { oneOf: inAll(oneOf) }),
    ...(node.dependencies === undefined
      ? {}
      : { dependencies: Object.fromEntries(Object.entries(node.dependencies).map(([key, rule]) => [key, described(rule, path)])) }),
  };
}

let schemaTree: SchemaNode | undefined;

/** The keys that the schema allows at a path, for "did you mean". */
export function knownKeysAt(path: ConfigPath): string[] {
  schemaTree ??= configJsonSchema() as SchemaNode;
  let nodes: SchemaNode[] = [schemaTree];
  for (const part of path) {
    nodes = nodes
      .flatMap((node) => [node, ...(node.anyOf ?? [])])
      .flatMap((node) => {
        const child = typeof part === 'number' ? node.items : node.properties?.[part];
        return child === undefined ? [] : [child];
      });
  }
  return nodes.flatMap((node) => [node, ...(node.anyOf ?? [])]).flatMap((node) => Object.keys(node.properties ?? {}));
}
