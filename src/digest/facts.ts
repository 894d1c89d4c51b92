import * as z from 'zod';

/** What a digest says, as its event's body keeps it: the message is drawn from this. Times are milliseconds since 1970. */

const count = z.int().min(0);

const runName = z.object({
  /** The run's id. */
  run: z.string(),
  name: z.string(),
  entity: z.string(),
  project: z.string(),
  user: z.string().optional(),
});

const metricFacts = z.object({
  metric: z.string(),
  best: z.enum(['min', 'max']),
  /** How many runs have a value. */
  runs: count,
  /** The best ones, the best first. */
  top: z.array(runName.extend({ value: z.number() })),
  /** The best value of the digest before, or of the last one that had any. */
  before: z.number().nullable(),
  /** The latest runs, oldest first, for a chart. */
  latest: z.array(z.object({ name: z.string(), value: z.number() })),
});

const versionFacts = z.object({ collection: z.string(), version: z.string(), registry: z.string().optional(), by: z.string().optional() });

const promotionFacts = versionFacts.extend({
  alias: z.string(),
  replaces: z.string().optional(),
  rollback: z.literal(true).optional(),
});

export const digestFactsSchema = z.object({
  digest: z.string(),
  /** `acme/train`, `registry model`, `team acme`. */
  about: z.string(),
  since: z.number(),
  dueAt: z.number(),
  /** When it was made: later than `dueAt` after an outage. */
  madeAt: z.number(),
  timezone: z.string(),
  /** Occurrences before this one that were not sent. */
  skipped: count,
  /** `null`: there are none in its scope, or they could not be read; then `notes` says so. */
  runs: z
    .object({
      total: count,
      /** By state. */
      states: z.record(z.string(), count),
      projects: count,
      /** More than were read. */
      isCut: z.boolean(),
      /** That failed, crashed or were killed; the latest first, a few. */
      failed: z.array(runName.extend({ state: z.string() })),
    })
    .nullable(),
  metrics: z.array(metricFacts),
  /** Alerts of automations, most first. */
  alerts: z.array(z.object({ automation: z.string(), count })),
  versions: z.object({ count, latest: z.array(versionFacts) }),
  promotions: z.object({ count, latest: z.array(promotionFacts) }),
  /** Dispatches that failed, or whose workflow did. */
  failures: z.object({ count, latest: z.array(z.object({ what: z.string(), target: z.string(), url: z.string().nullable() })) }),
  /** What is missing, and why: sentences. */
  notes: z.array(z.string()),
});

export type DigestFacts = z.infer<typeof digestFactsSchema>;
export type RunName = z.infer<typeof runName>;
export type DigestMetricFacts = z.infer<typeof metricFacts>;

/** Reads the body of a digest's event; `undefined` when it is none, or was written by another version. */
export function readDigestFacts(body: string): DigestFacts | undefined {
  try {
    return digestFactsSchema.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}
