import { conversationMessage } from '../../receiver/slack/message.ts';
import type { RelayEvent } from '../../src/event/event.ts';
import { pointsToJson } from '../../src/event/metric-points.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { conversationEvent, conversationOf, eventView } from '../../test/receiver/slack/message-samples.ts';
import type { MessageScene, SceneMessage } from './scene.ts';
import { PEOPLE } from './story.ts';

const TRAINING = { source: 'default', entity: 'acme', project: 'train', author: 'ada' } as const;
const LOSS = [3.1, 3.0, 2.95, 2.9, 2.9, 2.85, 2.83, 2.8, 2.8, 2.78, 2.77, 2.75, 2.76, 2.75, 2.8, 3.0, 3.6, 4.9, 6.8, 9.1];
const HISTORY = pointsToJson({
  metric: 'loss',
  axis: 'step',
  points: LOSS.map((value, index) => ({ at: 12_000 + index * 20, value })),
  notFinite: 0,
});

/** The message of an event that starts nothing. */
function about(event: RelayEvent, wandb?: JsonObject): SceneMessage {
  return conversationMessage(conversationOf([conversationEvent({ event: eventView(event, { wandb }), deliveries: [] })]), PEOPLE);
}

/** What runs do. */
export const TRAINING_SCENES: readonly MessageScene[] = [
  {
    kind: 'messages',
    name: 'metric',
    shows: 'A metric that met its limit: the values in words, and a chart of the last twenty with the limit.',
    channel: '#ml-alerts',
    messages: [
      about(
        {
          ...TRAINING,
          type: 'run_metric_change',
          run: 'train-78',
          automation: 'loss-exploded',
          metric: 'loss',
          values: [2.75, 9.1],
          value: 9.1,
          threshold: '25%',
          comparison: 'increases_by',
        },
        { history: HISTORY },
      ),
    ],
  },
  {
    kind: 'messages',
    name: 'run-failed',
    shows: 'A training run that failed.',
    channel: '#ml-alerts',
    messages: [about({ ...TRAINING, type: 'run_state', run: 'train-79', automation: 'run-failed', status: 'failed' })],
  },
];
