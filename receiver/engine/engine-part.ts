import type { Automation } from '../../src/automation/automation.ts';
import type { WatchOptions } from '../config-in-use.ts';
import type { Environment } from '../environment.ts';
import type { Extension } from '../receiver.ts';
import { isSameContent, replaceable } from '../replaceable.ts';
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

/** What watches the runs, as an extension of the receiver; `watcher` is what does so now, `undefined` where nothing does. */
export interface EngineParts {
  readonly extensions: readonly Extension[];
  readonly watcher: () => Watcher | undefined;
}

/**
 * What watches the runs, when automations ask for it and W&B can be read; else what says why nothing does. What fired, and what was
 * seen of each run, is in the store: a watcher that replaces another one goes on from there.
 */
export async function engineParts(options: EnginePartsOptions): Promise<EngineParts> {
  const { inUse, sandbox, environment } = options;
  const why = () => whyNotEvaluated(inUse.current().watch?.automations ?? [], environment, sandbox);
  const { extension, current } = await replaceable(inUse, {
    isSame: (a, b) => isSameContent(evaluatedBy(a.watch), evaluatedBy(b.watch)),
    make: ({ watch }) => (sandbox || watch === undefined ? Promise.resolve(undefined) : watcherFor(options, watch)),
  });
  // A sandbox says at its start what it leaves out.
  const notice: Extension = { details: () => (sandbox ? [] : [why()].filter((text) => text !== undefined)) };
  return { extensions: [notice, extension], watcher: current };
}

function evaluatedBy(watch: WatchOptions | undefined): object | undefined {
  return watch === undefined ? undefined : { ...watch, automations: evaluatedHere(watch.automations) };
}

/** The rest of the engine is loaded only here. Rejects when an automation cannot be compiled. */
async function watcherFor(options: EnginePartsOptions, watch: WatchOptions): Promise<Watcher | undefined> {
  const { wandbApiKey } = options.environment;
  if (wandbApiKey === undefined || evaluatedHere(watch.automations).length === 0) return undefined;
  const { connectEngine } = await import('./connect-engine.ts');
  return connectEngine({ ...options, watch, wandbApiKey });
}
