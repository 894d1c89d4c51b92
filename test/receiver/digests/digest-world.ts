import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createDigests, type Digests } from '../../../receiver/digests/create-digests.ts';
import { silentLogger } from '../../../receiver/log/log.ts';
import { queueCredential } from '../../../receiver/receiver.ts';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { planEvent } from '../../../receiver/webhook/route-event.ts';
import { readConfig } from '../../../src/config/config.ts';
import { type DigestFacts, readDigestFacts } from '../../../src/digest/facts.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { digest } from '../../../src/lib/digest.ts';
import { idsFrom } from '../../../src/lib/id.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { indexRoutes } from '../../../src/route/route-index.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { FakeWandb } from '../engine/fake-wandb.ts';
import { CONTEXT } from '../slack/message-samples.ts';
import { post } from '../store/conversation-samples.ts';
import { claim } from '../store/samples.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface SentDigest {
  /** When it was posted. */
  readonly at: string;
  readonly channel: string;
  readonly text: string;
  readonly facts: DigestFacts;
}

/** A store, a W&B and receivers that send digests, by a clock of the test's own. */
export class DigestWorld {
  now: number;
  readonly store = sqliteStore(openMigrated());
  readonly wandb: FakeWandb;
  receivers: Digests[] = [];
  readonly sent: SentDigest[] = [];
  wakes = 0;
  #count = 0;
  readonly #config: string;

  constructor(config: string, now: string) {
    this.#config = config;
    this.now = Date.parse(now);
    this.wandb = new FakeWandb(() => this.now);
    onTestFinished(() => this.store.close());
  }

  /** A receiver starts; without a key for W&B's API when there is no reader. */
  async start(more: { readonly withoutKey?: true; readonly isSteady?: () => boolean } = {}): Promise<Digests> {
    const config = this.#read();
    const now = (): number => this.now;
    const digests = createDigests({
      digests: config.digests,
      entity: config.entity,
      store: this.store,
      newId: idsFrom(now, () => randomBytes(16)),
      wake: () => {
        this.wakes += 1;
      },
      now,
      log: silentLogger,
      redactor: redactorOf(['a-secret-token']),
      ...(more.withoutKey === true ? {} : { reader: this.wandb }),
      ...(more.isSteady === undefined ? {} : { isSteady: more.isSteady }),
    });
    this.receivers.push(digests);
    onTestFinished(() => digests.stop());
    await digests.runOnce();
    return digests;
  }

  /** All receivers end at once. */
  stopAll(): void {
    this.receivers = [];
  }

  #read() {
    const config = readConfig(this.#config, 'wandb-relay.yaml');
    if (!config.ok) throw new Error(JSON.stringify(config.error));
    return config.value;
  }

  /** Lets time pass: every receiver looks as often as it does, and Slack gets what is due. */
  async until(time: string, step = MINUTE): Promise<void> {
    const end = Date.parse(time);
    while (this.now < end) {
      this.now = Math.min(end, this.now + step);
      await Promise.all(this.receivers.map((receiver) => receiver.runOnce()));
      await this.#post();
    }
  }

  async #post(): Promise<void> {
    for (const claimed of await claim(this.store, this.now, { serves: (credential) => credential.startsWith('slack:') })) {
      const view = await this.store.viewConversation(claimed.conversation ?? '', this.now, claimed.eventId);
      const event = view?.events.find((one) => one.event.id === claimed.eventId);
      const facts = readDigestFacts(event?.event.body ?? '');
      if (view !== undefined && facts !== undefined) {
        const { text } = conversationMessage(view, { ...CONTEXT, now: this.now });
        this.sent.push({ at: new Date(this.now).toISOString(), channel: view.channel, text, facts });
      }
      await post(this.store, claimed, this.now, { channel: 'C012ML', ts: claimed.id });
    }
  }

  /** Something that W&B's webhook or our own engine reports; the config's routes are asked. */
  async event(event: Partial<RelayEvent> & Pick<RelayEvent, 'type'>): Promise<string> {
    const whole: RelayEvent = { source: 'default', entity: 'acme', project: 'train', ...event };
    const newId = (): string => `id-${++this.#count}`;
    const body = JSON.stringify({ ...whole, count: this.#count });
    const planned = planEvent(
      { event: whole, payload: {}, body, bodyHash: digest(body), receivedAt: this.now },
      {
        matchRoutes: indexRoutes(this.#read().routes.map(compileRoute)),
        credentialFor: queueCredential(() => 'github'),
        newId,
        connected: { slack: true, wandb: false },
      },
    );
    await this.store.accept([planned], { dedupeWindowMs: 0 });
    return planned.id;
  }
}
