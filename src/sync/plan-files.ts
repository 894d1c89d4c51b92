import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../lib/error-message.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { type ApprovedPlan, readApprovedPlan } from '../plan/approved-plan.ts';

/**
 * Reads the plan files that were approved. A glob that matches nothing is no plan: then nothing was approved.
 *
 * @param patterns files or globs, relative to `cwd`
 * @returns an error that names the file that cannot be read
 */
export function readPlanFiles(cwd: string, patterns: readonly string[]): Result<ApprovedPlan[], string> {
  const plans: ApprovedPlan[] = [];
  for (const pattern of patterns) {
    const names = /[*?[{]/.test(pattern) ? globSync(pattern, { cwd }).sort() : [pattern];
    for (const name of names) {
      let text: string;
      try {
        text = readFileSync(resolve(cwd, name), 'utf8');
      } catch (error) {
        return err(`${name}: cannot be read: ${messageOf(error)}`);
      }
      const plan = readApprovedPlan(text);
      if (!plan.ok) return err(`${name}: ${plan.error}`);
      plans.push(plan.value);
    }
  }
  return ok(plans);
}
