import { onTestFinished } from 'vitest';
import { type AttemptResult, attemptOutcome, limitedAttempt } from '../../../receiver/outbox/attempt.ts';
import { settlementOf } from '../../../receiver/outbox/settlement.ts';
import { slackClient } from '../../../receiver/slack/client.ts';
import { type SlackTargetOptions, slackTarget } from '../../../receiver/slack/slack-target.ts';
import type { NewDelivery, PostedMessage } from '../../../receiver/store/delivery.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Approval } from '../../../src/route/route.ts';
import { type SlackStandIn, startSlack } from '../../stand-ins/slack.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, eventOf, firingOf } from '../store/samples.ts';

/** A renderer that says just enough to tell messages apart. */
export const render: SlackTargetOptions['render'] = {
  conversation: ({ events, eventCount }) => messageOf(`${eventCount} event(s): ${events.map(({ event }) => event.id).join(', ')}`),
  alert: ({ problem, target, reason }) => messageOf(`${problem} ${target}: ${reason}`),
  event: ({ event, texts }) => messageOf(`then ${event.id}${texts.length === 0 ? '' : `: ${texts.join(' ')}`}`),
};

function messageOf(text: string) {
  return { text, blocks: [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }] };
}

/** A delivery to Slack, of the conversation `conversation` in `#ml` by default. */
export function slackDelivery(id: string, changes: { channel?: string; text?: string; key?: string; route?: string } = {}): NewDelivery {
  const { channel = '#ml', text = null, key = 'conversation', route = 'tell' } = changes;
  return {
    id,
    route,
    target: `slack:${channel}`,
    credential: `slack:${channel}`,
    orderKey: key,
    replacesOlder: false,
    state: 'pending',
    request: { kind: 'slack', channel, text, thread: true },
    conversation: { key, channel, canMute: true },
  };
}

/** One attempt, and what the store made of it. */
export type Step = AttemptResult & { readonly delivery: string; readonly message?: PostedMessage };

/** A store, a Slack and the target in between; attempts are made one at a time, as the outbox makes them. */
export class SlackWorld {
  #ahead = 0;
  #tokens = 0;
  readonly slack: SlackStandIn;
  readonly store: Store;
  readonly target: ReturnType<typeof slackTarget>;

  constructor(slack: SlackStandIn) {
    this.slack = slack;
    this.store = sqliteStore(openMigrated());
    const client = slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch });
    this.target = slackTarget({ client, conversations: this.store, render, now: this.now });
    onTestFinished(() => this.store.close());
  }

  readonly now = (): number => Date.now() + this.#ahead;

  /** Accepts an event with one delivery, `d-` and the id by default. */
  async accept(id: string, deliveries: readonly NewDelivery[] = [slackDelivery(`d-${id}`)], approval?: Approval): Promise<void> {
    const firing = { ...firingOf(deliveries), ...(approval === undefined ? {} : { approval }) };
    await accept(this.store, eventOf(id, { subject: 'model', at: this.now(), firings: [firing] }));
  }

  /** Makes the next attempt that is due, now or later; the attempt's own time limit in milliseconds. */
  async step(limitMs = 20_000): Promise<Step> {
    const due = await this.store.nextDueAt();
    if (due === undefined) throw new Error('nothing is due');
    this.#ahead += Math.max(0, due - this.now());
    const newToken = () => `token ${++this.#tokens}`;
    const [delivery] = await this.store.claim({ now: this.now(), leaseMs: 60_000, limit: 1, paceMs: 0, newToken });
    if (delivery === undefined) throw new Error('nothing to claim');
    const startedAt = this.now();
    const result = await limitedAttempt({
      target: this.target as never,
      delivery,
      sentWithin: async () => [],
      signal: AbortSignal.timeout(limitMs),
    });
    const retry = { firstDelayMs: 1_000, maxDelayMs: 10_000, settleMs: 5_000, retryForMs: 3_600_000 };
    const { settlement, throttle } = settlementOf(delivery, result, { retry, now: this.now, random: () => 0 });
    const attempt = { startedAt, durationMs: 1, outcome: attemptOutcome(result), status: result.status, detail: result.detail };
    await this.store.settle(delivery, attempt, settlement, throttle);
    return { ...result, delivery: delivery.id };
  }

  /** Makes attempts until nothing is due any more. */
  async drain(): Promise<Step[]> {
    const steps: Step[] = [];
    while ((await this.store.nextDueAt()) !== undefined) steps.push(await this.step());
    return steps;
  }

  async conversation() {
    const conversation = await this.store.viewConversation('conversation', this.now());
    if (conversation === undefined) throw new Error('there is no conversation');
    return conversation;
  }

  /** Calls of a method so far. */
  callsOf(method: string) {
    return this.slack.calls.filter((call) => call.method === method);
  }
}

export async function slackWorld(options: Partial<Parameters<typeof startSlack>[0]> = {}): Promise<SlackWorld> {
  const slack = await startSlack({ channels: ['ml'], ...options });
  onTestFinished(() => slack.close());
  return new SlackWorld(slack);
}
