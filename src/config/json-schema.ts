import { z } from 'zod';
import { configSchema } from './config-schema.ts';
import type { ConfigPath } from './locator.ts';

/** The JSON Schema of the config file, for editors. */
export function configJsonSchema(): object {
  return { title: 'wandb-relay.yaml', ...z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) };
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
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
