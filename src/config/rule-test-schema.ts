import * as z from 'zod';
import { type NotationProblem, parseSeries, parseStates } from '../engine/series-notation.ts';
import type { Result } from '../lib/result.ts';
import { durationSchema, jsonValueSchema, nameSchema, reportKeyCount } from '../lib/schema-words.ts';

/** The states that a run may have in a test: all of W&B's. */
export const RUN_STATES: readonly string[] = ['running', 'finished', 'failed', 'crashed', 'killed', 'preempted', 'preempting', 'pending'];

function notation<T>(parse: (text: string) => Result<T, NotationProblem>) {
  return z.string().superRefine((text, context) => {
    const parsed = parse(text);
    if (parsed.ok) return;
    const place = text.length > 0 ? `character ${parsed.error.offset + 1}: ` : '';
    context.addIssue({ code: 'custom', message: `${place}${parsed.error.message}` });
  });
}

/** A series of one number may be written as a number. */
const seriesSchema = z.union([z.number().transform(String), notation(parseSeries)]);
const statesSchema = notation((text) => parseStates(text, RUN_STATES));
const wholeStep = z.number().int('must be a whole number').min(0, 'must be at least 0');

const firedSchema = z
  .strictObject({
    step: wholeStep.optional().describe('At which step it fires; the first is 0. Of states: at which interval'),
    at: durationSchema.optional().describe('The same as a time since the first step'),
    metric: z.string().min(1, 'must not be empty').optional().describe('Of which metric, for an event of several'),
    value: z.number().optional().describe('The number that was compared'),
    resolved: z.boolean().optional().describe('true: the condition ends here. Ends count only in a test that lists one'),
  })
  .superRefine((fired, context) => reportKeyCount(Object.keys(fired), ['step', 'at'], context));

const testedRunSchema = z.strictObject({
  name: z.string().min(1, 'must not be empty').optional().describe('The display name'),
  state: z
    .enum(RUN_STATES as [string, ...string[]])
    .optional()
    .describe('The state all the time; default running'),
  user: z.string().min(1, 'must not be empty').optional().describe('The user name at W&B'),
  tags: z.array(z.string()).optional().describe('Its tags'),
  group: z.string().optional().describe('Its group'),
  job_type: z.string().optional().describe('Its job type'),
  config: z.record(z.string(), jsonValueSchema).optional().describe("Values of the run's config, by dotted name, for a raw filter"),
});

/** The default of `interval`, in milliseconds. */
export const DEFAULT_INTERVAL_MS = 60_000;

/** A test of one automation: what a run logs or which states it has, and when the automation must fire. */
export const ruleTestSchema = z
  .strictObject({
    name: nameSchema,
    automation: nameSchema.describe('The automation, by its name or key'),
    run: testedRunSchema.optional().describe('What is known of the run. Left out: a run that "runs" of the automation accepts'),
    series: z
      .record(z.string().min(1, 'must not be empty'), seriesSchema)
      .optional()
      .describe('What is logged, by metric: "3 2.9 2.8x10 NaN 9+1x3 _", one value for each step'),
    states: statesSchema.optional().describe('The states of the run, one for each interval: "running x10 crashed x5 running"'),
    interval: durationSchema.optional().describe('How long a step takes; default 1m'),
    past_runs: seriesSchema
      .optional()
      .describe('Summary values of earlier runs of the project, for a z-score over runs; in the notation of series'),
    fires: z.array(firedSchema).describe('When it must fire, all of it. []: never'),
  })
  .superRefine((test, context) => {
    const report = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (test.states !== undefined && test.run?.state !== undefined) {
      report(['run', 'state'], 'excludes "states", which has the state at each step');
    }
    if (Object.keys(test.series ?? {}).length === 0 && test.states === undefined) {
      report([], 'has nothing to evaluate: write series: { loss: "3 2.9 9" }, or states: "running x10 crashed"');
    }
    const interval = test.interval ?? DEFAULT_INTERVAL_MS;
    if (interval === 0) report(['interval'], 'must be positive');
    for (const [i, { at }] of test.fires.entries()) {
      if (at !== undefined && interval > 0 && at % interval !== 0)
        report(['fires', i, 'at'], 'is between two steps: write a multiple of interval');
    }
  });

export type RuleTest = z.infer<typeof ruleTestSchema>;
