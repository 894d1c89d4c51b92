import * as z from 'zod';
import { enrichmentSchema } from './enrichment.ts';
import { EVENT_FIELDS, EVENT_TYPES, MAX_FIELD_LENGTH } from './event.ts';
import { NON_FINITE } from './metric-facts.ts';

const oneLine = z
  .string()
  .max(MAX_FIELD_LENGTH)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'must be one line without control characters');

/**
 * The default `github.event.client_payload` of a workflow. The receiver makes it, and the Action's `event` command checks
 * it.
 */
export const clientPayloadSchema = z.strictObject({
  delivery_id: oneLine.min(1),
  route: oneLine.min(1),
  traceparent: oneLine.optional().describe('The trace of the event, for the workflow to continue (W3C Trace Context)'),
  event: z.strictObject({
    type: z.enum(EVENT_TYPES),
    ...(Object.fromEntries(EVENT_FIELDS.map((field) => [field, oneLine.optional()])) as Record<
      (typeof EVENT_FIELDS)[number],
      z.ZodOptional<typeof oneLine>
    >),
    value: z.number().optional().describe('The latest value of the metric'),
    values: z.array(z.number()).optional().describe('The values that were compared'),
    threshold: z.union([z.number(), oneLine]).optional().describe('The limit; of a relative change as in the config: 25%'),
    comparison: oneLine.optional().describe('How the metric is compared with the limit: above, increases_by, …'),
    aggregate: oneLine.optional().describe('average, min or max of the window'),
    window: z.number().optional().describe('How many values'),
    zscore: z.number().optional().describe('How many standard deviations the value is from the mean'),
    nonfinite: z.enum(NON_FINITE).optional().describe('What was logged instead of a number'),
    engine: z.literal('relay').optional().describe("The relay's own engine evaluated the automation; absent when W&B did"),
    resolved: z.literal(true).optional().describe('The condition of an automation with resolve: true has ended'),
    display_name: oneLine.optional().describe("The run's name for people, of events that the relay's own engine made, as the next three"),
    step: z.number().optional().describe('The step of the value that was compared'),
    duration_seconds: z.number().optional().describe("From the run's start to its last heartbeat"),
    at: z.iso.datetime().optional().describe('When the condition was met, or ended'),
    replaces: z
      .strictObject({ version: oneLine, artifact: oneLine.optional(), since: z.iso.datetime() })
      .optional()
      .describe('The version that had the alias before, and since when, where that is known'),
    rollback: z.literal(true).optional().describe('Somebody rolled back: this version is deployed once more, and W&B sent nothing'),
    approval: z
      .strictObject({ by: z.string().min(1), at: z.iso.datetime(), reason: z.string().optional() })
      .optional()
      .describe('Who approved this dispatch, when and why, where that was needed'),
    wandb: enrichmentSchema.optional().describe("Facts about the artifact or the run from W&B's API, if the receiver has an API key"),
  }),
});

/** The JSON Schema of `clientPayloadSchema`. */
export function clientPayloadJsonSchema(): object {
  return { title: 'client_payload of wandb-relay', ...z.toJSONSchema(clientPayloadSchema, { io: 'input', target: 'draft-7' }) };
}
