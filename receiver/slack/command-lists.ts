import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { SHOWN_COUNTS, shownState } from '../shown-state.ts';
import { DELIVERY_STATES, type DeliveryState, type DeliveryView, type Throttle } from '../store/delivery.ts';
import type { Counts, Store } from '../store/store.ts';
import { unroutedWords } from '../unrouted-words.ts';
import type { KnownBlock } from './blocks.ts';
import { isNamed } from './command-named.ts';
import { cell, listBlocks } from './command-text.ts';
import { done, type Handling, type Outcome, type Person } from './handling.ts';
import { readTrouble, readWaiting, withEvents } from './home.ts';
import { slackDate } from './mrkdwn.ts';
import { aliasName, aliasRow, aliasState, approvalRow, approvalText, deliveryLine, deliveryRow, type RowContext } from './rows.ts';
import { permitted } from './step-in.ts';

/** What is listed: each row with its button. */

/** Deliveries that may need attention: neither delivered, superseded nor cancelled. */
const NOT_DELIVERED: readonly DeliveryState[] = ['pending', 'in_flight', 'held', 'dead'];
export const LISTED = 20;
/** Among which a model is looked for. */
const SEARCHED = 200;
const COUNTED_APPROVALS = 100;

export async function status({ store, now }: Handling): Promise<Outcome> {
  const [counts, throttles, open] = await Promise.all([store.counts(), store.throttles(now()), store.openApprovals(COUNTED_APPROVALS)]);
  const lines = [
    `*Events* ${listOf(counts.events)}`,
    `*Deliveries* ${listOf(shownCounts(counts.deliveries))}`,
    `*Open approvals* ${open.length}${open.length === COUNTED_APPROVALS ? ' or more' : ''}`,
    `*Requests that could not be read* ${counts.rejected}`,
    ...throttles.map(
      ({ credential, until, reason }) =>
        `*Throttled* until ${slackDate(until)}: all deliveries with credential ${escapeMrkdwn(credential)}. ${cell(reason)}`,
    ),
  ];
  return done(lines.join('\n'));
}

function listOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([what, n]) => `${n} ${what}`);
  return parts.length === 0 ? 'none yet' : parts.join(', ');
}

function shownCounts(counts: Counts['deliveries']): Record<string, number> {
  return Object.fromEntries(
    DELIVERY_STATES.flatMap((state) => (counts[state] === undefined ? [] : [[SHOWN_COUNTS[state], counts[state]]])),
  );
}

/** Which version has an alias, and which one is deployed. */
export async function where(handling: Handling, model: string | undefined): Promise<Outcome> {
  const found = await handling.store.aliases({ limit: SEARCHED, ...(model === undefined ? {} : { collection: model }) });
  if (found.length === 0) {
    return done(
      `Nothing is known${model === undefined ? '' : ` of ${cell(model)}`}: no event has given a version an alias since this receiver runs.`,
    );
  }
  const sorted = found.toSorted((a, b) => b.holder.since - a.holder.since);
  const row = rowContext(handling);
  return list(
    sorted.map((view) => ({ line: `${aliasName(view)}: ${aliasState(view, row)}`, block: aliasRow(view, row) })),
    model === undefined ? 'In production' : `In production: ${cell(model)}`,
  );
}

/** What went wrong and still needs somebody. */
export async function failed(handling: Handling, model: string | undefined, person: Person): Promise<Outcome> {
  const [trouble, operator] = await Promise.all([readTrouble(handling.store, handling.now()), permitted(handling, person, null)]);
  const found = trouble.filter(({ event }) => model === undefined || isNamed(event?.event, model));
  if (found.length === 0) return done(`Nothing${model === undefined ? '' : ` of ${cell(model)}`} has failed that still needs somebody.`);
  const row = rowContext(handling);
  return list(
    found.map((one) => ({ line: deliveryLine(one), block: deliveryRow(one, row, operator.may) })),
    'Needs attention',
  );
}

/** What waits for a decision. */
export async function approvals(handling: Handling, model: string | undefined, person: Person): Promise<Outcome> {
  const waiting = await readWaiting(handling, person, COUNTED_APPROVALS);
  const found = waiting.filter(({ event }) => model === undefined || isNamed(event?.event, model));
  if (found.length === 0) return done(`Nothing${model === undefined ? '' : ` of ${cell(model)}`} awaits approval.`);
  const row = rowContext(handling);
  return list(
    found.map((one) => ({ line: approvalText(one, row).replaceAll('\n', '; '), block: approvalRow(one, row) })),
    'Awaiting approval',
  );
}

export async function deliveries(handling: Handling, model: string | undefined): Promise<Outcome> {
  const { store, now } = handling;
  const limit = model === undefined ? LISTED : SEARCHED;
  const [found, throttles] = await Promise.all([store.deliveries({ states: NOT_DELIVERED, limit }), store.throttles(now())]);
  const listed = (await withEvents(store, await ofModel(store, found, model))).slice(0, LISTED);
  const unrouted = model === undefined && listed.length === 0 ? unroutedWords(await store.backlog(), now()) : [];
  if (unrouted.length > 0) return done(unrouted.map((words) => `${escapeMrkdwn(words)}.`).join('\n'));
  if (listed.length === 0) return done(model === undefined ? 'Everything is delivered.' : `Everything of ${cell(model)} is delivered.`);
  const row = rowContext(handling);
  return list(
    listed.map((one) => ({ line: describe(one.delivery, throttles), block: deliveryRow(one, row, true) })),
    'Not delivered',
  );
}

/** Those about a model that is among the last events. */
async function ofModel(store: Store, found: readonly DeliveryView[], model: string | undefined): Promise<readonly DeliveryView[]> {
  if (model === undefined) return found;
  // In pages, events come without their bodies.
  const { items } = await store.eventPage({ limit: SEARCHED });
  const ids = new Set(items.filter(({ event }) => isNamed(event, model)).map(({ id }) => id));
  return found.filter(({ eventId }) => ids.has(eventId));
}

function describe(delivery: DeliveryView, throttles: readonly Throttle[]): string {
  const { id, route, target, reason, createdAt } = delivery;
  const why = reason === null ? '' : ` (${cell(reason)})`;
  return `\`${escapeMrkdwn(id)}\` *${shownState(delivery, throttles)}* ${cell(route)} → ${cell(target)}, ${slackDate(createdAt)}${why}`;
}

function rowContext({ githubUrl, people }: Handling): RowContext {
  return { githubUrl, slackUsers: people.slackUsers };
}

function list(rows: readonly { readonly line: string; readonly block: KnownBlock }[], title: string): Outcome {
  const blocks = rows.map(({ block }) => block);
  return done(rows.map(({ line }) => line).join('\n'), listBlocks(title, blocks));
}
