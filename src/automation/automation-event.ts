import * as z from 'zod';
import { durationSchema, exactlyOneKey, positiveWhole, reportKeyCount } from '../lib/schema-words.ts';
import { matchSchema } from '../route/match.ts';
import { rawFilterSchema } from './raw-filter.ts';

/** The `event` of an automation: exactly one key, with its fields. Which of them need `engine: relay` is in `automation-fit.ts`. */

const metricName = z.string().min(1, 'must not be empty');

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
    metric: metricName,
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
    metric: metricName,
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
  metric: metricName,
  window: positiveWhole.optional(),
  threshold: z.number('must be a number').positive('must be positive'),
  direction: z.enum(['above', 'below', 'either']),
  over: z.enum(['values', 'runs']).optional(),
});

/** NaN or an infinity was logged. Exactly one of the two. */
const runMetricNonfiniteSchema = z
  .strictObject({ metric: metricName.optional(), metrics: matchSchema.optional() })
  .superRefine((event, context) => reportKeyCount(Object.keys(event), ['metric', 'metrics'], context));

const runMetricStallSchema = z.strictObject({
  metric: metricName,
  window: positiveWhole.min(2, 'must be at least 2: one value does not change'),
  less_than: changeAmount,
});

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

export type AutomationEvent = z.infer<typeof automationEventSchema>;

/** The events that an automation may have. */
export const EVENT_KEYS: readonly string[] = Object.keys(automationEvents);

/** Events that only `engine: relay` has: W&B knows no such event. */
export const RELAY_EVENTS: readonly string[] = ['run_metric_nonfinite', 'run_metric_stall', 'run_silent'];

/** The events of runs: W&B or the relay evaluates them. */
export const RUN_EVENTS: readonly string[] = ['run_metric', 'run_metric_change', 'run_metric_zscore', ...RELAY_EVENTS, 'run_state'];
