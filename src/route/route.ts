import * as z from 'zod';
import { EVENT_FIELDS, EVENT_TYPES, type EventField, type RelayEvent, readEventType } from '../event/event.ts';
import type { JsonValue } from '../lib/json.ts';
import { didYouMean } from '../lib/nearest-word.ts';
import { durationSchema, nameSchema } from '../lib/schema-words.ts';
import { compileMatch, type Match, type Matcher, matchObjectSchema } from './match.ts';
import { payloadText } from './payload-path.ts';
import { type CompiledTarget, compileTarget } from './target.ts';
import { routeTargetSchema, type TargetDefinition, targetSchema } from './target-schema.ts';
import { isTemplate } from './template.ts';

const conditionSchema = z.union([z.string(), z.array(z.string()).min(1, 'must list at least one value'), matchObjectSchema]);

const eventWord = z.string().superRefine((word, context) => {
  if ((EVENT_TYPES as readonly string[]).includes(word)) return;
  context.addIssue({
    code: 'custom',
    message: `there is no event type "${word}"${meantType(word)}; there are ${EVENT_TYPES.join(', ')}`,
  });
});

/** W&B's own spelling, that of its Python client, or the nearest type. */
function meantType(word: string): string {
  const type = readEventType(word) ?? readEventType(word.replace(/^on(?=[A-Z_])/i, ''));
  return type === undefined ? didYouMean(word.toLowerCase(), EVENT_TYPES) : ` (did you mean "${type}"?)`;
}

const onSchema = z.strictObject({
  event: z
    .union([eventWord, z.array(eventWord).min(1, 'must list at least one event type'), matchObjectSchema])
    .optional()
    .describe('The type of the event'),
  ...(Object.fromEntries(EVENT_FIELDS.map((field) => [field, conditionSchema.optional()])) as Record<
    EventField,
    z.ZodOptional<typeof conditionSchema>
  >),
  payload: z
    .record(z.string().min(1, 'must not be empty'), conditionSchema)
    .refine((paths) => Object.keys(paths).length > 0, 'must name at least one path')
    .optional()
    .describe('Values of the body as it arrived, by their dotted path: { client_payload.stage: production }'),
});

const slackId = z
  .string()
  .regex(/^[UWS][A-Z0-9]{2,}$/, 'must be the id of a Slack user (U012ABC) or user group (S012ABC): copy it from the profile');

/** The default of `expires`, in milliseconds. */
export const DEFAULT_APPROVAL_EXPIRY_MS = 24 * 3_600_000;

export const approvalSchema = z
  .strictObject({
    slack: z
      .string()
      .min(1, 'must not be empty')
      .refine((channel) => !isTemplate(channel), 'must name one channel: only the channel of a Slack target may be a template')
      .describe('The channel with the buttons'),
    by: z.array(slackId).min(1, 'must list at least one id').optional().describe('Slack user or user group ids that may decide'),
    allow_self: z
      .boolean()
      .optional()
      .describe('false: the author of the event may not approve it (needs "by" and settings.slack_users); default true'),
    allow_admin: z.boolean().optional().describe('false: only in Slack, not with the command line or the admin API; default true'),
    expires: durationSchema.optional().describe('A dispatch that is not approved in this time is cancelled; default 24h'),
    approvals: z.int().min(1).max(20).optional().describe('How many people must approve; default 1'),
    compare: z
      .array(z.string().min(1, 'must not be empty'))
      .min(1, 'must list at least one metric')
      .max(4, 'may list at most four metrics')
      .optional()
      .describe('Summary metrics of both versions that the question shows side by side; default: some that both have'),
    remind: durationSchema.optional().describe('So long before it expires, those who have not decided are reminded'),
    escalate: z
      .strictObject({
        after: durationSchema.describe('How long after the question was asked'),
        to: slackId.describe('A Slack user or user group id'),
      })
      .optional()
      .describe('After this time without a decision, this user or group is asked as well, and may decide'),
  })
  .refine((approval) => approval.allow_self !== false || approval.by !== undefined, {
    path: ['allow_self'],
    message: 'false needs "by": only listed people can be distinguished from the author',
  })
  .refine(({ remind, expires = DEFAULT_APPROVAL_EXPIRY_MS }) => remind === undefined || remind < expires, {
    path: ['remind'],
    message: 'must be shorter than "expires": it is counted back from there',
  })
  .refine(({ escalate, expires = DEFAULT_APPROVAL_EXPIRY_MS }) => escalate === undefined || escalate.after < expires, {
    path: ['escalate', 'after'],
    message: 'must be shorter than "expires": after that nobody can approve any more',
  })
  .refine(
    ({ approvals = 1, by, escalate }) => canBeReached(approvals, [...(by ?? ['S']), ...(escalate === undefined ? [] : [escalate.to])]),
    {
      path: ['approvals'],
      message: 'more people must approve than "by" lists',
    },
  );

