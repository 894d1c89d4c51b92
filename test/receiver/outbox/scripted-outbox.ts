import { onTestFinished, vi } from 'vitest';
import { createOutbox, type Outbox, type OutboxOptions } from '../../../receiver/outbox/outbox.ts';
import type { PriorResult, SendContext, SendResult, Target } from '../../../receiver/outbox/target.ts';
import type { AttemptOutcome, DeliveryView } from '../../../receiver/store/delivery.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, type EventChanges, eventOf } from '../store/samples.ts';

type Step<Answer> = Answer | ((context: SendContext) => Answer | Promise<Answer>);
/** What a delivery meets, attempt by attempt; when the script is over, everything succeeds. */
export interface Script {
  readonly send?: readonly Step<SendResult>[];
  readonly look?: readonly Step<PriorResult>[];
}

type Result<Outcome> = Extract<SendResult, { outcome: Outcome }>;

export const sent: Result<'delivered'> = { outcome: 'delivered', status: 204, detail: 'dispatched', run: null };
export const failed: Result<'failed'> = { outcome: 'failed', status: 503, detail: 'GitHub answered 503', ambiguous: false };
export const unclear: Result<'failed'> = { outcome: 'failed', status: 502, detail: 'GitHub answered 502', ambiguous: true };
export const RUN = { id: '7', url: 'https://github.com/acme/deploy/actions/runs/7' };

/** An outbox over a real database, with a target that follows scripts and a clock that can be put forward. */
export class ScriptedOutbox {
  readonly store: Store;
  readonly outbox: Outbox;
  /** What reached the target, in order: `send d-e1`, `look d-e1`. */
  readonly calls: string[] = [];
  readonly contexts: SendContext[] = [];
  readonly log: string[] = [];
  #ahead = 0;
  #tokens = 0;
  readonly #scripts = new Map<string, { send: Step<SendResult>[]; look: Step<PriorResult>[] }>();

  constructor(changes: Partial<OutboxOptions> = {}, wrap: (store: Store) => Store = (store) => store) {
    this.store = sqliteStore(openMigrated());
    const line = (level: string) => (fields: object, message: string) =>
      void this.log.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const target: Target<TargetRequest> = {
      send: (_request, context) => this.#next('send', context, (script) => script.send.shift() ?? sent),
      findPrior: (_request, context) => this.#next('look', context, (script) => script.look.shift() ?? { outcome: 'not_found' }),
    };
    this.outbox = createOutbox({
      queue: wrap(this.store),
      targets: { repository_dispatch: target },
      retry: { firstDelayMs: 2, maxDelayMs: 10, settleMs: 2, retryForMs: 3_600_000 },
      paceMs: 0,
      now: this.now,
      random: Math.random,
      newToken: () => `token ${++this.#tokens}`,
      redact: (text) => text.replaceAll('ghp_secret', '[redacted]'),
      log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
      ...changes,
    });
    onTestFinished(async () => {
      await this.outbox.stop(0);
      await this.store.close();
    });
  }

  readonly now = (): number => Date.now() + this.#ahead;

  /** Puts the clock forward. */
  pass(ms: number): void {
    this.#ahead += ms;
    this.outbox.wake();
  }

  /** Accepts an event with one delivery, `d-` and the id, that will meet the script. */
  async accept(id: string, script: Script = {}, changes: EventChanges = {}): Promise<void> {
    this.#scripts.set(`d-${id}`, { send: [...(script.send ?? [])], look: [...(script.look ?? [])] });
    await accept(this.store, eventOf(id, { subject: id, at: this.now(), ...changes }));
    this.outbox.wake();
  }

  /** Waits, as long as a test may take, until a delivery is in a state. */
  async until(id: string, state: DeliveryView['state']): Promise<DeliveryView> {
    return vi.waitFor(
      async () => {
        const view = (await this.store.delivery(id))?.delivery;
        if (view?.state !== state) throw new Error(`${id} is ${view?.state} (${view?.reason}), not ${state}`);
        return view;
      },
      { timeout: 20_000, interval: 5 },
    );
  }

  async attempts(id: string): Promise<[AttemptOutcome, string][]> {
    const found = await this.store.delivery(id);
    return (found?.attempts ?? []).map(({ outcome, detail }) => [outcome, detail]);
  }

  async outcomes(id: string): Promise<AttemptOutcome[]> {
    return (await this.attempts(id)).map(([outcome]) => outcome);
  }

  callsFor(id: string): string[] {
    return this.calls.filter((call) => call.endsWith(` ${id}`)).map((call) => call.split(' ')[0] ?? '');
  }

  async #next<Answer>(
    what: string,
    context: SendContext,
    choose: (script: { send: Step<SendResult>[]; look: Step<PriorResult>[] }) => Step<Answer>,
  ): Promise<Answer> {
    this.calls.push(`${what} ${context.deliveryId}`);
    this.contexts.push(context);
    const step = choose(this.#scripts.get(context.deliveryId) ?? { send: [], look: [] });
    return typeof step === 'function' ? (step as (context: SendContext) => Answer | Promise<Answer>)(context) : step;
  }
}

/** A promise and what ends it, for steps that take as long as the test wants. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
