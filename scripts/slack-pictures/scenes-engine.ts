import { conversationMessage, eventMessage } from '../../receiver/slack/message.ts';
import type { ConversationEvent, ConversationView } from '../../receiver/store/conversations.ts';
import type { DigestFacts } from '../../src/digest/facts.ts';
import type { RelayEvent } from '../../src/event/event.ts';
import { pointsToJson } from '../../src/event/metric-points.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { DIGEST_FACTS, LATE_FACTS, QUIET_FACTS } from '../../test/receiver/slack/digest-samples.ts';
import { firedEvent, NONFINITE, SILENT, STALL, stateOf, THRESHOLD, ZSCORE } from '../../test/receiver/slack/firing-samples.ts';
import { conversationEvent, conversationOf, eventView, MINUTE, T0 } from '../../test/receiver/slack/message-samples.ts';
import type { MessageScene, SceneMessage } from './scene.ts';
import { DISPATCH, GOOD_RUN, PEOPLE } from './story.ts';

/** What the relay's own engine finds out. */

const LOSS = [3.1, 3.0, 2.95, 2.9, 2.9, 2.85, 2.83, 2.8, 2.8, 2.78, 2.77, 2.75, 2.76, 2.75, 2.8, 3.0, 3.6, 4.9, 6.8, 9.1];
const FLAT = LOSS.map((_, i) => 2.1 + (i % 3) * 0.0001);
const CRASHED = stateOf(['failed', 'crashed'], { graceMs: 10 * MINUTE });

function historyOf(values: readonly number[], notFinite = 0): JsonObject {
  const points = values.map((value, i) => ({ at: 12_020 + i * 20, value }));
  return { history: pointsToJson({ metric: 'loss', axis: 'step', points, notFinite }) };
}

function about(event: RelayEvent, wandb?: JsonObject, id = 'event-1'): ConversationEvent {
  return conversationEvent({ event: eventView(event, { id, wandb }), deliveries: [] });
}

function message(view: ConversationView, more: Partial<SceneMessage> = {}): SceneMessage {
  return { ...conversationMessage(view, PEOPLE), ...more };
}

const inAlerts = (name: string, shows: string, ...messages: SceneMessage[]): MessageScene => ({
  kind: 'messages',
  name,
  shows,
  channel: '#ml-alerts',
  messages,
});

const HIGH = about(
  firedEvent(THRESHOLD, { value: 9.1, values: [9.1] }, { automation: 'loss-too-high', run: { displayName: 'nightly-train-0412' } }),
  historyOf(LOSS),
);
const LOW = about(
  firedEvent(
    THRESHOLD,
    { kind: 'resolved', value: 2.94, values: [2.94], at: T0 + 8 * MINUTE, x: 12_900 },
    { automation: 'loss-too-high', run: { displayName: 'nightly-train-0412' } },
  ),
  undefined,
  'event-2',
);
const OVER = conversationOf([HIGH, LOW]);

const SWEEP = Array.from({ length: 40 }, (_, i) =>
  about(
    firedEvent(
      CRASHED,
      { status: i % 5 === 3 ? 'failed' : 'crashed' },
      { automation: 'run-died', run: { name: `k3v9x${i}`, displayName: `sweep-lr-${(i + 1) * 3}e-5-seed-${i}` } },
    ),
    undefined,
    `event-${i}`,
  ),
);
const MANY = conversationOf([...SWEEP.slice(0, 20), ...SWEEP.slice(-10)], {
  eventCount: 52,
  resolvedCount: 12,
  burst: [
    { state: 'delivered', run: GOOD_RUN, count: 38 },
    { state: 'pending', run: null, count: 2 },
  ],
});

function digest(facts: DigestFacts): SceneMessage {
  const event: RelayEvent = { type: 'digest', source: 'default', automation: facts.digest, entity: 'acme', project: 'train' };
  return message(conversationOf([conversationEvent({ event: eventView(event, { body: JSON.stringify(facts) }), deliveries: [] })]));
}

export const ENGINE_SCENES: readonly MessageScene[] = [
  inAlerts(
    'resolved',
    'An alert whose condition has ended: the message says so, and the thread when.',
    message(OVER, { edited: true, notifies: false }),
    { ...eventMessage(LOW, OVER, PEOPLE), reply: 'thread' },
  ),
  inAlerts(
    'many-runs',
    'Forty runs that failed together are one message: which, how many are back, and how their dispatches stand.',
    message(MANY),
  ),
  inAlerts(
    'metric-kinds',
    'A metric that is NaN, one that has stopped changing, and one that is far from its mean.',
    message(
      conversationOf([
        about(firedEvent(NONFINITE, { metric: 'loss', x: 12_420, value: Number.NaN }, { automation: 'not-finite' }), historyOf(LOSS, 1)),
      ]),
    ),
    message(
      conversationOf([about(firedEvent(STALL, { value: 0.0002, values: [2.1, 2.1002] }, { automation: 'stalled' }), historyOf(FLAT))]),
    ),
    message(conversationOf([about(firedEvent(ZSCORE, { value: 4.21, values: [2.8, 9.1] }, { automation: 'loss-outlier' }))])),
  ),
  inAlerts(
    'run-states',
    'A run that logs nothing, one that was killed, one that crashed and started a triage workflow, and a long one that finished.',
    message(conversationOf([about(firedEvent(SILENT, { value: 31 * MINUTE }, { automation: 'silent' }))])),
    message(conversationOf([about(firedEvent(stateOf(['killed']), { status: 'killed' }, { automation: 'killed' }))])),
    message(
      conversationOf([
        { ...about(firedEvent(CRASHED, { status: 'crashed' }, { automation: 'run-died' })), deliveries: [{ ...DISPATCH, run: GOOD_RUN }] },
      ]),
    ),
    message(
      conversationOf([
        about(
          firedEvent(stateOf(['finished'], { longerThanMs: 60 * MINUTE }), { status: 'finished' }, { automation: 'long-run-finished' }),
        ),
      ]),
    ),
  ),
  {
    kind: 'messages',
    name: 'digest',
    shows: 'A digest of a weekday: runs by state, the best values with their change, a chart, promotions, failures, versions and alerts.',
    channel: '#ml',
    messages: [digest(DIGEST_FACTS)],
  },
  {
    kind: 'messages',
    name: 'digest-late',
    shows: 'A digest after an outage, which says what is missing, and one of a day on which nothing happened.',
    channel: '#ml',
    messages: [digest(LATE_FACTS), digest(QUIET_FACTS)],
  },
];
