import type { Throttle } from '../store/delivery.ts';
import type { AliasView } from '../store/ledger.ts';
import type { Counts } from '../store/store.ts';
import { ACTIONS } from './actions.ts';
import {
  actions,
  button,
  compose,
  context,
  divider,
  factSection,
  type HomeView,
  header,
  type KnownBlock,
  type Part,
  SLACK_LIMITS,
  section,
} from './blocks.ts';
import { bold, mrkdwnName, slackDate } from './mrkdwn.ts';
import {
  aliasName,
  aliasState,
  approvalText,
  decisionElements,
  deliveryRow,
  type ListedDelivery,
  type RowContext,
  type WaitingApproval,
} from './rows.ts';

export interface HomeContent {
  /** Undecided, oldest first. */
  readonly waiting: readonly WaitingApproval[];
  readonly aliases: readonly AliasView[];
  /** Deliveries and runs that went wrong, newest first. */
  readonly trouble: readonly ListedDelivery[];
  readonly counts: Counts;
  /** Credentials that are throttled. */
  readonly throttles: readonly Throttle[];
  /** Whether the reader may dispatch again. */
  readonly mayOperate: boolean;
  /** What came of what the reader just pressed here; mrkdwn. */
  readonly notice?: string;
}

export interface HomeContext extends RowContext {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Rows of each list. */
const MOST_ROWS = 10;
/** Two sections of fields. */
const MOST_ALIASES = 20;
/** At most one per credential, so there are few. */
const MOST_THROTTLES = 5;

const LEFT_OUT: KnownBlock = {
  type: 'context',
  elements: [{ type: 'mrkdwn', text: 'App Home cannot hold all of it: run `wandb-relay deliveries` to see the rest.', verbatim: true }],
};

/** App Home: what its reader is asked to decide, what is in production, and what needs somebody. */
export function homeView(content: HomeContent, home: HomeContext): HomeView {
  const { waiting, trouble, throttles, notice } = content;
  const mine = waiting.filter(({ mayApprove }) => mayApprove);
  const others = waiting.filter(({ mayApprove }) => !mayApprove);
  const parts: Part[] = [
    { rank: 0, blocks: notice === undefined ? [] : [section(notice), divider()] },
    { rank: 0, blocks: [header(`For you: ${mine.length === 0 ? 'nothing to decide' : `${mine.length} to decide`}`)] },
    ...rows(mine, 1, (one) => [section(approvalText(one, home)), ...actions(...decisionElements(one))]),
    ...(others.length === 0
      ? []
      : [{ rank: 0, blocks: [header('Others decide')] }, ...rows(others, 2, (one) => [section(approvalText(one, home))])]),
    { rank: 0, blocks: [divider(), header('In production')] },
    ...aliasParts(content.aliases, home),
    { rank: 0, blocks: [divider(), header('Needs attention')] },
    { rank: 0, blocks: throttles.slice(0, MOST_THROTTLES).map((throttle) => section(throttleWords(throttle))) },
    { rank: 0, blocks: trouble.length + throttles.length === 0 ? context('Nothing.') : [] },
    ...rows(trouble, 2, (one) => [deliveryRow(one, home, content.mayOperate)]),
    {
      rank: 0,
      blocks: [
        divider(),
        ...actions(button({ action: ACTIONS.refresh, text: 'Refresh', value: '[]' })),
        ...context(`${countWords(content.counts)} As of ${slackDate(home.now)}.`),
      ],
    },
  ];
  return { type: 'home', blocks: compose(parts, { blocks: SLACK_LIMITS.viewBlocks, bytes: SLACK_LIMITS.viewBytes, leftOut: LEFT_OUT }) };
}

/** What somebody sees who may not read App Home. */
export function deniedHome(why: string): HomeView {
  return { type: 'home', blocks: [section(why), ...actions(button({ action: ACTIONS.refresh, text: 'Refresh', value: '[]' }))] };
}

function rows<T>(items: readonly T[], rank: number, blocksOf: (item: T) => KnownBlock[]): Part[] {
  const shown = items.slice(0, MOST_ROWS);
  const more = items.length - shown.length;
  return [
    ...shown.map((item): Part => ({ rank, blocks: blocksOf(item) })),
    ...(more === 0 ? [] : [{ rank: 0, blocks: context(`and ${more} more`) }]),
  ];
}

/** Production first, then what changed last. */
function aliasParts(aliases: readonly AliasView[], home: RowContext): Part[] {
  if (aliases.length === 0) return [{ rank: 0, blocks: context('No event has given a version an alias yet.') }];
  const sorted = aliases.toSorted((a, b) => Number(isProduction(b)) - Number(isProduction(a)) || b.holder.since - a.holder.since);
  const shown = sorted.slice(0, MOST_ALIASES).map((view) => `${aliasName(view)}\n${aliasState(view, home)}`);
  const more = sorted.length - shown.length;
  const halves = [shown.slice(0, SLACK_LIMITS.fields), shown.slice(SLACK_LIMITS.fields)];
  return [
    ...halves.map((fields, index): Part => ({ rank: 1 + index, blocks: factSection(fields) })),
    ...(more === 0 ? [] : [{ rank: 0, blocks: context(`and ${more} more: \`/wandb-relay where\``) }]),
  ];
}

function isProduction({ alias }: AliasView): boolean {
  return /^prod(uction)?$/i.test(alias);
}

function throttleWords({ credential, until, reason }: Throttle): string {
  return `:hourglass_flowing_sand: ${bold(credential)} is throttled until ${slackDate(until)}: ${mrkdwnName(reason)}`;
}

function countWords({ events, deliveries, rejected }: Counts): string {
  const received = Object.values(events).reduce((sum, count) => sum + count, 0);
  const { pending = 0, in_flight = 0, dead = 0, held = 0 } = deliveries;
  const unsent = pending + in_flight;
  const parts = [
    `${received} ${received === 1 ? 'event' : 'events'}`,
    ...(unsent === 0 ? [] : [`${unsent} waiting, retrying or sending`]),
    ...(held === 0 ? [] : [`${held} awaiting approval`]),
    ...(dead === 0 ? [] : [`${dead} failed`]),
    ...(rejected === 0 ? [] : [`${rejected} ${rejected === 1 ? 'request' : 'requests'} refused`]),
  ];
  return `${parts.length === 1 ? `${parts[0]}; everything is delivered` : parts.join('; ')}.`;
}
