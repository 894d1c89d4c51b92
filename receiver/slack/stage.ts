import { isAction } from '../../src/route/target.ts';
import { shownState } from '../shown-state.ts';
import type { ConversationEvent, ConversationView } from '../store/conversations.ts';
import type { DeliveryView } from '../store/delivery.ts';
import type { RunView } from '../store/run.ts';
import { endedBadly } from './delivery-words.ts';

/** How a dispatch stands, most serious first; `none`: the event has no dispatch. */
export const STAGES = [
  'failed',
  'missing',
  'stopped',
  'asks',
  'retrying',
  'running',
  'waiting',
  'succeeded',
  'dispatched',
  'ended',
  'rejected',
  'expired',
  'cancelled',
  'superseded',
  'none',
] as const;
export type Stage = (typeof STAGES)[number];

/** failed > waits for approval > sending or running > over > no dispatch. */
const RANKS: Readonly<Record<Stage, number>> = {
  failed: 4,
  missing: 4,
  stopped: 4,
  asks: 3,
  retrying: 2,
  running: 2,
  waiting: 2,
  succeeded: 1,
  dispatched: 1,
  ended: 1,
  rejected: 1,
  expired: 1,
  cancelled: 1,
  superseded: 1,
  none: 0,
};

export function isOver(stage: Stage): boolean {
  return RANKS[stage] === 1;
}

export function hasGoneWrong(stage: Stage): boolean {
  return RANKS[stage] === 4;
}

/** What decides how a dispatch stands; a count of many has no more. */
export type Standing = Pick<DeliveryView, 'state' | 'attempts' | 'reason'> & {
  readonly run: Pick<RunView, 'status' | 'conclusion'> | null;
};

export function stageOf(delivery: Standing): Stage {
  const state = shownState(delivery);
  switch (state) {
    case 'failed':
    case 'retrying':
    case 'waiting':
    case 'rejected':
    case 'expired':
    case 'cancelled':
    case 'superseded':
      return state;
    case 'throttled':
      return 'retrying';
    case 'sending':
      return 'waiting';
    case 'awaiting approval':
      return 'asks';
    case 'delivered':
      return delivery.run === null ? 'dispatched' : stageOfRun(delivery.run);
  }
}

function stageOfRun(run: Pick<RunView, 'status' | 'conclusion'>): Stage {
  switch (run.status) {
    case 'expected':
    case 'queued':
    case 'in_progress':
      return 'running';
    case 'missing':
      return 'missing';
    case 'unknown':
      return 'dispatched';
    case 'completed':
      if (endedBadly(run)) return 'failed';
      if (run.conclusion === 'success') return 'succeeded';
      return run.conclusion === 'cancelled' ? 'stopped' : 'ended';
  }
}

/** What an event dispatched. */
export function dispatchesOf({ deliveries }: Pick<ConversationEvent, 'deliveries'>): DeliveryView[] {
  return deliveries.filter(({ request, target }) => (request === null ? !target.startsWith('slack') : isAction(request)));
}

/** How an event stands: as the most serious of its dispatches, which is given, too. */
export function standingOf(from: Pick<ConversationEvent, 'deliveries'>): {
  readonly stage: Stage;
  readonly delivery: DeliveryView | undefined;
} {
  const standing = dispatchesOf(from).map((delivery) => ({ stage: stageOf(delivery), delivery }));
  return standing.toSorted((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage))[0] ?? { stage: 'none', delivery: undefined };
}

/** States in which a W&B run ended without its work done (W&B, "Run states"). */
const RUN_FAILED: ReadonlySet<string> = new Set(['failed', 'crashed']);

/** Whether the event itself is a failure. */
export function tellsOfFailure({ event: { event } }: Pick<ConversationEvent, 'event'>): boolean {
  return event.type === 'run_state' && RUN_FAILED.has(event.status ?? '');
}

/** States that alarm nobody. */
const CALM: ReadonlySet<string> = new Set(['running', 'pending', 'finished']);

/** Whether people are to see the event in the channel: a failure, or the begin of a condition that our own engine watches. */
export function isAlarm(from: Pick<ConversationEvent, 'event'>): boolean {
  const { type, engine, resolved, status = '' } = from.event.event;
  if (tellsOfFailure(from)) return true;
  return engine === 'relay' && resolved !== true && !(type === 'run_state' && CALM.has(status));
}

/**
 * The event that a conversation's message is about: the one with the most serious open state. Of equal ones it is the latest;
 * an event without a dispatch takes the place only of one without, and only by telling of a failure or of the run's next state.
 */
export function headOf({ events }: Pick<ConversationView, 'events'>): ConversationEvent | undefined {
  const open = events.filter((one, i) => !isOvertaken(one, events.slice(i + 1)));
  const ranked = (open.length === 0 ? events : open).map((one) => ({ one, rank: rankOf(one) }));
  const most = Math.max(...ranked.map(({ rank }) => rank));
  const heads = ranked.filter(({ rank }) => rank === most);
  return (most >= 1 ? heads.at(-1) : heads[0])?.one;
}

function rankOf(one: ConversationEvent): number {
  const rank = RANKS[standingOf(one).stage];
  return rank === 0 && isAlarm(one) ? 0.5 : rank;
}

/**
 * A run's state by the next one; a condition that our own engine watches by its end, or by the next time; a failure by a later
 * success of the same routes with the same subject.
 */
function isOvertaken(one: ConversationEvent, later: readonly ConversationEvent[]): boolean {
  const { stage } = standingOf(one);
  if ((stage === 'none' || isOver(stage)) && later.some((other) => isOfSameCondition(one, other))) return true;
  if (stage === 'none') return isRunState(one) && later.some((other) => isRunState(other));
  if (!hasGoneWrong(stage)) return false;
  const bad = dispatchesOf(one).filter((delivery) => hasGoneWrong(stageOf(delivery)));
  return bad.every(({ target, route }) =>
    later.some(
      (other) =>
        other.event.subjectKey === one.event.subjectKey &&
        other.deliveries.some((next) => next.target === target && next.route === route && stageOf(next) === 'succeeded'),
    ),
  );
}

/** The same automation about the same run, evaluated by our own engine. */
export function isOfSameCondition({ event: one }: ConversationEvent, { event: other }: ConversationEvent): boolean {
  return (
    one.event.engine === 'relay' &&
    other.event.engine === 'relay' &&
    one.event.automation === other.event.automation &&
    one.subjectKey === other.subjectKey
  );
}

function isRunState({ event }: ConversationEvent): boolean {
  return event.event.type === 'run_state';
}
