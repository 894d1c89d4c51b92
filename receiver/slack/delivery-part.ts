import type { ConversationEvent, ConversationView, Mute } from '../store/conversations.ts';
import type { DeliveryView } from '../store/delivery.ts';
import { rollbackButton, runAgainButton } from './act-buttons.ts';
import { ACTIONS, encodeMute, type MuteTime } from './actions.ts';
import { actions, context, type KnownBlock, linkButton, overflow, type Part, section } from './blocks.ts';
import { shortState, stateLine, targetWords, wentWrong } from './delivery-words.ts';
import { bold, mrkdwnName, slackDate } from './mrkdwn.ts';
import { nameOf } from './people.ts';

/** Deliveries that are shown one by one; the rest are counted. */
const MOST_SHOWN = 8;
/** Mutes that are listed one by one. */
const MOST_MUTES = 5;

/** States that are counted separately; GitHub's conclusions are open-ended. */
const MOST_KINDS = 6;

/** The deliveries of an event, in their order. When there are too many, those that went wrong are shown and the others counted. */
export function deliveryParts(from: ConversationEvent, deliveries: readonly DeliveryView[], options: DeliveryPartOptions): Part[] {
  const byNeed = deliveries.toSorted((a, b) => Number(wentWrong(b)) - Number(wentWrong(a)));
  const shown = new Set(byNeed.slice(0, MOST_SHOWN));
  const menus = menusFor(from, options.mutes);
  const parts = deliveries
    .filter((delivery) => shown.has(delivery))
    .map((delivery): Part => {
      const text = `${targetWords(delivery, options.githubUrl)} (route ${mrkdwnName(delivery.route)})\n${stateLine(delivery)}`;
      return { rank: options.rank, blocks: [section(text, { accessory: menus(delivery) }), ...deliveryButtons(from, delivery)] };
    });
  const rest = deliveries.filter((delivery) => !shown.has(delivery));
  if (rest.length === 0) return parts;
  return [...parts, { rank: options.rank, blocks: context(`And ${rest.length} more: ${countsOf(rest)}.`) }];
}

export interface DeliveryPartOptions {
  readonly githubUrl: string;
  /** The active ones. */
  readonly mutes: readonly Mute[];
  readonly rank: number;
}

/** The menu beside a delivery, once it is finished: one for each route, because a mute is the route's, not the delivery's. */
export function menusFor(from: ConversationEvent, mutes: readonly Mute[]): (delivery: DeliveryView) => ReturnType<typeof overflow> {
  const routes = new Set(mutes.filter((mute) => mute.subjectKey === from.event.subjectKey).map((mute) => mute.route));
  return (delivery) => {
    if (!isFinished(delivery) || routes.has(delivery.route)) return undefined;
    routes.add(delivery.route);
    return muteMenu(from, delivery, ['1h', '24h', '7d']);
  };
}

/** The active mutes, each with a menu that ends it. */
export function muteParts(view: ConversationView, now: number, rank: number): Part[] {
  const active = activeMutes(view, now);
  const parts = active.slice(0, MOST_MUTES).map((mute): Part => {
    const text = `:no_bell: Route ${bold(mute.route)} is muted for this subject until ${slackDate(mute.until)} (by ${mrkdwnName(nameOf(mute.by))}).`;
    const found = deliveryOf(mute, view);
    const menu = found && muteMenu(found.from, found.delivery, ['off']);
    return { rank, blocks: menu === undefined ? context(text) : [section(text, { accessory: menu })] };
  });
  const more = active.length - parts.length;
  return more === 0 ? parts : [...parts, { rank, blocks: context(`And ${more} more ${more === 1 ? 'route is' : 'routes are'} muted.`) }];
}

export function activeMutes({ mutes }: ConversationView, now: number): Mute[] {
  return mutes.filter(({ until }) => until > now);
}

/** Counts by state: `run in progress (40×), failed`. */
export function countsOf(deliveries: readonly DeliveryView[]): string {
  const counts = new Map<string, number>();
  for (const delivery of deliveries) {
    // With its duration, every run would be a kind of its own.
    const state = shortState(delivery).replace(/ (?:in|after) \d.*$/, '');
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const kinds = [...counts].toSorted(([, a], [, b]) => b - a);
  const listed = kinds.slice(0, MOST_KINDS).map(([state, count]) => (count === 1 ? state : `${state} (${count}×)`));
  const others = kinds.slice(MOST_KINDS).reduce((sum, [, count]) => sum + count, 0);
  return [...listed, ...(others === 0 ? [] : [`other (${others}×)`])].join(', ');
}

function isFinished({ state }: DeliveryView): boolean {
  return state === 'delivered' || state === 'dead';
}

/** What can be done with a delivery as it stands, in one row. */
export function deliveryButtons(from: ConversationEvent, delivery: DeliveryView, { again: isOffered = true } = {}): KnownBlock[] {
  const open = linkButton(ACTIONS.openRun, 'Open run', delivery.run?.url ?? delivery.runUrl);
  return actions(open, isOffered ? runAgainButton(from, delivery) : undefined, rollbackButton(from, delivery));
}

const MUTE_WORDS: Readonly<Record<MuteTime, string>> = {
  '1h': 'Mute for an hour',
  '24h': 'Mute for 24 hours',
  '7d': 'Mute for a week',
  off: 'Unmute',
};

function muteMenu(from: ConversationEvent, delivery: DeliveryView, times: readonly MuteTime[]): ReturnType<typeof overflow> {
  const source = from.event.event.source;
  const options = times.map((time) => ({ text: MUTE_WORDS[time], value: encodeMute({ source, deliveryId: delivery.id, time }) }));
  return overflow(ACTIONS.mute, options);
}

/** Any delivery of the muted route and subject: the button's handler finds both by its id. */
function deliveryOf(mute: Mute, { events }: ConversationView): { from: ConversationEvent; delivery: DeliveryView } | undefined {
  for (const from of events) {
    if (from.event.subjectKey !== mute.subjectKey) continue;
    const delivery = from.deliveries.find(({ route }) => route === mute.route);
    if (delivery !== undefined) return { from, delivery };
  }
  return undefined;
}
