import { compileRules } from '../../src/engine/compile.ts';
import { compileRunFilter } from '../../src/engine/run-filter.ts';
import { startEvaluation } from '../../src/engine/start-evaluation.ts';
import { wandbAppUrl } from '../../src/event/wandb-links.ts';
import { createWandbClient } from '../../src/wandb/client.ts';
import { createRunReader } from '../../src/wandb/run-reader.ts';
import type { WatchOptions } from '../config-in-use.ts';
import { countedFetch } from '../metrics/counted-fetch.ts';
import type { EnginePartsOptions } from './engine-options.ts';
import { planFirings } from './plan-firings.ts';
import { watchedRule } from './watched-rule.ts';
import { createWatcher, type Watcher } from './watcher.ts';

/** W&B has so long for one answer; nobody waits for it. Milliseconds. */
const REQUEST_LIMIT_MS = 20_000;

export interface ConnectEngineOptions extends EnginePartsOptions {
  readonly watch: WatchOptions;
  readonly wandbApiKey: string;
}

/** What watches the runs of the projects that automations are for. */
export function connectEngine(options: ConnectEngineOptions): Watcher {
  const { watch, runtime, environment, store, plan, wake, hasJumped, wandbApiKey, metrics } = options;
  const fetch = metrics === undefined ? runtime.fetch : countedFetch(runtime.fetch, metrics);
  const { now, random, log, redactor } = runtime;
  const { wandbBaseUrl, retentionMs } = environment;
  // The form in which it is in the header of every request to W&B.
  redactor.add(Buffer.from(`api:${wandbApiKey}`).toString('base64'));
  const client = createWandbClient({ baseUrl: wandbBaseUrl, apiKey: wandbApiKey, fetch, now, random, sleep, timeoutMs: REQUEST_LIMIT_MS });
  const rules = compileRules(watch.automations, watch.entity).map((rule) => watchedRule(rule, compileRunFilter(rule.runs)));
  return createWatcher({
    store,
    reader: createRunReader({ client, now }),
    rules,
    startEvaluation,
    plan: planFirings({ plan, appUrl: wandbAppUrl(wandbBaseUrl), now, redactor }),
    wake,
    hasJumped,
    newId: plan.newId,
    now,
    random,
    log,
    keepMs: retentionMs,
    ...(metrics === undefined ? {} : { metrics }),
    ...(watch.everyMs === undefined ? {} : { everyMs: watch.everyMs }),
    ...(watch.leaseMs === undefined ? {} : { leaseMs: watch.leaseMs }),
  });
}

/** Ends at once when the signal is aborted. */
function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done);
  });
}