/** A group may have any number of people. */
function canBeReached(approvals: number, people: readonly string[]): boolean {
  return people.some((id) => id.startsWith('S')) || new Set(people).size >= approvals;
}

/** Where approval is requested, who may decide, and for how long. */
export interface Approval {
  readonly channel: string;
  /** Slack user and user group ids; `null`: everyone in the channel. */
  readonly by: readonly string[] | null;
  readonly allowSelf: boolean;
  readonly expiresMs: number;
  /** How many people must approve; left out: one. */
  readonly approvals?: number;
  /** The metrics to compare; left out: some that both versions have. */
  readonly compare?: readonly string[];
  /** How long before it expires people are reminded, in milliseconds; left out: they are not. */
  readonly remindMs?: number;
  /** Who is asked as well after a time in milliseconds. */
  readonly escalate?: { readonly afterMs: number; readonly to: string };
  /** False: nobody decides outside of Slack; left out: whoever has the command line or the admin API may. */
  readonly allowAdmin?: false;
}

/** Who must know when a dispatch or its run fails. */
export interface OnFailure {
  /** Slack user and user group ids. */
  readonly mention: readonly string[];
  /** The reply also goes to the channel. */
  readonly broadcast: boolean;
}

/** Who gets a direct message. */
export type Notified = 'author' | 'approvers';

/** The fields that a route and a `relay` action share. */
export const relayShape = {
  to: z.array(targetSchema).min(1, 'must name at least one target'),
  approval: approvalSchema.optional(),
  order: z.enum(['fifo', 'latest']).optional(),
  cooldown: durationSchema.optional(),
  on_failure: z
    .strictObject({
      mention: z.array(slackId).min(1, 'must list at least one id').optional().describe('Slack user or user group ids'),
      broadcast: z.boolean().optional().describe('The reply also goes to the channel; default true'),
    })
    .optional()
    .describe('Who must know when a dispatch or its run fails; default: the author, in the channel'),
  notify: z
    .array(z.enum(['author', 'approvers']))
    .min(1, 'must list author or approvers')
    .optional()
    .describe('Who gets a direct message as well'),
};

export const routeSchema = z.strictObject({
  name: nameSchema,
  source: z.string().min(1, 'must not be empty').optional().describe('Only what arrived at /webhooks/wandb/<source>'),
  on: onSchema,
  ...relayShape,
  to: z.array(routeTargetSchema).min(1, 'must name at least one target'),
});

export type RouteDefinition = Omit<z.infer<typeof routeSchema>, 'to'> & {
  /** Of an automation: also what a route of its own cannot have. */
  readonly to: TargetDefinition[];
  /**
   * Who evaluates the automation whose route it is. Set by `relayRoute` for run automations, and no word of the config: a route of
   * its own takes the events of both.
   */
  readonly evaluatedBy?: 'wandb' | 'relay';
};
type Condition = z.infer<typeof conditionSchema>;

/** A compiled route. */
export interface Route {
  readonly name: string;
  /** `latest`: a newer event of the same subject replaces an undelivered older one. */
  readonly order: 'fifo' | 'latest';
  /** In milliseconds: at most one match per event subject in this time; 0: no limit. */
  readonly cooldownMs: number;
  /** If set, dispatches are held until a person approves them. */
  readonly approval: Approval | undefined;
  readonly onFailure: OnFailure;
  readonly notify: readonly Notified[];
  readonly targets: readonly CompiledTarget[];
  readonly conditions: readonly RouteCondition[];
  /** Those of the conditions on the event itself that only exact values meet. */
  readonly literals: readonly LiteralCondition[];
}

/** A field that must have one of these values. */
export interface LiteralCondition {
  readonly name: string;
  readonly read: (event: RelayEvent) => string | undefined;
  readonly values: readonly string[];
}

