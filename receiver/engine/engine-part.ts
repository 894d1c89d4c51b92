import type { Automation } from '../../src/automation/automation.ts';
import type { Environment } from '../environment.ts';
import type { Extension } from '../receiver.ts';
import type { EnginePartsOptions } from './engine-options.ts';
import type { Watcher } from './watcher.ts';

/** What is loaded with every receiver of the relay engine: whether it is needed. The rest is loaded only then. */

/** The automations that the relay itself is to evaluate. */
export function evaluatedHere(automations: readonly Automation[]): Automation[] {
  return automations.filter(({ engine, enabled }) => engine === 'relay' && enabled !== false);
}

/** Why automations are not evaluated although the config asks for it; `undefined`: they are, or there are none. For people. */
export function whyNotEvaluated(
  automations: readonly Automation[],
  { wandbApiKey }: Pick<Environment, 'wandbApiKey'>,
  sandbox: boolean,
): string | undefined {
  const count = evaluatedHere(automations).length;
  if (count === 0) return undefined;
  const some = `${count} ${count === 1 ? 'automation' : 'automations'} with engine: relay ${count === 1 ? 'is' : 'are'} not evaluated`;
  if (sandbox) return `the sandbox makes no API calls, so ${some}: try them with "wandb-relay backtest"`;
  if (wandbApiKey !== undefined) return undefined;
  return `WANDB_API_KEY is not set, so ${some}: set it to the key of a W&B user who can see the runs; View-Only is enough`;
}

/** What watches the runs, when automations ask for it and W&B can be read; else what says why nothing does. */
export async function engineParts(
  options: EnginePartsOptions,
): Promise<{ readonly extensions: readonly Extension[]; readonly watcher?: Watcher }> {
  const { watch, environment, sandbox } = options;
  const { wandbApiKey } = environment;
  if (watch === undefined || sandbox || evaluatedHere(watch.automations).length === 0) return { extensions: [] };
  if (wandbApiKey === undefined) {
    const why = whyNotEvaluated(watch.automations, environment, sandbox);
    return { extensions: [{ details: () => (why === undefined ? [] : [why]) }] };
  }
  const { connectEngine } = await import('./connect-engine.ts');
  const watcher = await connectEngine({ ...options, watch, wandbApiKey });
  return { extensions: [watcher], watcher };
}
