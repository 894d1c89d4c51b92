import type { RelayEvent } from '../../src/event/event.ts';
import type { ConversationEvent } from '../store/conversations.ts';
import type { DeliveryView } from '../store/delivery.ts';
import { change, isAlias, isRollback, PLAIN, type Say, subject, TEXT } from './change.ts';
import { fitMrkdwn, link } from './mrkdwn.ts';
import type { Mentions } from './people.ts';
import { runPredicate } from './run-words.ts';
import { isOver, type Stage, standingOf, tellsOfFailure } from './stage.ts';
import { stopPrefix, stopSuffix } from './stop-headline.ts';
import { isStop } from './stop-words.ts';

/** The first line of a message, and how its `text` begins: state, thing and change. */
export interface Headline {
  /** Of blocks: with a sign, in bold, its thing linked. */
  readonly line: string;
  /** Of notifications and screen readers: begins with the state or the request. */
  readonly text: string;
}

export interface HeadlineOptions {
  /** The page of the thing in W&B. */
  readonly url: string | undefined;
  /** People are asked in the message's own channel. */
  readonly asksHere: boolean;
  readonly mentions: Mentions;
}

export function headlineOf(from: ConversationEvent, { url, asksHere, mentions }: HeadlineOptions): Headline {
  const { stage, delivery } = standingOf(from);
  const state: State = { stage, delivery, asksHere, from };
  const say: Say = { ...PLAIN, thing: (words) => linked(url, words), person: (label) => mentions.decider(label) };
  return { line: `${signOf(state)} *${sentence(state, say)}*`, text: fitMrkdwn(plainText(state), 110) };
}

/** Whether the headline says that another version has the alias now. */
export function isReplaced({ promotion }: Pick<ConversationEvent, 'promotion'>, stage: Stage): boolean {
  return promotion?.replacedBy != null && (stage === 'none' || (isOver(stage) && !WHO_ENDED_IT.has(stage)));
}

interface State {
  readonly stage: Stage;
  readonly delivery: DeliveryView | undefined;
  readonly asksHere: boolean;
  readonly from: ConversationEvent;
}

const WHO_ENDED_IT: ReadonlySet<Stage> = new Set(['rejected', 'expired', 'cancelled', 'superseded']);

/** A link whose label is escaped already. */
function linked(url: string | undefined, words: string): string {
  const address = /^<([^|]*)\|/.exec(link(url, 'x'))?.[1];
  return address === undefined ? words : `<${address}|${words.replaceAll('|', '\u00A6')}>`;
}

function sentence(state: State, say: Say): string {
  const { stage, from } = state;
  const { version, alias } = from.event.event;
  const { promotion } = from;
  const next = promotion?.replacedBy;
  if (next != null && isReplaced(from, stage))
    return `${say.thing(subject(from, say))} was replaced by ${say.name(next.version)} in ${say.name(alias ?? '')}`;
  const what = change(from, say);
  const isPlainAlias = isAlias(from) && !isRollback(from);
  if (stage === 'asks' && state.asksHere) return isPlainAlias ? `Approve ${what}?` : `Approve? ${what}`;
  if (stage === 'asks') return `${what} ${isPlainAlias ? '' : '· '}waits for approval`;
  if (isPlainAlias) {
    if (stage === 'succeeded' && version !== undefined) return `${say.thing(subject(from, say))} is in ${say.name(alias ?? '')}`;
    return `${what}${ALIAS_SUFFIX[stage]?.(state, say) ?? ''}`;
  }
  const { delivery } = state;
  const ofStop = delivery !== undefined && isStop(delivery) ? stopSuffix(stage, delivery) : undefined;
  const suffix = ofStop ?? (isRollback(from) ? ROLLBACK_SUFFIX : SUFFIX)[stage]?.(state, say) ?? '';
  return suffix === '' ? what : `${what} · ${suffix}`;
}

type Suffixes = Readonly<Partial<Record<Stage, (state: State, say: Say) => string>>>;

const ENDED = {
  rejected: ({ delivery }: State, say: Say) => `rejected${by(delivery, REJECTED, say)}`,
  expired: () => 'expired',
  cancelled: ({ delivery }: State, say: Say) => `cancelled${by(delivery, CANCELLED, say)}`,
  superseded: ({ from }: State, say: Say) => `superseded by ${newer(from, say)}`,
} as const;

const ALIAS_SUFFIX: Suffixes = {
  failed: () => ' failed',
  missing: () => ' was dispatched, but no run appeared',
  stopped: () => ' was stopped',
  retrying: () => ' is being retried',
  running: () => ' is deploying',
  waiting: () => ' waits to be sent',
  dispatched: () => ' was dispatched',
  ended: () => ' ended without success',
  rejected: (state, say) => ` was ${ENDED.rejected(state, say)}`,
  expired: () => ' expired',
  cancelled: (state, say) => ` was ${ENDED.cancelled(state, say)}`,
  superseded: (state, say) => ` was ${ENDED.superseded(state, say)}`,
};

const SUFFIX: Suffixes = {
  failed: ({ delivery }) => (delivery?.state === 'dead' ? 'dispatch failed' : 'workflow failed'),
  missing: () => 'dispatched, but no run appeared',
  stopped: () => 'workflow stopped',
  retrying: () => 'dispatch is being retried',
  running: ({ delivery }) => (delivery?.run?.status === 'in_progress' ? 'workflow running' : 'workflow starting'),
  waiting: () => 'waits to be sent',
  succeeded: () => 'workflow succeeded',
  dispatched: () => 'dispatched',
  ended: () => 'workflow ended without success',
  ...ENDED,
};

const ROLLBACK_SUFFIX: Suffixes = {
  ...SUFFIX,
  failed: () => 'deployment failed',
  running: () => 'deploying',
  succeeded: () => 'deployed',
};

