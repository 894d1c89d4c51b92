import * as z from 'zod';
import { scopeSchema } from '../automation/automation.ts';
import { nameSchema, positiveWhole } from '../lib/schema-words.ts';
import { isTemplate } from '../route/template.ts';
import { scheduleProblem, timezoneProblem } from './schedule.ts';

/** Digests of the config file. */

export const DEFAULT_TOP = 5;
const MOST_TOP = 20;
const MOST_METRICS = 5;

const checked = (problemOf: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const metricName = z.string().min(1, 'must not be empty');

const digestScope = scopeSchema.superRefine((scope, context) => {
  if (scope.organization !== undefined)
    context.addIssue({ code: 'custom', path: ['organization'], message: 'a digest is about a project, a registry or a team' });
  if (typeof scope.collection === 'object')
    context.addIssue({ code: 'custom', path: ['collection'], message: 'a digest is about one collection, by its name' });
});

export const digestSchema = z.strictObject({
  name: nameSchema.describe('The name: unique among the digests'),
  schedule: checked(scheduleProblem).describe('When, as a cron schedule of five fields: "0 9 * * 1-5"'),
  timezone: checked(timezoneProblem).optional().describe('The time zone of the schedule, such as Europe/Berlin; default UTC'),
  scope: digestScope.describe('What it is about: exactly one of project, registry, team; a project or registry may have a collection'),
  slack: z
    .string()
    .min(1, 'must not be empty')
    .refine((channel) => !isTemplate(channel), 'a digest has no event: write the name or the id of a channel')
    .describe('The channel: its id (C012ABC) or its name (#ml)'),
  top: positiveWhole.max(MOST_TOP, `must be at most ${MOST_TOP}`).optional().describe('How many runs are named for each metric; default 5'),
  metrics: z
    .array(
      z.union([metricName, z.strictObject({ metric: metricName, best: z.enum(['min', 'max']).describe('Which value is the best one') })]),
    )
    .min(1, 'must list at least one metric')
    .max(MOST_METRICS, `may list at most ${MOST_METRICS} metrics`)
    .optional()
    .describe('Summary metrics whose best values are shown. Whether less is better is read from the name, or said: { metric, best: min }'),
});

export type Digest = z.infer<typeof digestSchema>;

/** A metric of a digest, and which value is the best one. */
export interface DigestMetric {
  readonly metric: string;
  readonly best: 'min' | 'max';
}

/** Names of which less is better: losses, errors, times. */
const LESS_IS_BETTER =
  /(?:^|[^a-z])(?:loss|losses|err|error|errors|mae|mse|rmse|mape|nll|bpb|bpc|perplexity|ppl|wer|cer|fid|kl|regret|brier|ece|latency|time|seconds|runtime|duration)(?:[^a-z]|$)/i;

/** Each once. Whether less is better is read from the name where the config does not say it. */
export function metricsOf({ metrics = [] }: Digest): DigestMetric[] {
  const read = metrics.map((one): DigestMetric => {
    if (typeof one !== 'string') return one;
    // `valLoss` and `val_loss` alike.
    const words = one.replace(/([a-z])([A-Z])/g, '$1_$2');
    return { metric: one, best: LESS_IS_BETTER.test(words) ? 'min' : 'max' };
  });
  return [...new Map(read.map((one) => [one.metric, one])).values()];
}
