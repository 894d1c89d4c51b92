import * as z from 'zod';
import type { JsonObject } from '../lib/json.ts';
import { isJsonObject } from '../lib/json.ts';
import { jsonValueSchema } from '../lib/schema-words.ts';

const entries = z.record(z.string(), jsonValueSchema);

const comparedSchema = z.union([z.number(), z.string(), z.null()]).optional();

/**
 * Facts of W&B's API about the artifact version or the run of an event: `event.wandb` in templates and in the default
 * payload. Unknown fields are absent. The objects are open: a later version may add fields.
 */
export const enrichmentSchema = z.looseObject({
  artifact: z
    .looseObject({
      type: z.string().optional().describe('model, dataset, …'),
      version: z.string().optional().describe('vN in the collection of the event'),
      source: z.string().optional().describe('Where a run logged it: entity/project/collection:vN'),
      aliases: z.array(z.string()).optional().describe('In the collection of the event, at the time of the query'),
      tags: z.array(z.string()).optional(),
      size: z.number().optional().describe('Bytes'),
      digest: z.string().optional(),
      created_at: z.string().optional().describe('ISO 8601, as W&B writes it'),
      created_by: z.string().optional().describe('The user who made it, when no run did'),
      metadata: entries.optional(),
      truncated: z.literal(true).optional().describe('The metadata, aliases or tags are not complete'),
      url: z.string().optional().describe('Its page in W&B, in the project where a run logged it'),
    })
    .optional(),
  run: z
    .looseObject({
      name: z.string().optional().describe('The id of the run, as in its address'),
      display_name: z.string().optional(),
      state: z.string().optional().describe('In lower case: running, finished, failed, crashed, killed, …'),
      user: z.string().optional(),
      tags: z.array(z.string()).optional(),
      created_at: z.string().optional().describe('ISO 8601, as W&B writes it'),
      duration_seconds: z.number().optional().describe('From its start to its last heartbeat'),
      summary: entries.optional(),
      truncated: z.literal(true).optional().describe('The summary or tags are not complete'),
      commit: z.string().optional(),
      git_remote: z.string().optional().describe('Without user name and password'),
      url: z.string().optional().describe('Its page in W&B'),
    })
    .optional()
    .describe('The run of the event, or the one that made the artifact'),
  replaced: z
    .looseObject({
      version: z.string().optional(),
      run: z.looseObject({}).optional().describe('The run that made it, with the fields of run'),
      metrics: z
        .record(z.string(), z.looseObject({ before: comparedSchema, now: comparedSchema }))
        .optional()
        .describe('Summary metrics of both versions, those that are compared'),
    })
    .optional()
    .describe('The version that had the alias before, see event.replaces'),
});

/** The same facts without metadata and summary, to save space. */
export function withoutDetails(wandb: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(wandb).map(([key, part]) => {
      if (!isJsonObject(part) || (part.metadata === undefined && part.summary === undefined)) return [key, part];
      const { metadata: _metadata, summary: _summary, ...rest } = part;
      return [key, { ...rest, truncated: true }];
    }),
  );
}

/** What is known for templates and payloads: without the values of the metric, which are there for the chart, and may come later. */
export function withoutHistory(wandb: JsonObject): JsonObject {
  if (wandb.history === undefined) return wandb;
  const { history: _history, ...rest } = wandb;
  return rest;
}
