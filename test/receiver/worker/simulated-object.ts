import { runInDurableObject } from 'cloudflare:test';
import { env, type ObjectState } from 'cloudflare:workers';
import { vi } from 'vitest';
import type { DeliveryRecord, DeliveryView } from '../../../receiver/store/delivery.ts';
import { relayObject } from '../../../receiver/worker/relay-object.ts';
import { bundledConfig } from '../../../receiver/worker/setup.ts';
import { signedHeaders } from '../../stand-ins/wandb-sender.ts';
import { ADMIN_TOKEN, SECRET } from './worker-in-test.ts';

/** What Cloudflare throws at the request that is one too many (seen in logs of Workers). */
const REFUSAL =
  'Too many subrequests by single Worker invocation. To configure this limit, refer to https://developers.cloudflare.com/workers/wrangler/configuration/#limits';
const SUBREQUESTS = 50;
const CONNECTIONS = 6;

/** A request as it leaves the object. */
export interface Left {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** Real time, in milliseconds. */
  readonly at: number;
}

/** How a service answers; it may never. */
export type Service = (request: Left) => Promise<Response> | Response;

/** Never, until the request is ended. */
export function hanging(): Promise<Response> {
  return new Promise(() => {});
}

export interface Simulation {
  readonly config: string;
  /** By host name. */
  readonly services: Readonly<Record<string, Service>>;
  readonly bindings?: Readonly<Record<string, unknown>>;
  /** The name of the object, which is that of its source. */
  readonly source?: string;
}

/**
 * An object over its real storage, with the limits that workerd does not enforce: six connections that wait for response
 * headers, and fifty requests for each invocation. Its clock and its alarms are the test's.
 */
export class SimulatedObject {
  readonly left: Left[] = [];
  /** Responses whose body nobody has read or cancelled. */
  readonly unread: Response[] = [];
  refused = 0;
  invocations = 0;
  alarms = 0;
  alarmWrites = 0;
  mostOpen = 0;
  alarmAt: number | null = null;
  #now = Date.now();
  #leftOfInvocation = 0;
  #open = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #object: { fetch(request: Request): Promise<Response>; alarm(info?: { retryCount: number }): Promise<void> };
  readonly #services: Simulation['services'];

  constructor(state: ObjectState, { config, services, bindings = {}, source = 'sim' }: Simulation) {
    this.#services = services;
    const started = performance.now();
    const since = this.#now;
    vi.spyOn(performance, 'now').mockImplementation(() => started + this.#now - since);
    Object.defineProperties(state.storage, {
      getAlarm: { configurable: true, value: async () => this.alarmAt },
      setAlarm: {
        configurable: true,
        value: async (at: number) => {
          this.alarmWrites += 1;
          this.alarmAt = at;
        },
      },
    });
    const platform = { fetch: this.#fetch, subrequests: SUBREQUESTS };
    const Simulated = relayObject(bundledConfig(config), () => this.#now, platform);
    this.#object = new Simulated(state, {
      WANDB_WEBHOOK_SECRET: SECRET,
      GITHUB_TOKEN: 'ghp_of_a_test_only',
      GITHUB_API_URL: 'http://github.test',
      RELAY_ADMIN_TOKEN: ADMIN_TOKEN,
      SLACK_BOT_TOKEN: 'xoxb-of-a-test',
      SLACK_SIGNING_SECRET: 'slack-secret-for-tests',
      SLACK_API_URL: 'http://slack.test/api/',
      RELAY: env.RELAY,
      ...bindings,
    });
    this.source = source;
  }

  readonly source: string;

  get now(): number {
    return this.#now;
  }

  readonly #fetch: typeof fetch = async (input, init) => {
    if (this.#leftOfInvocation === 0) {
      this.refused += 1;
      throw new Error(REFUSAL);
    }
    this.#leftOfInvocation -= 1;
    if (this.#open >= CONNECTIONS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.#open);
    try {
      const url = new URL(String(input));
      const request = {
        service: url.hostname,
        method: init?.method ?? 'GET',
        path: url.pathname,
        body: String(init?.body ?? ''),
        at: Date.now(),
      };
      this.left.push(request);
      const response = await Promise.race([this.#services[url.hostname]?.(request) ?? hanging(), ended(init?.signal)]);
      if (response.body !== null) this.unread.push(response);
      return response;
    } finally {
      this.#open -= 1;
      this.#waiting.shift()?.();
    }
  };

  #invoke(): void {
    this.invocations += 1;
    this.#leftOfInvocation = SUBREQUESTS;
  }

  request(path: string, init?: RequestInit): Promise<Response> {
    this.#invoke();
    return this.#object.fetch(new Request(`https://relay.test${path}`, init));
  }

  async post(body: object): Promise<string[]> {
    const text = JSON.stringify(body);
    const path = `/webhooks/wandb/${this.source}`;
    const response = await this.request(path, { method: 'POST', body: text, headers: signedHeaders(text, SECRET) });
    const answer = (await response.json()) as { deliveries?: { id: string }[] };
    if (response.status !== 202) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
    return (answer.deliveries ?? []).map(({ id }) => id);
  }

  async admin<T>(path: string): Promise<T> {
    const response = await this.request(`/api${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    return (await response.json()) as T;
  }

  delivery(id: string): Promise<DeliveryRecord> {
    return this.admin(`/deliveries/${id}`);
  }

  async states(): Promise<DeliveryView['state'][]> {
    const { deliveries } = await this.admin<{ deliveries: DeliveryView[] }>('/deliveries');
    return deliveries.map(({ state }) => state);
  }

  /** The alarm comes, if it is due. */
  async ring(): Promise<void> {
    if (this.alarmAt === null || this.alarmAt > this.#now) return;
    this.alarmAt = null;
    this.alarms += 1;
    this.#invoke();
    await this.#object.alarm({ retryCount: 0 });
  }

  /** Time passes, from alarm to alarm; nobody asks the object for anything. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    while (this.alarmAt !== null && this.alarmAt <= end) {
      this.#now = Math.max(this.#now, this.alarmAt);
      await this.ring();
    }
    this.#now = end;
  }

  /** Alarms come as they are due, in real time, until `check` does not throw. */
  async until(check: () => void | Promise<void>): Promise<void> {
    const began = Date.now();
    const start = this.#now;
    await vi.waitFor(
      async () => {
        this.#now = start + Date.now() - began;
        await this.ring();
        await check();
      },
      { timeout: 60_000, interval: 10 },
    );
  }
}

function ended(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

let count = 0;

/** Runs `work` in an object of its own. */
export async function simulate(simulation: Simulation, work: (object: SimulatedObject) => Promise<void>): Promise<void> {
  const source = simulation.source ?? `sim-${++count}`;
  await runInDurableObject(env.RELAY.getByName(source), (_object, state) => {
    // The default source's secret is the one without a name behind it.
    const named = source === 'default' ? {} : { [`WANDB_WEBHOOK_SECRET_${source.toUpperCase().replaceAll('-', '_')}`]: SECRET };
    const bindings = { ...named, ...simulation.bindings };
    return work(new SimulatedObject(state, { ...simulation, source, bindings }));
  });
}