const REJECTED = 'rejected by ';
const CANCELLED = 'cancelled by ';

function by(delivery: DeliveryView | undefined, prefix: string, say: Say): string {
  const reason = delivery?.reason ?? '';
  return ` by ${reason.startsWith(prefix) ? say.person(whoIn(reason.slice(prefix.length))) : 'hand'}`;
}

/** Without why: `withReason` puts that behind who it was. */
function whoIn(text: string): string {
  const id = /^.*?\([UW][A-Z0-9]+\)/.exec(text)?.[0];
  return id ?? text.split(': ')[0] ?? text;
}

function newer({ promotion }: ConversationEvent, say: Say): string {
  const next = promotion?.replacedBy;
  return next == null ? 'a newer event' : say.name(next.version);
}

const SIGNS: Readonly<Record<Stage, string>> = {
  failed: ':x:',
  missing: ':warning:',
  stopped: ':black_square_for_stop:',
  asks: ':raised_hand:',
  retrying: ':hourglass_flowing_sand:',
  running: ':arrows_counterclockwise:',
  waiting: ':hourglass_flowing_sand:',
  succeeded: ':white_check_mark:',
  dispatched: ':white_check_mark:',
  ended: ':heavy_minus_sign:',
  rejected: ':no_entry_sign:',
  expired: ':alarm_clock:',
  cancelled: ':heavy_multiplication_x:',
  superseded: ':heavy_minus_sign:',
  none: ':bell:',
};

const OWN_SIGNS: Readonly<Partial<Record<RelayEvent['type'], string>>> = {
  create_artifact: ':package:',
  link_artifact: ':link:',
  unlink_artifact: ':heavy_minus_sign:',
  add_artifact_alias: ':bookmark:',
  add_artifact_tag: ':label:',
  remove_artifact_tag: ':label:',
  add_collection_tag: ':label:',
  remove_collection_tag: ':label:',
  run_metric: ':chart_with_upwards_trend:',
  run_metric_change: ':chart_with_upwards_trend:',
  run_metric_zscore: ':chart_with_upwards_trend:',
  run_metric_nonfinite: ':warning:',
  run_metric_stall: ':chart_with_upwards_trend:',
  run_silent: ':zzz:',
  unknown: ':grey_question:',
};

const STATE_SIGNS: Readonly<Partial<Record<string, string>>> = {
  finished: ':white_check_mark:',
  killed: ':octagonal_sign:',
  preempted: ':black_square_for_stop:',
};

function signOf({ stage, from, asksHere }: State): string {
  const { event } = from.event;
  if (isReplaced(from, stage)) return ':arrow_right:';
  if (tellsOfFailure(from)) return ':x:';
  if (stage === 'asks' && !asksHere) return ':hourglass_flowing_sand:';
  if (isRollback(from) && (stage === 'none' || isOver(stage)) && !WHO_ENDED_IT.has(stage)) return ':rewind:';
  if (stage !== 'none') return SIGNS[stage];
  if (event.resolved === true) return SIGNS.succeeded;
  if (event.type === 'run_state') return STATE_SIGNS[event.status ?? ''] ?? ':arrow_forward:';
  return OWN_SIGNS[event.type] ?? SIGNS.none;
}

const TEXT_PREFIX: Readonly<Partial<Record<Stage, string>>> = {
  failed: 'Failed',
  missing: 'No run appeared',
  stopped: 'Stopped',
  retrying: 'Retrying',
  running: 'Running',
  waiting: 'Waiting',
  succeeded: 'Succeeded',
  dispatched: 'Dispatched',
  ended: 'Ended without success',
  expired: 'Expired',
};

function plainText(state: State): string {
  const { stage, from } = state;
  const { event } = from.event;
  const what = change(from, TEXT);
  const next = from.promotion?.replacedBy;
  if (next != null && isReplaced(from, stage))
    return `Replaced by ${TEXT.name(next.version)}: ${subject(from, TEXT)} in ${TEXT.name(event.alias ?? '')}`;
  switch (stage) {
    case 'none':
      return ownText(from, what);
    case 'asks':
      return state.asksHere ? `Approve? ${what}` : `Waits for approval: ${what}`;
    case 'rejected':
    case 'cancelled':
    case 'superseded':
      return `${capital(ENDED[stage](state, TEXT))}: ${what}`;
    case 'succeeded':
      if (isAlias(from) && !isRollback(from)) return `Deployed: ${subject(from, TEXT)} is in ${TEXT.name(event.alias ?? '')}`;
      return `${isRollback(from) ? 'Deployed' : 'Succeeded'}: ${what}`;
    case 'running':
      return `${isAlias(from) ? 'Deploying' : 'Running'}: ${what}`;
    default: {
      const { delivery } = state;
      const ofStop = delivery !== undefined && isStop(delivery) ? stopPrefix(stage, delivery) : undefined;
      return `${ofStop ?? TEXT_PREFIX[stage] ?? ''}: ${what}`;
    }
  }
}

/** Of an event without a dispatch. */
function ownText(from: ConversationEvent, what: string): string {
  const { event } = from.event;
  if (isRollback(from)) return `Rollback: ${what}`;
  if (event.resolved === true) return what;
  switch (event.type) {
    case 'create_artifact':
      return `New version: ${subject(from, TEXT)}`;
    case 'run_state':
      return `Run ${runPredicate(event, TEXT.name)}: ${subject(from, TEXT)}`;
    case 'run_metric':
    case 'run_metric_change':
    case 'run_metric_zscore':
    case 'run_metric_nonfinite':
    case 'run_metric_stall':
    case 'run_silent':
      return `Alert: ${what}`;
    default:
      return what;
  }
}

/** For words of ours. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