interface RouteCondition {
  /** `alias`, `payload.client_payload.stage` */
  readonly name: string;
  readonly read: (event: RelayEvent, payload: JsonValue) => string | undefined;
  readonly anyOf: readonly Matcher[];
}

/** Compiles a route that the schema accepted. */
export function compileRoute(definition: RouteDefinition): Route {
  const conditions: RouteCondition[] = [];
  const literals: LiteralCondition[] = [];
  const { payload = {}, ...fields } = definition.on;
  const wanted = [['source', definition.source], ...Object.entries(fields)] as ['event' | EventField, Condition | undefined][];
  for (const [name, condition] of wanted) {
    if (condition === undefined) continue;
    const read = (event: RelayEvent) => (name === 'event' ? event.type : event[name]);
    conditions.push({ name, read, anyOf: alternatives(condition).map(compileMatch) });
    const values = literalsOf(condition);
    if (values !== undefined) literals.push({ name, read, values });
  }
  if (definition.evaluatedBy !== undefined) conditions.push(evaluatedBy(definition.evaluatedBy));
  for (const [path, condition] of Object.entries(payload)) {
    const name = `payload.${path}`;
    conditions.push({ name, read: (_event, body) => payloadText(body, path), anyOf: alternatives(condition).map(compileMatch) });
  }
  return {
    name: definition.name,
    order: definition.order ?? 'fifo',
    cooldownMs: definition.cooldown ?? 0,
    approval: definition.approval && compileApproval(definition.approval),
    onFailure: { mention: definition.on_failure?.mention ?? [], broadcast: definition.on_failure?.broadcast ?? true },
    notify: definition.notify ?? [],
    targets: definition.to.map(compileTarget),
    conditions,
    literals,
  };
}

/** A webhook cannot claim that our own engine evaluated it: only the engine sets `event.engine`. */
function evaluatedBy(engine: 'wandb' | 'relay'): RouteCondition {
  return { name: 'engine', read: (event) => event.engine ?? 'wandb', anyOf: [compileMatch(engine)] };
}

/** The values that meet a condition, when those are all that do. */
function literalsOf(condition: Condition): readonly string[] | undefined {
  if (typeof condition === 'string') return [condition];
  if (Array.isArray(condition)) return condition;
  return condition.in;
}

function compileApproval(definition: z.infer<typeof approvalSchema>): Approval {
  const { slack, by, allow_self, allow_admin, expires, approvals, compare, remind, escalate } = definition;
  return {
    channel: slack,
    by: by ?? null,
    allowSelf: allow_self ?? true,
    expiresMs: expires ?? DEFAULT_APPROVAL_EXPIRY_MS,
    ...(approvals === undefined ? {} : { approvals }),
    ...(compare === undefined ? {} : { compare }),
    ...(remind === undefined ? {} : { remindMs: remind }),
    ...(escalate === undefined ? {} : { escalate: { afterMs: escalate.after, to: escalate.to } }),
    ...(allow_admin === false ? { allowAdmin: false } : {}),
  };
}

function alternatives(condition: Condition): Match[] {
  return Array.isArray(condition) ? condition : [condition];
}

/**
 * True if every condition of the route is met. A field or a path without a value meets no condition, not even `not`.
 *
 * @param payload the body as it arrived, secrets redacted
 */
export function routeMatches(route: Route, event: RelayEvent, payload: JsonValue): boolean {
  return route.conditions.every((condition) => isMet(condition, event, payload));
}

/** Why the route does not match: one text for each condition that is not met. Empty if it matches. */
export function whyNot(route: Route, event: RelayEvent, payload: JsonValue): string[] {
  return route.conditions
    .filter((condition) => !isMet(condition, event, payload))
    .map(({ name, read, anyOf }) => {
      const value = read(event, payload);
      const wanted = anyOf.map((matcher) => matcher.wanted).join(' or ');
      return value === undefined ? `the event has no ${name} (wanted ${wanted})` : `${name} is ${JSON.stringify(value)}, wanted ${wanted}`;
    });
}

function isMet(condition: RouteCondition, event: RelayEvent, payload: JsonValue): boolean {
  const value = condition.read(event, payload);
  return value !== undefined && condition.anyOf.some((matcher) => matcher.matches(value));
}
