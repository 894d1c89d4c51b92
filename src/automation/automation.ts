import * as z from 'zod';
import type { EventType } from '../event/event.ts';
import { REPOSITORY } from '../lib/repository.ts';
import { durationSchema, exactlyOneKey, jsonValueSchema, nameSchema, positiveWhole, reportKeyCount } from '../lib/schema-words.ts';
import { type Match, matchObjectSchema, matchSchema, matchText } from '../route/match.ts';
import { type RouteDefinition, relayShape } from '../route/route.ts';
import { rawFilterSchema } from './raw-filter.ts';

/** Automation definitions of the config file. What W&B would refuse is refused here, without asking it. */

const scopeWord = z.string().min(1, 'must not be empty');
const collectionSchema = z.union([scopeWord, matchObjectSchema]);

export const scopeSchema = z
  .strictObject({
    project: scopeWord
      .regex(/^([^/]+(\/[^/]+)?)?$/, 'must be a project, or entity/project')
      .optional()
      .describe('A project of the team, or entity/project'),
    registry: scopeWord.optional(),
    collection: collectionSchema.optional(),
    team: scopeWord.optional(),
    organization: scopeWord.optional(),
  })
  .superRefine((scope, context) => {
    reportKeyCount(Object.keys(scope), ['project', 'registry', 'team', 'organization'], context);
    if (scope.collection !== undefined && scope.project === undefined && scope.registry === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['collection'],
        message: 'a collection needs a project or a registry: add one of them',
      });
    }
  });

export type Scope = z.infer<typeof scopeSchema>;

/** A scope that is one thing at W&B: its collection, if any, is a name. */
export type SingleScope = Omit<Scope, 'collection'> & { readonly collection?: string | undefined };

/** The MATCH of a scope that stands for several collections, or `undefined`: then the scope is one thing at W&B. */
export function collectionMatch({ collection }: Scope): Exclude<Match, string> | undefined {
  return typeof collection === 'object' ? collection : undefined;
}

const artifactFilter = (word: 'alias' | 'tag') =>
  z
    .strictObject({ [word]: matchSchema.optional(), filter: rawFilterSchema.optional() })
    .refine((event) => Object.keys(event).length <= 1, `${word} and filter exclude each other`);

const aggregateSchema = z.enum(['average', 'min', 'max']);
const thresholdSchema = z.number('must be a number');
export const COMPARISONS = ['above', 'above_or_equal_to', 'below', 'below_or_equal_to', 'equal_to', 'not_equal_to'] as const;
export const CHANGES = ['increases_by', 'decreases_by', 'changes_by'] as const;

const changeAmount = z.union([
  z.number().positive('must be positive'),
  z.string().regex(/^(?!0+(\.0+)?%$)\d+(\.\d+)?%$/, 'must be a positive number, or a percentage such as 25%'),
]);

/** Without an aggregate only the latest value is compared, so a window has no effect. */
function windowsNeedAggregate(
  event: { aggregate?: unknown; window?: number | undefined; prior_window?: number | undefined },
  context: z.RefinementCtx,
) {
  if (event.aggregate !== undefined) return;
  for (const word of ['window', 'prior_window'] as const) {
    if ((event[word] ?? 1) !== 1) {
      context.addIssue({ code: 'custom', path: [word], message: 'needs an aggregate: without one only the latest value is compared' });
    }
  }
}

const runMetricSchema = z
  .strictObject({
    metric: scopeWord,
    aggregate: aggregateSchema.optional(),
    window: positiveWhole.optional(),
    ...(Object.fromEntries(COMPARISONS.map((word) => [word, thresholdSchema.optional()])) as Record<
      (typeof COMPARISONS)[number],
      z.ZodOptional<typeof thresholdSchema>
    >),
  })
  .superRefine((event, context) => {
    reportKeyCount(Object.keys(event), COMPARISONS, context);
    windowsNeedAggregate(event, context);
  });

const runMetricChangeSchema = z
  .strictObject({
    metric: scopeWord,
    aggregate: aggregateSchema.optional(),
    window: positiveWhole.optional(),
    prior_window: positiveWhole.optional(),
    ...(Object.fromEntries(CHANGES.map((word) => [word, changeAmount.optional()])) as Record<
      (typeof CHANGES)[number],
      z.ZodOptional<typeof changeAmount>
    >),
  })
  .superRefine((event, context) => {
    reportKeyCount(Object.keys(event), CHANGES, context);
    windowsNeedAggregate(event, context);
  });

