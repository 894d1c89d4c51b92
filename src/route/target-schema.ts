import * as z from 'zod';
import { DISPATCH_LIMITS } from '../event/repository-dispatch.ts';
import { REPOSITORY } from '../lib/repository.ts';
import { exactlyOneKey, jsonValueSchema } from '../lib/schema-words.ts';
import { channelProblem } from './channel-name.ts';
import { compileTemplate, compileTemplatesIn, isTemplate } from './template.ts';

/** GitHub's documented limits for a workflow dispatch. */
export const WORKFLOW_LIMITS = { inputs: 25, inputCharacters: 65_535 } as const;

const templateText = z.string().superRefine((text, context) => {
  const compiled = compileTemplate(text);
  if (!compiled.ok) context.addIssue({ code: 'custom', message: compiled.error });
});

const templateValue = jsonValueSchema.superRefine((value, context) => {
  const compiled = compileTemplatesIn(value);
  if (!compiled.ok) context.addIssue({ code: 'custom', message: compiled.error });
});

const repository = z.string().regex(REPOSITORY, 'must be a repository such as acme/deploy');

export const repositoryDispatchSchema = z
  .strictObject({
    repository,
    event_type: templateText
      .min(1, 'must not be empty')
      .refine((text) => isTemplate(text) || text.length <= DISPATCH_LIMITS.eventType, 'must be at most 100 characters (a limit of GitHub)')
      .optional()
      .describe('What the workflow lists under on: repository_dispatch: types. Required, unless passthrough is true'),
    client_payload: z
      .record(z.string(), templateValue)
      .refine(
        (payload) => Object.keys(payload).length <= DISPATCH_LIMITS.payloadKeys,
        'must have at most 10 top-level keys (a limit of GitHub)',
      )
      .refine(
        (payload) => isTemplate(JSON.stringify(payload)) || Buffer.byteLength(JSON.stringify(payload)) <= DISPATCH_LIMITS.payloadBytes,
        `must have at most ${DISPATCH_LIMITS.payloadBytes} bytes (GitHub takes less than 64 KB)`,
      )
      .optional(),
    passthrough: z
      .boolean()
      .optional()
      .describe('true: the body already is a GitHub dispatch, and its event_type and client_payload are sent as they came'),
  })
  .superRefine((dispatch, context) => {
    const own = (['event_type', 'client_payload'] as const).filter((key) => dispatch[key] !== undefined);
    if (dispatch.passthrough !== true && dispatch.event_type === undefined)
      context.addIssue({ code: 'custom', path: ['event_type'], message: 'is missing' });
    if (dispatch.passthrough === true)
      for (const key of own)
        context.addIssue({ code: 'custom', path: [key], message: 'comes from the body with "passthrough: true": remove one of the two' });
  });

const inputValue = z.union([templateText, z.number(), z.boolean()]);

export const workflowDispatchSchema = z.strictObject({
  repository,
  workflow: z
    .string()
    .regex(/^([A-Za-z0-9._-]+\.ya?ml|\d+)$/, 'must be the file name of a workflow, such as deploy.yml, or its id')
    .describe('The file name in .github/workflows'),
  ref: templateText.min(1, 'must not be empty'),
  inputs: z
    .record(z.string(), inputValue)
    .refine((inputs) => Object.keys(inputs).length <= WORKFLOW_LIMITS.inputs, 'must have at most 25 inputs (a limit of GitHub)')
    .optional(),
});

const slackText = z.string().superRefine((text, context) => {
  const compiled = compileTemplate(text, 'slack');
  if (!compiled.ok) context.addIssue({ code: 'custom', message: compiled.error });
});

export const slackSchema = z.strictObject({
  channel: z
    .string()
    .min(1, 'must not be empty')
    .superRefine((channel, context) => {
      const problem = channelProblem(channel);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .describe('A channel: its id (C012ABC), its name (#ml-deploys), or a template with literal text before it (#ml-{{ event.project }})'),
  text: slackText.optional().describe("What happened, in Slack's mrkdwn; values from the event are escaped"),
  thread: z.boolean().optional().describe('false: every event has a message of its own; default: one message per artifact version or run'),
});

const routeTargets = {
  repository_dispatch: repositoryDispatchSchema,
  workflow_dispatch: workflowDispatchSchema,
  slack: slackSchema,
};

/** A target of a route: of events of any kind. */
export const routeTargetSchema = exactlyOneKey(routeTargets);

/** A target of an automation with a `relay` action. What is not for every event is checked with the automation. */
export const targetSchema = exactlyOneKey({
  ...routeTargets,
  wandb_stop: z.strictObject({}).describe("Stop the run that fired, through W&B's API. Only of run automations"),
});

export type TargetDefinition = z.infer<typeof targetSchema>;
export type TargetKind = keyof TargetDefinition;
