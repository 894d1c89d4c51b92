import { z } from 'zod';
import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { identityOf, type Plan, type PlannedChange, summaryOf } from './plan.ts';

const approvedSchema = z.object({
  fingerprint: z.string(),
  changes: z.array(z.object({ action: z.string(), key: z.string(), scope: z.string(), fingerprint: z.string() })),
});

/** The part of a plan file that a newer plan is compared with. */
export type ApprovedPlan = z.infer<typeof approvedSchema>;

/** Reads a plan file, as `plan --out` writes it. */
export function readApprovedPlan(text: string): Result<ApprovedPlan, string> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return err(`not JSON: ${messageOf(error)}`);
  }
  const parsed = approvedSchema.safeParse(content);
  return parsed.success ? ok(parsed.data) : err('not a plan file of "plan --out"');
}

/**
 * The current plan with only its approved changes. A change that was not approved, or whose definition or state at W&B
 * has changed since, is refused. The rest can be applied.
 */
export function onlyApproved(plan: Plan, approved: ApprovedPlan): Plan {
  const known = new Map(approved.changes.map((change) => [identityOf(change), change]));
  const changes = plan.changes.map((change): PlannedChange => {
    const before = known.get(identityOf(change));
    if (change.action === 'unchanged' || change.action === 'refused') return change;
    if (before?.fingerprint === change.fingerprint && before.action === change.action) return change;
    const reason = before === undefined ? 'it is not in the approved plan' : 'it has changed since the plan was approved';
    return { ...change, action: 'refused', reason: `${reason}. Plan again and get the new plan approved` };
  });
  return { ...plan, changes, summary: summaryOf(changes) };
}