const runMetricZscoreSchema = z.strictObject({
  metric: scopeWord,
  window: positiveWhole.optional(),
  threshold: z.number('must be a number').positive('must be positive'),
  direction: z.enum(['above', 'below', 'either']),
  over: z.enum(['values', 'runs']).optional(),
});

/** NaN or an infinity was logged. Exactly one of the two. */
const runMetricNonfiniteSchema = z
  .strictObject({ metric: scopeWord.optional(), metrics: matchSchema.optional() })
  .superRefine((event, context) => reportKeyCount(Object.keys(event), ['metric', 'metrics'], context));

const runMetricStallSchema = z.strictObject({ metric: scopeWord, window: positiveWhole, less_than: changeAmount });

const runSilentSchema = z.strictObject({ for: durationSchema });

/** The states that W&B's own automations have, and those that only `engine: relay` has. */
export const WANDB_STATES = ['running', 'finished', 'failed'] as const;
export const RELAY_STATES = ['killed', 'preempted', 'crashed'] as const;

const runStateSchema = z.strictObject({
  states: z
    .array(z.enum([...WANDB_STATES, ...RELAY_STATES]))
    .min(1, 'must list at least one state')
    .refine((states) => new Set(states).size === states.length, 'lists a state twice'),
  grace: durationSchema.optional(),
  longer_than: durationSchema.optional(),
});

const automationEvents = {
  create_artifact: artifactFilter('alias'),
  link_artifact: artifactFilter('alias'),
  unlink_artifact: artifactFilter('alias'),
  add_artifact_alias: artifactFilter('alias'),
  add_artifact_tag: artifactFilter('tag'),
  remove_artifact_tag: artifactFilter('tag'),
  add_collection_tag: artifactFilter('tag'),
  remove_collection_tag: artifactFilter('tag'),
  run_metric: runMetricSchema,
  run_metric_change: runMetricChangeSchema,
  run_metric_zscore: runMetricZscoreSchema,
  run_metric_nonfinite: runMetricNonfiniteSchema,
  run_metric_stall: runMetricStallSchema,
  run_silent: runSilentSchema,
  run_state: runStateSchema,
};

export const automationEventSchema = exactlyOneKey(automationEvents);

/** The events that an automation may have. */
export const EVENT_KEYS: readonly string[] = Object.keys(automationEvents);

const runsSchema = z
  .strictObject({ name: matchSchema.optional(), user: matchSchema.optional(), filter: rawFilterSchema.optional() })
  .refine((runs) => runs.filter === undefined || Object.keys(runs).length === 1, 'filter excludes name and user');

const notificationSchema = z.strictObject({
  slack: z.string().min(1, 'must not be empty').describe('The channel of a Slack integration of the team'),
  title: z.string().optional(),
  message: z.string().optional(),
  severity: z.enum(['info', 'warn', 'error']).optional(),
});

export const actionSchema = exactlyOneKey({
  relay: z.strictObject({ ...relayShape, integration: z.string().min(1, 'must not be empty').optional() }),
  webhook: z.strictObject({ integration: z.string().min(1, 'must not be empty'), payload: jsonValueSchema.optional() }),
  notification: notificationSchema,
  no_op: z.strictObject({}),
});

const RUN_EVENTS: ReadonlySet<string> = new Set([
  'run_metric',
  'run_metric_change',
  'run_metric_zscore',
  'run_metric_nonfinite',
  'run_metric_stall',
  'run_silent',
  'run_state',
]);

const adoptSchema = z
  .union(
    [z.boolean(), z.strictObject({ from: z.string().regex(REPOSITORY, 'must be a repository, owner/name') })],
    'must be true, false, or { from: owner/name }',
  )
  .describe(
    'Take over an automation of this name: true, one that nobody manages; { from: owner/name }, one of that repository. Default false',
  );

const automationShape = {
  name: nameSchema,
  key: nameSchema.optional().describe('Identifies the automation, also after a rename; default: its name'),
  moved_from: nameSchema.optional(),
  description: z.string().optional(),
  enabled: z.boolean().optional(),
  adopt: adoptSchema.optional(),
  engine: z.enum(['wandb', 'relay']).optional(),
  refire: z.union([durationSchema, z.literal('never')]).optional(),
  for_points: positiveWhole.optional(),
  resolve: z.boolean().optional(),
  dry_run: z.boolean().optional(),
  scope: scopeSchema,
  event: automationEventSchema,
  runs: runsSchema.optional(),
  action: actionSchema,
};

