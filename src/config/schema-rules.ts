/** Rules of an automation that a JSON Schema can express, besides those that zod's own output has. */

/** The part of draft-07 that is used here. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly uniqueItems?: boolean;
  readonly required?: readonly string[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly not?: SchemaNode;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly dependencies?: Readonly<Record<string, SchemaNode>>;
  readonly title?: string;
}

const OWNERS = ['project', 'registry', 'team', 'organization'];
const COMPARISONS = ['above', 'above_or_equal_to', 'below', 'below_or_equal_to', 'equal_to', 'not_equal_to'];
const CHANGES = ['increases_by', 'decreases_by', 'changes_by'];

const has = (...required: string[]): SchemaNode => ({ required });
const exactlyOne = (words: readonly string[]): SchemaNode => ({ oneOf: words.map((word) => has(word)) });
const none = (words: readonly string[]): SchemaNode => ({ not: { anyOf: words.map((word) => has(word)) } });
const oneOnlyWith = (aggregate: string): SchemaNode => ({ anyOf: [has(aggregate), { properties: { window: { const: 1 } } }] });

export function implies(condition: SchemaNode, consequence: SchemaNode): SchemaNode {
  return { anyOf: [{ not: condition }, consequence] };
}

/** @param events the events of an automation */
export function automationRules(events: readonly string[]) {
  const runEvents = events.filter((event) => event.startsWith('run_'));
  const otherEvents = events.filter((event) => !event.startsWith('run_'));
  const ifEvent = (words: readonly string[], then: SchemaNode): SchemaNode =>
    implies({ properties: { event: { type: 'object', anyOf: words.map((word) => has(word)) } }, required: ['event'] }, then);
  return {
    /** Which event fits which scope and which other fields. */
    combinations: [
      ifEvent(['create_artifact'], { properties: { scope: has('collection') } }),
      ifEvent(runEvents, { properties: { scope: none(['registry', 'organization', 'collection']) } }),
      ifEvent(otherEvents, {
        properties: { engine: { not: { const: 'relay' } }, runs: { type: 'null' }, action: NO_STOP },
        ...none(RELAY_FIELDS),
      }),
      // Where the engine is written. Whether one is written in `defaults` is looked at apart.
      implies({ properties: { engine: { const: 'relay' } }, required: ['engine'] }, RELAY_ONLY.relay),
      implies({ properties: { engine: { const: 'wandb' } }, required: ['engine'] }, RELAY_ONLY.wandb),
    ] satisfies SchemaNode[],

    /** Without an engine, also in `defaults`, W&B evaluates the automation. */
    withoutEngine: { anyOf: [has('engine'), RELAY_ONLY.wandb] } satisfies SchemaNode,

    /** The fields of an automation with the rules inside of each. */
    refined(automation: SchemaNode): SchemaNode {
      const fields = automation.properties ?? {};
      const event = fields.event ?? {};
      const action = fields.action ?? {};
      return {
        ...automation,
        properties: {
          ...fields,
          for_each: FOR_EACH,
          scope: scopeRules(fields.scope ?? {}),
          event: {
            ...event,
            properties: Object.fromEntries(Object.entries(event.properties ?? {}).map(([type, node]) => [type, eventRules(type, node)])),
          },
          runs: { ...fields.runs, type: ['object', 'null'], dependencies: { filter: none(['name', 'user', 'tags']) } },
          action: { ...action, properties: { ...action.properties, no_op: { ...action.properties?.no_op, type: ['object', 'null'] } } },
        },
      };
    },
  };
}

/** Fields of an automation that only `engine: relay` has. */
const RELAY_FIELDS = ['refire', 'for_points', 'resolve', 'dry_run'];
const WANDB_STATES: SchemaNode = { properties: { states: { items: { not: { enum: ['killed', 'preempted', 'crashed'] } } } } };

/** What fits which engine. */
const RELAY_ONLY: Readonly<Record<'wandb' | 'relay', SchemaNode>> = {
  wandb: {
    ...none(RELAY_FIELDS),
    properties: {
      runs: { anyOf: [{ type: 'null' }, none(['tags'])] },
      event: {
        ...none(['run_metric_nonfinite', 'run_metric_stall', 'run_silent']),
        properties: { run_metric_zscore: none(['over']), run_state: { ...none(['grace', 'longer_than']), ...WANDB_STATES } },
      },
    },
  },
  // An action may stand in `defaults`.
  relay: { properties: { action: none(['webhook', 'notification', 'no_op']) } },
};

/** Only a run can be stopped. */
const NO_STOP: SchemaNode = { properties: { relay: { properties: { to: { items: none(['wandb_stop']) } } } } };

const FOR_EACH: SchemaNode = {
  type: 'object',
  minProperties: 1,
  patternProperties: {
    '^[A-Za-z_]\\w*$': { type: 'array', minItems: 1, uniqueItems: true, items: { type: ['string', 'number', 'boolean'] } },
  },
  additionalProperties: false,
};

function scopeRules(scope: SchemaNode): SchemaNode {
  return { ...scope, ...exactlyOne(OWNERS), dependencies: { collection: { anyOf: [has('project'), has('registry')] } } };
}

function eventRules(type: string, node: SchemaNode): SchemaNode {
  switch (type) {
    case 'run_metric':
      return { ...node, ...exactlyOne(COMPARISONS), dependencies: { window: oneOnlyWith('aggregate') } };
    case 'run_metric_change': {
      const prior: SchemaNode = { anyOf: [has('aggregate'), { properties: { prior_window: { const: 1 } } }] };
      return { ...node, ...exactlyOne(CHANGES), dependencies: { window: oneOnlyWith('aggregate'), prior_window: prior } };
    }
    case 'run_metric_nonfinite':
      return { ...node, ...exactlyOne(['metric', 'metrics']) };
    case 'run_metric_stall':
    case 'run_metric_zscore':
    case 'run_silent':
    case 'run_state':
      return node;
    default:
      // Blank is every one.
      return { ...node, type: ['object', 'null'], dependencies: { filter: none(['alias', 'tag']) } };
  }
}

const EACH: SchemaNode = { type: 'string', pattern: '^\\{\\{-?\\s*each\\.[A-Za-z_]\\w*\\s*-?\\}\\}$' };

/** What is no text may also be one whole `{{ each.NAME }}`, which keeps the type of its value. */
export function withEachTemplates(node: SchemaNode): SchemaNode {
  const type = node.type;
  const isPlain = type === 'number' || type === 'integer' || type === 'boolean' || (type === 'string' && node.enum !== undefined);
  if (isPlain) {
    const { description, ...rest } = node;
    return { ...(description === undefined ? {} : { description }), anyOf: [rest, EACH] };
  }
  return {
    ...node,
    ...(node.properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(node.properties).map(([key, child]) => [key, withEachTemplates(child)])) }),
    ...(node.items === undefined ? {} : { items: withEachTemplates(node.items) }),
    ...(node.anyOf === undefined ? {} : { anyOf: node.anyOf.map(withEachTemplates) }),
  };
}
