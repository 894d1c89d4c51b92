import type { Automation } from '../../src/automation/automation.ts';
import type { WatchOptions } from '../config-in-use.ts';
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

/** What watches the runs, as an extension of the receiver; `watcher` is what does so now, `undefined` where nothing does. */
export interface EngineParts {
  readonly extensions: readonly Extension[];
  readonly watcher: () => Watcher | undefined;
}

/**
 * What watches the runs, when automations ask for it and W&B can be read; else what says why nothing does. Another config gets
 * another watcher when its automations are others: the one before ends its rounds first, so that no project is read by both. What
 * fired, and what was seen of each run, is in the store.
 */
export async function engineParts(options: EnginePartsOptions): Promise<EngineParts> {
  const { inUse, sandbox } = options;
  const { watch } = inUse.current();
  if (watch === undefined || sandbox) return { extensions: [], watcher: () => undefined };
  let watcher = await watcherFor(options, watch);
  let isStarted = false;
  let isStopped = false;
  let ended: Promise<void> = Promise.resolve();
  inUse.beforeReplacing(async (next, before) => {
    if (isSameWatch(next.watch, before.watch)) return () => undefined;
    const replacement = next.watch === undefined ? undefined : await watcherFor(options, next.watch);
    return () => {
      const old = watcher;
      watcher = replacement;
      ended = ended.then(async () => {
        await old?.stop();
        if (isStarted && !isStopped && watcher === replacement) replacement?.start();
      });
    };
  });
  const extension: Extension = {
    details: () => {
      const why = whyNotEvaluated(inUse.current().watch?.automations ?? [], options.environment, sandbox);
      return [...(why === undefined ? [] : [why]), ...(watcher?.details() ?? [])];
    },
    start: () => {
      isStarted = true;
      watcher?.start();
    },
    runOnce: async () => watcher?.runOnce(),
    stop: async () => {
      isStopped = true;
      await Promise.all([ended, watcher?.stop()]);
    },
  };
  return { extensions: [extension], watcher: () => watcher };
}

function isSameWatch(a: WatchOptions | undefined, b: WatchOptions | undefined): boolean {
  const text = (watch: WatchOptions | undefined): string =>
    JSON.stringify(watch === undefined ? null : [watch.entity, watch.everyMs, evaluatedHere(watch.automations).map(unlocated)]);
  return text(a) === text(b);
}

/** A comment above an automation moves it, and changes nothing. */
function unlocated(automation: Automation): object {
  return { ...automation, location: undefined, path: undefined };
}

/** The rest of the engine is loaded only here. Rejects when an automation cannot be compiled. */
async function watcherFor(options: EnginePartsOptions, watch: WatchOptions): Promise<Watcher | undefined> {
  const { wandbApiKey } = options.environment;
  if (wandbApiKey === undefined || evaluatedHere(watch.automations).length === 0) return undefined;
  const { connectEngine } = await import('./connect-engine.ts');
  return connectEngine({ ...options, watch, wandbApiKey });
}