/** The fields of an automation in the config. */
export const AUTOMATION_FIELDS: readonly string[] = Object.keys(automationShape);

export const automationSchema = z.strictObject(automationShape).superRefine((automation, context) => {
  for (const { path, message } of fitProblems(automation)) context.addIssue({ code: 'custom', path, message });
});

export type Automation = z.infer<typeof automationSchema>;

/** The one event type that an automation names. */
export function eventTypeOf(automation: Pick<Automation, 'event'>): EventType {
  return Object.keys(automation.event)[0] as EventType;
}

/** Which event is allowed in which scope. The rules are those of W&B's Python client (0.28 to 0.30). */
function fitProblems(automation: Pick<Automation, 'event' | 'scope' | 'runs' | 'engine'>): { path: string[]; message: string }[] {
  const problems: { path: string[]; message: string }[] = [];
  // Anything but exactly one event is reported at the event itself.
  if (Object.keys(automation.event).length !== 1) return problems;
  const type = eventTypeOf(automation);
  const { scope } = automation;
  const isRunEvent = RUN_EVENTS.has(type);
  if (type === 'create_artifact' && scope.collection === undefined) {
    problems.push({ path: ['scope'], message: 'create_artifact needs a collection: W&B has it for no wider scope' });
  }
  if (isRunEvent && (isRegistry(scope) || scope.collection !== undefined || scope.organization !== undefined)) {
    problems.push({
      path: ['scope'],
      message: `${type} needs a project or a team: registries, collections and organizations have no runs`,
    });
  }
  if (!isRunEvent && automation.runs !== undefined) {
    problems.push({ path: ['runs'], message: `runs is for run events only; ${type} is not one` });
  }
  if (!isRunEvent && automation.engine === 'relay') {
    problems.push({ path: ['engine'], message: `engine: relay evaluates run events only; ${type} is not one` });
  }
  return problems;
}

/** A registry is a project of a reserved name. */
function isRegistry(scope: Scope): boolean {
  return scope.registry !== undefined || projectOf(scope)?.startsWith('wandb-registry-') === true;
}

function projectOf(scope: Scope): string | undefined {
  return scope.project?.split('/').at(-1);
}

/** The scope with its default team: two spellings of one scope give the same text. */
export function scopeKey(scope: Scope, entity: string | undefined): string {
  const project = scope.project === undefined || scope.project.includes('/') ? scope.project : `${entity ?? ''}/${scope.project}`;
  return JSON.stringify([project, scope.registry, scope.collection, scope.team, scope.organization].map((word) => word ?? null));
}

/** The scope in one line, for messages. */
export function describeScope(scope: Scope): string {
  return Object.entries(scope)
    .flatMap(([word, value]) => (value === undefined ? [] : `${word} ${matchText(value)}`))
    .join(', ');
}

/** The name of the route of an automation with a `relay` action. */
export function relayRouteName(automation: Pick<Automation, 'key' | 'name'>): string {
  return automation.key ?? automation.name;
}

/**
 * The route of an automation with a `relay` action; `undefined` for any other action.
 *
 * It matches on literals that we write into the payload: the automation's name and its event type. It does not match on
 * W&B's variables, because their spelling for registries is not documented.
 *
 * @param entity the team of a project without one of its own
 * The MATCH of several collections is a condition of the route too: the receiver does not know which of them exist.
 *
 * @param nameIsShared another automation has the same name in another scope: then the route matches on the scope as well
 */
export function relayRoute(automation: Automation, entity: string | undefined, nameIsShared: boolean): RouteDefinition | undefined {
  const relay = automation.action.relay;
  if (relay === undefined) return undefined;
  const { integration: _integration, ...rest } = relay;
  const several = collectionMatch(automation.scope);
  return {
    name: relayRouteName(automation),
    on: {
      event: eventTypeOf(automation),
      automation: automation.name,
      ...(several === undefined ? {} : { collection: several }),
      ...(nameIsShared ? scopeConditions(automation.scope, entity) : {}),
    },
    ...rest,
  };
}

function scopeConditions(scope: Scope, team: string | undefined): RouteDefinition['on'] {
  const [entity, project] = scope.project?.includes('/') ? scope.project.split('/') : [team, scope.project];
  return {
    ...(project === undefined ? {} : { ...(entity === undefined ? {} : { entity }), project }),
    ...(scope.registry === undefined ? {} : { registry: scope.registry }),
    ...(scope.collection === undefined ? {} : { collection: scope.collection }),
    ...(scope.team === undefined ? {} : { entity: scope.team }),
  };
}
