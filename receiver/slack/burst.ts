import type { RelayEvent } from '../../src/event/event.ts';
import type { WandbApp } from '../../src/event/wandb-links.ts';
import type { StateCount } from '../store/conversation-facts.ts';
import type { ConversationView } from '../store/conversations.ts';
import { context, type KnownBlock, section } from './blocks.ts';
import { manyRunsMessage, spanWords, timesOf } from './many-runs.ts';
import { fitMrkdwn, mrkdwnName } from './mrkdwn.ts';
import { placeOf, subjectWords } from './sentence.ts';
import { STAGES, type Stage, stageOf } from './stage.ts';

const SHORT = 24;
const LONG = 60;
const TEXT_LIMIT = 120;

/** The message that stands for many of one kind: how many, which, and how their dispatches stand. */
export function burstMessage(view: ConversationView, states: readonly StateCount[], app: WandbApp): { text: string; blocks: KnownBlock[] } {
  const { events, eventCount } = view;
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return { text: 'Many events', blocks: [section('Many events')] };
  if (first.event.event.run !== undefined) return manyRunsMessage(view, countsOf(states), app);
  const time = spanWords(last.event.receivedAt - first.event.receivedAt);
  const counts = countsOf(states);
  const words = (limit: number) => {
    const say = (name: string) => mrkdwnName(name, limit);
    const what = `${eventCount} more ${whatHappened(first.event.event, eventCount, say)}`;
    return { what, which: rangeWords(first.event.event, last.event.event, eventCount, say) };
  };
  const long = words(LONG);
  const short = words(SHORT);
  const head = fitMrkdwn(`${short.what} ${time}: ${short.which}`, TEXT_LIMIT);
  const place = placeOf(last.event.event);
  const { automation } = last.event.event;
  return {
    text: counts === '' || head.length + counts.length + 3 > TEXT_LIMIT ? head : `${head} (${counts})`,
    blocks: [
      section(`:package: *${long.what}* ${time}\n${long.which}${counts === '' ? '' : `\n${counts}`}`),
      ...context(
        timesOf(first.event.receivedAt, last.event.receivedAt),
        place ?? '',
        automation === undefined ? '' : `automation ${mrkdwnName(automation, LONG)}`,
        'each of them: `wandb-relay events`',
      ),
    ],
  };
}

const STAGE_WORDS: Readonly<Record<Exclude<Stage, 'none'>, string>> = {
  failed: 'failed',
  missing: 'without a run',
  stopped: 'with a cancelled run',
  asks: 'waiting for approval',
  retrying: 'being retried',
  running: 'running',
  waiting: 'waiting',
  succeeded: 'succeeded',
  dispatched: 'dispatched',
  ended: 'ended without a result',
  rejected: 'rejected',
  expired: 'expired',
  cancelled: 'cancelled',
  superseded: 'superseded',
};

/** `3 failed, 1 running, 8 succeeded`: what is most serious first. */
function countsOf(states: readonly StateCount[]): string {
  const counts = new Map<Stage, number>();
  for (const { state, run, count } of states) {
    const stage = stageOf({ state, run, attempts: 0, reason: null });
    counts.set(stage, (counts.get(stage) ?? 0) + count);
  }
  return STAGES.flatMap((stage) => {
    const count = counts.get(stage);
    return count === undefined || stage === 'none' ? [] : [`${count} ${STAGE_WORDS[stage]}`];
  }).join(', ');
}

function whatHappened(event: RelayEvent, count: number, say: (name: string) => string): string {
  const noun = (one: string): string => (count === 1 ? one : `${one}s`);
  const tag = event.tag === undefined ? 'a tag' : `the tag ${say(event.tag)}`;
  switch (event.type) {
    case 'create_artifact':
      return `new ${noun('version')}`;
    case 'link_artifact':
      return event.alias === undefined ? `${noun('version')} linked` : `${noun('version')} got ${say(event.alias)}`;
    case 'unlink_artifact':
      return `${noun('version')} unlinked`;
    case 'add_artifact_alias':
      return `${noun('version')} got ${event.alias === undefined ? 'an alias' : say(event.alias)}`;
    case 'add_artifact_tag':
      return `${noun('version')} got ${tag}`;
    case 'remove_artifact_tag':
      return `${noun('version')} lost ${tag}`;
    case 'add_collection_tag':
      return `${noun('collection')} got ${tag}`;
    case 'remove_collection_tag':
      return `${noun('collection')} lost ${tag}`;
    case 'run_metric':
    case 'run_metric_change':
    case 'run_metric_zscore':
    case 'run_metric_nonfinite':
    case 'run_metric_stall':
    case 'run_state':
    case 'run_silent':
      return `${noun('event')} of a run`;
    case 'weave_metric':
      return `Weave ${noun('alert')}`;
    case 'relay_alert':
      return noun('alert');
    case 'digest':
      return noun('digest');
    case 'unknown':
      return `unknown ${noun('event')}`;
  }
}

/** `resnet50 v6 … v17`. */
function rangeWords(first: RelayEvent, last: RelayEvent, count: number, say: (name: string) => string): string {
  const begin = subjectWords(first, say);
  if (count === 1) return begin;
  if (first.collection === last.collection && last.version !== undefined) return `${begin} … ${say(last.version)}`;
  return `${begin} … ${subjectWords(last, say)}`;
}
