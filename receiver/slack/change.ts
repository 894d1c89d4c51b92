import type { RelayEvent } from '../../src/event/event.ts';
import { promotionOf } from '../../src/event/promotion.ts';
import type { ConversationEvent } from '../store/conversations.ts';
import { mrkdwnName } from './mrkdwn.ts';
import { nameOf } from './people.ts';
import { metricPredicate, runLabel, runPredicate } from './run-words.ts';
import { subjectWords } from './sentence.ts';

/** How names are put into the words. */
export interface Say {
  readonly name: (name: string) => string;
  readonly thing: (words: string) => string;
  /** Whoever decided, as stored: `ada (U012ABC)`. */
  readonly person: (label: string) => string;
}

const SHORT = 28;
const LONG = 80;
/** For `text`: short enough that the state is never cut. */
export const TEXT: Say = {
  name: (name) => mrkdwnName(name, SHORT),
  thing: (words) => words,
  person: (label) => mrkdwnName(nameOf(label), SHORT),
};

/** For blocks. */
export const PLAIN: Say = { ...TEXT, name: (name) => mrkdwnName(name, LONG) };

/** What the event changed, in bold: for a message or a part that asks about it. */
export function changeWords(from: ConversationEvent): string {
  return `*${change(from, PLAIN)}*`;
}

/** Whether the event put an older version back in its place. */
export function isRollback({ event: { event }, promotion }: Pick<ConversationEvent, 'event' | 'promotion'>): boolean {
  return promotion?.isRollback === true || ('rollback' in event && event.rollback === true);
}

/** Whether the event gives an alias. */
export function isAlias({ event: { event } }: ConversationEvent): boolean {
  return promotionOf(event) !== undefined || event.type === 'add_artifact_alias';
}

/** What the event changed: `resnet50 v12 → production`. */
export function change(from: ConversationEvent, say: Say): string {
  const { event } = from.event;
  const { name } = say;
  const thing = say.thing(subject(from, say));
  const alias = event.alias === undefined ? 'an alias' : name(event.alias);
  const tag = event.tag === undefined ? 'a tag' : name(event.tag);
  const registry = event.registry === undefined ? '' : `the registry ${name(event.registry)}`;
  const whole = say.thing(event.collection === undefined ? 'a collection' : name(event.collection));
  if (isRollback(from)) return `${whole} ${alias} rolled back to ${name(event.version ?? '')}`;
  if (isAlias(from)) return `${thing} → ${alias}`;
  switch (event.type) {
    case 'create_artifact':
      return `${thing} created`;
    case 'link_artifact':
      return `${thing} linked${registry === '' ? '' : ` to ${registry}`}`;
    case 'unlink_artifact':
      return `${thing} unlinked${registry === '' ? '' : ` from ${registry}`}`;
    case 'add_artifact_alias':
      return `${thing} → ${alias}`;
    case 'add_artifact_tag':
      return `${thing} got the tag ${tag}`;
    case 'remove_artifact_tag':
      return `${thing} lost the tag ${tag}`;
    case 'add_collection_tag':
      return `${whole} got the tag ${tag}`;
    case 'remove_collection_tag':
      return `${whole} lost the tag ${tag}`;
    case 'run_metric':
    case 'run_metric_change':
    case 'run_metric_zscore':
    case 'run_metric_nonfinite':
    case 'run_metric_stall':
      return resolvedOr(event, `${metricOf(from, say)} ${mrkdwnName(metricPredicate(event), LONG)}`);
    case 'run_silent':
    case 'run_state':
      return resolvedOr(event, `${event.resolved === true ? 'run' : 'Run'} ${thing} ${runPredicate(event, name)}`);
    case 'weave_metric':
      return `Weave alert${event.automation === undefined ? '' : ` ${name(event.automation)}`} fired${event.metric === undefined ? '' : ` for ${name(event.metric)}`}`;
    case 'relay_alert':
      return `Alert ${name(event.automation ?? '')}`;
    case 'digest':
      return `Digest ${name(event.automation ?? '')}`;
    case 'unknown':
      return `Unknown event of W&amp;B${hasSubject(event) ? ` about ${thing}` : ''}`;
  }
}

/** `Resolved: loss of train-78 …`, when the condition has ended. */
function resolvedOr({ resolved }: RelayEvent, words: string): string {
  return resolved === true ? `Resolved: ${words}` : words;
}

function metricOf({ event: { event, wandb } }: ConversationEvent, say: Say): string {
  const run = runLabel(event, wandb);
  return `${event.metric === undefined ? 'a metric' : say.name(event.metric)} of ${say.thing(run === undefined ? 'a run' : say.name(run))}`;
}

/** `resnet50 v12`, or the run. */
export function subject({ event: { event, wandb } }: Pick<ConversationEvent, 'event'>, { name }: Say): string {
  const run = runLabel(event, wandb);
  return run === undefined ? subjectWords(event, name) : name(run);
}

function hasSubject({ run, collection, artifact }: RelayEvent): boolean {
  return run !== undefined || collection !== undefined || artifact !== undefined;
}
