import * as z from 'zod';
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
 * What was approved. A plan file allows each of its changes by itself, so that what is left of it can be applied later; an
 * empty list allows nothing. Fingerprints alone allow the whole plan or nothing. With both, every plan file has to have one of
 * the fingerprints.
 */
export interface Approval {
  /** Several: a merge queue merges several pull requests at once. Left out: only the fingerprints count. */
  readonly plans?: readonly ApprovedPlan[] | undefined;
  readonly fingerprints: readonly string[];
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
export function approvedPart(plan: Plan, { plans, fingerprints }: Approval): Result<Plan, string> {
  if (plans === undefined) {
    if (fingerprints.length === 0 || fingerprints.includes(plan.fingerprint)) return ok(plan);
    return err(
      `the plan has changed since it was approved: its fingerprint is ${plan.fingerprint}, not ${fingerprints.join(' or ')}. Plan again and get the new plan approved, or pass the plan file that was approved as well, to apply what is left of it`,
    );
  }
  const found = plans.map(({ changes, routes }) => planFingerprint(changes, routes?.digest ?? ''));
  const other = fingerprints.length === 0 ? undefined : found.find((fingerprint) => !fingerprints.includes(fingerprint));
  if (other !== undefined) {
    return err(
      `the plan file is not the one that was approved: its fingerprint is ${other}, not ${fingerprints.join(' or ')}. Plan again and get the new plan approved`,
    );
  }
  return ok(onlyApproved(plan, plans));
}

/**
 * The current plan with only its approved changes. A change that was not approved, or whose definition or state at W&B
 * has changed since, is refused. The rest can be applied.
 */
export function onlyApproved(plan: Plan, plans: readonly ApprovedPlan[]): Plan {
  const approved = plans.flatMap((one) => one.changes);
  const changes = plan.changes.map((change): PlannedChange => {
    if (change.action === 'unchanged' || change.action === 'refused') return change;
    const known = approved.filter((one) => identityOf(one) === identityOf(change));
    if (known.some(({ fingerprint, action }) => fingerprint === change.fingerprint && action === change.action)) return change;
    const isKnown = known.some(({ action }) => action !== 'unchanged' && action !== 'refused');
    const reason = isKnown ? 'it has changed since the plan was approved' : 'it is not in the approved plan';
    return { ...change, action: 'refused', reason: `${reason}. Plan again and get the new plan approved` };
  });
  return { ...plan, changes, summary: summaryOf(changes) };
}
