import { z } from 'zod';
import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { identityOf, type Plan, type PlannedChange, planFingerprint, summaryOf } from './plan.ts';

const approvedSchema = z.object({
  fingerprint: z.string(),
  routes: z.object({ digest: z.string() }).optional(),
  changes: z.array(z.object({ action: z.string(), key: z.string(), scope: z.string(), fingerprint: z.string() })),
});

/** The part of a plan file that a newer plan is compared with. */
export type ApprovedPlan = z.infer<typeof approvedSchema>;

/**
 * What was approved. A plan file allows each of its changes by itself, so that what is left of it can be applied later. A
 * fingerprint alone allows the whole plan or nothing. With both, the fingerprint says which plan file was approved.
 */
export interface Approval {
  readonly plan?: ApprovedPlan | undefined;
  readonly fingerprint?: string | undefined;
}

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

/** The current plan, in which everything is refused that was not approved; an error if nothing of it may be applied. */
export function approvedPart(plan: Plan, { plan: approved, fingerprint }: Approval): Result<Plan, string> {
  if (approved === undefined) {
    if (fingerprint === undefined || fingerprint === plan.fingerprint) return ok(plan);
    return err(
      `the plan has changed since it was approved: its fingerprint is ${plan.fingerprint}, not ${fingerprint}. Plan again and get the new plan approved, or pass the plan file that was approved as well, to apply what is left of it`,
    );
  }
  const ofFile = planFingerprint(approved.changes, approved.routes?.digest ?? '');
  if (fingerprint !== undefined && ofFile !== fingerprint) {
    return err(
      `the plan file is not the one that was approved: its fingerprint is ${ofFile}, not ${fingerprint}. Plan again and get the new plan approved`,
    );
  }
  return ok(onlyApproved(plan, approved));
}

/**
 * The current plan with only its approved changes. A change that was not approved, or whose definition or state at W&B
 * has changed since, is refused. The rest can be applied.
 */
export function onlyApproved(plan: Plan, approved: ApprovedPlan): Plan {
  const known = new Map(approved.changes.map((change) => [identityOf(change), change]));
  const changes = plan.changes.map((change): PlannedChange => {
    if (change.action === 'unchanged' || change.action === 'refused') return change;
    const before = known.get(identityOf(change));
    if (before?.fingerprint === change.fingerprint && before.action === change.action) return change;
    const isNew = before === undefined || before.action === 'unchanged' || before.action === 'refused';
    const reason = isNew ? 'it is not in the approved plan' : 'it has changed since the plan was approved';
    return { ...change, action: 'refused', reason: `${reason}. Plan again and get the new plan approved` };
  });
  return { ...plan, changes, summary: summaryOf(changes) };
}
