import { type Automation, eventTypeOf } from '../automation/automation.ts';

/**
 * Whether W&B evaluates run automations on this server: only its multi-tenant cloud and Dedicated Cloud do (W&B
 * documentation, 2026-09). A self-managed server accepts such an automation, and it never fires. No query tells the kind of a
 * server, so its address decides: Dedicated Cloud is below wandb.io.
 */
function evaluatesRuns(baseUrl: string): boolean {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return /(^|\.)(wandb\.ai|wandb\.io|coreweave\.com)$/.test(host);
}

/** A note about run automations on a server that does not evaluate them; none elsewhere. */
export function runEvaluationNotes(automations: readonly Pick<Automation, 'name' | 'event'>[], baseUrl: string): string[] {
  const names = [...new Set(automations.filter((one) => eventTypeOf(one).startsWith('run_')).map(({ name }) => name))];
  if (names.length === 0 || evaluatesRuns(baseUrl)) return [];
  const some = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  return [
    `${some}: W&B evaluates run automations only in its multi-tenant cloud and in Dedicated Cloud from server 0.81. If ${baseUrl} is a self-managed server, they never fire: write "engine: relay" and a relay action, and the receiver evaluates them`,
  ];
}
