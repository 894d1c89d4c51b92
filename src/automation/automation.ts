import * as z from 'zod';
import type { EventType } from '../event/event.ts';
import { REPOSITORY } from '../lib/repository.ts';
import { durationSchema, exactlyOneKey, jsonValueSchema, nameSchema, positiveWhole, reportKeyCount } from '../lib/schema-words.ts';
import { type Match, matchObjectSchema, matchSchema, matchText } from '../route/match.ts';
import { type RouteDefinition, relayShape } from '../route/route.ts';
import { automationEventSchema, RUN_EVENTS } from './automation-event.ts';
import { fitProblems } from './automation-fit.ts';
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

const runsSchema = z
  .strictObject({
    name: matchSchema.optional(),
    user: matchSchema.optional(),
    tags: matchSchema.optional(),
    filter: rawFilterSchema.optional(),
  })
  .refine((runs) => runs.filter === undefined || Object.keys(runs).length === 1, 'filter excludes name, user and tags');

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
 * W&B's variables, because their spelling for registries is not documented. The route of a run automation also wants an event of
 * the automation's own engine, so that no webhook can fire what the relay evaluates.
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
  const isRunEvent = RUN_EVENTS.includes(eventTypeOf(automation));
  return {
    name: relayRouteName(automation),
    on: {
      event: eventTypeOf(automation),
      automation: automation.name,
      ...(several === undefined ? {} : { collection: several }),
      ...(nameIsShared ? scopeConditions(automation.scope, entity) : {}),
    },
    ...rest,
    ...(isRunEvent ? { evaluatedBy: automation.engine ?? 'wandb' } : {}),
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
