import type { DeliveryView, EventView, Throttle } from '../store/delivery.ts';
import type { ApprovalView, Counts } from '../store/store.ts';
import { compose, context, divider, type HomeView, header, type KnownBlock, type Part, SLACK_LIMITS, section } from './blocks.ts';
import { stateLine, targetWords } from './delivery-words.ts';
import { bold, channelName, mrkdwnName, slackDate } from './mrkdwn.ts';
import { placeOf, sayBold, sentenceOf } from './sentence.ts';

export interface HomeContent {
  /** Newest first. */
  readonly recent: readonly EventView[];
  /** Undecided, oldest first; the event is missing when it is no longer kept. */
  readonly waiting: readonly { readonly approval: ApprovalView; readonly event: EventView | undefined }[];
  /** Newest first. */
  readonly failed: readonly DeliveryView[];
  readonly counts: Counts;
  /** Credentials that are throttled. */
  readonly throttles?: readonly Throttle[];
}

export interface HomeContext {
  /** `https://github.com`, or the web address of a GitHub Enterprise Server. */
  readonly githubUrl: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Rows of each list. */
const MOST_ROWS = 10;
/** At most one per credential, so there are few. */
const MOST_THROTTLES = 5;

const LEFT_OUT: KnownBlock = {
  type: 'context',
  elements: [{ type: 'mrkdwn', text: 'App Home cannot hold all of it: run `wandb-relay deliveries` to see the rest.', verbatim: true }],
};

/** App Home: open approvals, failed deliveries and the latest events. */
export function homeView({ recent, waiting, failed, counts, throttles = [] }: HomeContent, { githubUrl, now }: HomeContext): HomeView {
  const parts: Part[] = [
    { rank: 0, blocks: [header('wandb-relay'), ...context(`${countWords(counts)} As of ${slackDate(now)}.`)] },
    { rank: 0, blocks: context(...throttles.slice(0, MOST_THROTTLES).map(throttleWords)) },
    ...list('Awaiting approval', 'Nothing awaits approval.', waiting.map(waitingRow), 1),
    ...list(
      'Failed deliveries',
      'No delivery failed.',
      failed.map((delivery) => failedRow(delivery, githubUrl)),
      2,
    ),
    ...list('Recent events', 'Nothing has arrived yet.', recent.map(eventRow), 3),
  ];
  return { type: 'home', blocks: compose(parts, { blocks: SLACK_LIMITS.viewBlocks, leftOut: LEFT_OUT }) };
}

function list(title: string, nothing: string, rows: readonly string[], rank: number): Part[] {
  const shown = rows.slice(0, MOST_ROWS);
  const more = rows.length - shown.length;
  return [
    { rank: 0, blocks: [divider(), header(title), ...(rows.length === 0 ? context(nothing) : [])] },
    ...shown.map((row): Part => ({ rank, blocks: [section(row)] })),
    ...(more === 0 ? [] : [{ rank: 0, blocks: context(`and ${more} more`) }]),
  ];
}

function waitingRow({ approval, event }: HomeContent['waiting'][number]): string {
  const what = event === undefined ? `event ${mrkdwnName(approval.eventId, 60)}` : sentenceOf(event.event, sayBold);
  const where = `route ${bold(approval.route)}, asked in ${channelName(approval.channel)}`;
  return `:raised_hand: ${what}\n${where}, expires ${slackDate(approval.expiresAt)}`;
}

function failedRow(delivery: DeliveryView, githubUrl: string): string {
  return `${targetWords(delivery, githubUrl)} (route ${mrkdwnName(delivery.route)}), ${slackDate(delivery.updatedAt)}\n${stateLine(delivery)}`;
}

const OUTCOMES: Readonly<Record<EventView['outcome'], string>> = {
  routed: '',
  unmatched: ' (no route matched)',
  cooldown: ' (within the cooldown of its routes)',
  duplicate: ' (a duplicate)',
};

function eventRow({ event, outcome, receivedAt }: EventView): string {
  const place = placeOf(event);
  return `${sentenceOf(event, sayBold)}${OUTCOMES[outcome]}\n${slackDate(receivedAt)}${place === undefined ? '' : ` in ${place}`}`;
}

function throttleWords({ credential, until, reason }: Throttle): string {
  return `:hourglass_flowing_sand: ${bold(credential)} is throttled until ${slackDate(until)}: ${mrkdwnName(reason)}`;
}

function countWords({ events, deliveries, rejected }: Counts): string {
  const received = Object.values(events).reduce((sum, count) => sum + count, 0);
  const { delivered = 0, pending = 0, in_flight = 0, held = 0, dead = 0 } = deliveries;
  const unsent = pending + in_flight;
  return (
    `${received} ${received === 1 ? 'event' : 'events'}; deliveries: ${delivered} delivered, ${unsent} waiting, retrying or sending, ${held} awaiting approval, ${dead} failed; ` +
    `${rejected} ${rejected === 1 ? 'request' : 'requests'} refused.`
  );
}
