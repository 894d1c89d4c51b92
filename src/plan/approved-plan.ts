import { z } from 'zod';
import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { identityOf, type Plan, type PlannedChange, summaryOf } from './plan.ts';

const approvedSchema = z.object({
  fingerprint: z.string(),
  changes: z.array(z.object({ action: z.string(), key: z.string(), scope: z.string(), fingerprint: z.string() })),
});

/** What of a plan file has to be known to hold a newer plan against it. */
export type ApprovedPlan = z.infer<typeof approvedSchema>;

export function readApprovedPlan(text: string): Result<ApprovedPlan, string> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return err(`not JSON: ${messageOf(error)}`);
  }
  const parsed = approvedSchema.safeParse(content);
  return parsed.success ? ok(parsed.data) : err('not a plan as "plan --out" writes it');
}

/**
 * The plan of now with only what was approved: an object whose definition or state at W&B has moved since is refused and
 * named, the rest goes on.
 */
export function onlyApproved(plan: Plan, approved: ApprovedPlan): Plan {
  const known = new Map(approved.changes.map((change) => [identityOf(change), change]));
  const changes = plan.changes.map((change): PlannedChange => {
    const before = known.get(identityOf(change));
    if (change.action === 'unchanged' || change.action === 'refused') return change;
    if (before?.fingerprint === change.fingerprint && before.action === change.action) return change;
    const reason = before === undefined ? 'it is not in the approved plan' : 'it has moved since the plan was approved';
    return { ...change, action: 'refused', reason: `${reason}: plan again and have that approved` };
  });
  return { ...plan, changes, summary: summaryOf(changes) };
}
