import { onTestFinished } from 'vitest';
import { createWandbClient, type WandbClient, type WandbClientOptions } from '../../src/wandb/client.ts';
import { startWandb, type WandbStandIn, type WandbStandInOptions } from './wandb-server.ts';

/** The stand-in for one test. It closes when the test ends, which fails if a forbidden mutation was sent. */
export async function wandbServer(options: WandbStandInOptions = {}): Promise<WandbStandIn> {
  const server = await startWandb(options);
  onTestFinished(() => server.close());
  return server;
}

export interface TestClient {
  readonly client: WandbClient;
  /** How long the client slept each time, in milliseconds; it did not really. */
  readonly sleeps: number[];
  readonly log: string[];
  /** The clock, which sleeping moves on. */
  readonly clock: { now: number };
}

/** A client of a server, with a clock and sleep of the test's own. */
export function testClient(
  server: { readonly url: string; readonly apiKey?: string },
  overrides: Partial<WandbClientOptions> = {},
): TestClient {
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') };
  const sleeps: number[] = [];
  const log: string[] = [];
  const client = createWandbClient({
    baseUrl: server.url,
    apiKey: server.apiKey ?? 'wandb-key-for-tests-only',
    fetch,
    now: () => clock.now,
    random: () => 0.5,
    sleep: async (ms) => {
      sleeps.push(ms);
      clock.now += ms;
    },
    log: (message) => log.push(message),
    ...overrides,
  });
  return { client, sleeps, log, clock };
}
