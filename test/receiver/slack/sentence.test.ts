import { describe, expect, it } from 'vitest';
import { placeOf, sayBold, sayPlainly, sentenceOf } from '../../../receiver/slack/sentence.ts';
import { EVENT_TYPES, type EventType, type RelayEvent } from '../../../src/event/event.ts';

const FULL = {
  source: 'default',
  entity: 'acme',
  project: 'vision',
  registry: 'model',
  collection: 'resnet50',
  version: 'v12',
  alias: 'production',
  tag: 'good',
  author: 'ada',
  automation: 'drift',
  run: 'abc12',
  status: 'failed',
  metric: 'loss',
} as const;

const ARTIFACT = {
  source: 'default',
  collection: 'resnet50',
  version: 'v12',
  alias: 'production',
  tag: 'good',
  registry: 'model',
} as const;
const RUN = { source: 'default', run: 'abc12', status: 'failed', metric: 'loss', automation: 'drift' } as const;

/** With everything known, without an author, with nothing known. */
const SENTENCES: Readonly<Record<EventType, readonly [string, string, string]>> = {
  create_artifact: ['ada created resnet50 v12', 'resnet50 v12 was created', 'an artifact was created'],
  link_artifact: [
    'ada linked resnet50 v12 to the registry model',
    'resnet50 v12 was linked to the registry model',
    'an artifact was linked',
  ],
  unlink_artifact: [
    'ada unlinked resnet50 v12 from the registry model',
    'resnet50 v12 was unlinked from the registry model',
    'an artifact was unlinked',
  ],
  add_artifact_alias: ['ada gave resnet50 v12 the alias production', 'resnet50 v12 got the alias production', 'an artifact got an alias'],
  add_artifact_tag: ['ada gave resnet50 v12 the tag good', 'resnet50 v12 got the tag good', 'an artifact got a tag'],
  remove_artifact_tag: ['ada took the tag good from resnet50 v12', 'resnet50 v12 lost the tag good', 'an artifact lost a tag'],
  add_collection_tag: [
    'ada gave the collection resnet50 the tag good',
    'The collection resnet50 got the tag good',
    'A collection got a tag',
  ],
  remove_collection_tag: [
    'ada took the tag good from the collection resnet50',
    'The collection resnet50 lost the tag good',
    'A collection lost a tag',
  ],
  run_metric: [
    "The metric loss of run abc12 by ada met the automation's threshold",
    "The metric loss of run abc12 met the automation's threshold",
    "A metric of a run met the automation's threshold",
  ],
  run_metric_change: [
    'The metric loss of run abc12 by ada changed as much as the automation watches for',
    'The metric loss of run abc12 changed as much as the automation watches for',
    'A metric of a run changed as much as the automation watches for',
  ],
  run_metric_zscore: [
    'The metric loss of run abc12 by ada is far from its mean (z-score)',
    'The metric loss of run abc12 is far from its mean (z-score)',
    'A metric of a run is far from its mean (z-score)',
  ],
  run_metric_nonfinite: [
    'The metric loss of run abc12 by ada is not a finite number',
    'The metric loss of run abc12 is not a finite number',
    'A metric of a run is not a finite number',
  ],
  run_metric_stall: [
    'The metric loss of run abc12 by ada has stopped changing',
    'The metric loss of run abc12 has stopped changing',
    'A metric of a run has stopped changing',
  ],
  run_silent: ['Run abc12 by ada logs nothing', 'Run abc12 logs nothing', 'A run logs nothing'],
  run_state: ['Run abc12 by ada failed', 'Run abc12 failed', 'A run changed its state'],
  weave_metric: [
    'The Weave alert drift fired for the metric loss',
    'The Weave alert drift fired for the metric loss',
    'A Weave alert fired',
  ],
  unknown: [
    'W&amp;B sent an event that this relay does not know, about run abc12',
    'W&amp;B sent an event that this relay does not know, about resnet50 v12',
    'W&amp;B sent an event that this relay does not know',
  ],
};

describe.each(EVENT_TYPES)('%s', (type) => {
  const [whole, anonymous, bare] = SENTENCES[type];
  const isRun = type.startsWith('run_') || type === 'weave_metric';

  it('says what happened, by whom and to what, as far as that is known', () => {
    expect(sentenceOf({ ...FULL, type }, sayPlainly)).toBe(whole);
    expect(sentenceOf({ ...(isRun ? RUN : ARTIFACT), type }, sayPlainly)).toBe(anonymous);
    expect(sentenceOf({ type, source: 'default' }, sayPlainly)).toBe(bare);
  });
});

it('sets names off in bold and escapes them', () => {
  const event: RelayEvent = {
    type: 'add_artifact_alias',
    source: 'default',
    author: '<!channel>',
    collection: 'a&b',
    alias: '<http://x|y>',
  };
  expect(sentenceOf(event, sayBold)).toBe('*&lt;!channel&gt;* gave *a&amp;b* the alias *&lt;http://x|y&gt;*');
});

it.each([
  ['running', 'is running'],
  ['finished', 'finished'],
  ['killed', 'was killed'],
  ['preempted', 'was preempted'],
  ['constructor', 'is now constructor'],
  ['<@U1>', 'is now &lt;@U1&gt;'],
])('says the state %s in words', (status, words) => {
  expect(sentenceOf({ type: 'run_state', source: 'default', run: 'x', status }, sayPlainly)).toBe(`Run x ${words}`);
});

it('names the registry rather than the project that it is made of', () => {
  expect(placeOf({ ...FULL, type: 'link_artifact', project: 'wandb-registry-model' })).toBe('registry model');
  expect(placeOf({ type: 'run_state', source: 'default', entity: 'acme', project: 'vision' })).toBe('acme/vision');
  expect(placeOf({ type: 'unknown', source: 'default' })).toBeUndefined();
});
