import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { planFirings } from '../../../receiver/engine/plan-firings.ts';
import { watchedRule } from '../../../receiver/engine/watched-rule.ts';
import { createWatcher, type WatcherOptions } from '../../../receiver/engine/watcher.ts';
import { silentLogger } from '../../../receiver/log/log.ts';
import { queueCredential } from '../../../receiver/receiver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { readConfig } from '../../../src/config/config.ts';
import { compileRules } from '../../../src/engine/compile.ts';
import { startEvaluation } from '../../../src/engine/start-evaluation.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { idsFrom } from '../../../src/lib/id.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { indexRoutes } from '../../../src/route/route-index.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { FakeWandb } from './fake-wandb.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const START = Date.UTC(2026, 10, 27, 8, 0, 0);

/** An automation of the team acme, with a dispatch as its action. */
export function automation(name: string, event: string, more = '', scope = '{ project: train }'): string {
  return `
  - name: ${name}
    engine: relay
    scope: ${scope}
    event: { ${event} }
    ${more.split('\n').join('\n    ')}
    action: { relay: { to: [{ repository_dispatch: { repository: acme/train, event_type: ${name} } }] } }`;
}

export function configOf(...automations: string[]) {
  const config = readConfig(`version: 1\nentity: acme\nautomations:${automations.join('')}\n`, 'wandb-relay.yaml');
  if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join('\n'));
  return config.value;
}

export interface WatchedOptions extends Partial<Pick<WatcherOptions, 'everyMs' | 'leaseMs' | 'log' | 'hasJumped'>> {
  readonly store?: Store;
  readonly wandb?: FakeWandb;
}

/** A watcher with a clock and a W&B of the test's own. */
export class Watched {
  now = START;
  readonly wandb: FakeWandb;
  readonly store: Store;
  readonly options: WatchedOptions;
  watcher: ReturnType<typeof createWatcher>;
  wakes = 0;

  constructor(automations: readonly string[], options: WatchedOptions = {}) {
    this.options = options;
    this.wandb = options.wandb ?? new FakeWandb(() => this.now);
    this.store = options.store ?? sqliteStore(openMigrated());
    this.watcher = this.watch(automations);
    if (options.store === undefined) onTestFinished(() => this.store.close());
  }

  /** Another process with this config, on the same store. */
  watch(automations: readonly string[], changes: Partial<WatcherOptions> = {}): ReturnType<typeof createWatcher> {
    const config = configOf(...automations);
    const now = () => this.now;
    const newId = idsFrom(now, () => randomBytes(16));
    const plan = {
      matchRoutes: indexRoutes(config.routes.map(compileRoute)),
      credentialFor: queueCredential(() => 'github'),
      newId,
      connected: { slack: false, wandb: false },
    };
    return createWatcher({
      store: this.store,
      reader: this.wandb,
      rules: compileRules(config.automations, config.entity).map((rule) =>
        watchedRule(rule, { matches: () => true, server: undefined, fields: [] }),
      ),
      startEvaluation,
      plan: planFirings({ plan, appUrl: 'https://wandb.example', now, redactor: redactorOf([]) }),
      wake: () => {
        this.wakes += 1;
      },
      now,
      random: () => 0.5,
      log: this.options.log ?? silentLogger,
      newId,
      keepMs: 90 * 24 * HOUR,
      ...this.options,
      ...changes,
    });
  }

  /** Lets time pass, with rounds whenever one is due. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.now + milliseconds;
    for (;;) {
      const next = this.watcher.nextAt() ?? until;
      if (next > until) break;
      this.now = Math.max(this.now, next);
      await this.watcher.runOnce();
      if ((this.watcher.nextAt() ?? until) <= this.now) break;
    }
    this.now = until;
  }

  /** One round now, if one is due. */
  async round(): Promise<void> {
    await this.watcher.runOnce();
  }

  /** What has fired, oldest first: `loss-high run-1 3`. */
  async fired(): Promise<string[]> {
    const events = (await this.store.events({ limit: 1000 })).toReversed();
    return events.map(({ event }) =>
      [event.automation, event.run, event.resolved === true ? 'resolved' : undefined, event.step ?? event.status]
        .filter((part) => part !== undefined)
        .join(' '),
    );
  }
}
