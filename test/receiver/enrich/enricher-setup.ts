import { expect } from 'vitest';
import { createEnricher, type Enricher } from '../../../receiver/enrich/enricher.ts';
import type { Logger } from '../../../receiver/log/log.ts';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { addRun } from '../../stand-ins/wandb-artifacts.ts';
import { testClient } from '../../stand-ins/wandb-in-test.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';
import { accept, type EventChanges, eventOf } from '../store/samples.ts';

/** Runs r1 to r9 of project train. */
export function worldWithRuns() {
  const world = acmeWorld();
  for (let i = 1; i <= 9; i++)
    addRun(world, world.project('train'), `r${i}`, { displayName: `run ${i}`, summaryMetrics: '{"accuracy":0.9}' });
  return world;
}

/** An event about a run of project train, with its body. */
export function runEvent(id: string, run = 'r1', changes: EventChanges = {}): NewEvent {
  const event = { type: 'run_state', source: 'default', entity: 'acme', project: 'train', run, status: 'finished' } as const;
  return eventOf(id, { subject: id, event, body: JSON.stringify({ run_name: run, note: id }), ...changes });
}

export interface TestEnricher {
  readonly enricher: Enricher;
  readonly store: Store;
  readonly clock: { now: number };
  readonly log: { readonly level: string; readonly message: string; readonly fields: object }[];
  /** HTTP requests to W&B. */
  requests(): number;
}

export interface TestEnricherOptions {
  readonly limitMs?: number;
  readonly apiKey?: string;
  readonly secrets?: readonly string[];
  readonly wrap?: (store: Store) => Store;
}

/** An enricher over a real store and a client of `server`. */
export async function testEnricher(
  server: { readonly url: string },
  events: readonly NewEvent[],
  options: TestEnricherOptions = {},
): Promise<TestEnricher> {
  const store = sqliteStore(openMigrated());
  await accept(store, ...events);
  const { client, clock } = testClient({ url: server.url, ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }) });
  const { lines, logger } = recordingLog();
  const enricher = createEnricher({
    client,
    store: options.wrap?.(store) ?? store,
    appUrl: 'https://wandb.example',
    limitMs: options.limitMs ?? 10_000,
    now: () => clock.now,
    redactor: redactorOf(options.secrets ?? []),
    log: logger,
  });
  return { enricher, store, clock, log: lines, requests: () => client.requests };
}

export function recordingLog(): { readonly lines: TestEnricher['log']; readonly logger: Logger } {
  const lines: { level: string; message: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/** What the world says about a run. */
export function factsOf(run: string): JsonObject {
  return { run: expect.objectContaining({ name: run, summary: { accuracy: 0.9 } }) };
}
