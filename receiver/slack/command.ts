import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { parseExactJson } from '../../src/lib/json.ts';
import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { SHOWN_COUNTS, shownState } from '../shown-state.ts';
import { DELIVERY_STATES, type DeliveryState, type DeliveryView, type Throttle } from '../store/delivery.ts';
import type { Counts } from '../store/store.ts';
import { type SimulatedRoute, simulateRoutes, waits } from '../webhook/simulate.ts';
import { MUTE_TIMES, type MuteTime } from './actions.ts';
import { done, type Handling, type Outcome, type Person, refused } from './handling.ts';
import { slackDate } from './mrkdwn.ts';
import { muteById, permitted, replayById } from './step-in.ts';

export const COMMAND = '/wandb-relay';

/** Deliveries that may need attention: neither delivered, superseded nor cancelled. */
const NOT_DELIVERED: readonly DeliveryState[] = ['pending', 'in_flight', 'held', 'dead'];
const LISTED = 20;
const COUNTED_APPROVALS = 100;
/** Slack cuts far longer texts, but asks to stay below this (Slack, "chat.postMessage": 4,000 characters). */
const MAX_TEXT = 3_900;
const MAX_CELL = 150;
/** Longer commands are cut: Slack's own messages are shorter. */
const MAX_WORDS = 12_000;

/**
 * Runs what was typed after the command's name. The answer is mrkdwn of at most 3,900 characters.
 */
export async function runCommand(handling: Handling, words: string, person: Person): Promise<Outcome> {
  const outcome = await run(handling, words.slice(0, MAX_WORDS).trim(), person);
  return { ...outcome, text: capped(outcome.text) };
}

/** On Workers the last word may name the source whose store is meant; it has been used by the time the command arrives here. */
const SOURCE_WORD = /(?:^|\s)source:\S+$/;

async function run(handling: Handling, typed: string, person: Person): Promise<Outcome> {
  const words = typed.replace(SOURCE_WORD, '');
  const [name = '', ...rest] = words.split(/\s+/);
  const [id, time, ...more] = rest;
  switch (name.toLowerCase()) {
    case 'status':
      return rest.length === 0 ? status(handling) : help();
    case 'deliveries':
      return rest.length === 0 ? forOperators(handling, person, () => deliveries(handling)) : help();
    case 'mute': {
      const chosen = time ?? '24h';
      if (id === undefined || more.length > 0 || !isMuteTime(chosen) || chosen === 'off') return help();
      return muteById(handling, id, chosen, person);
    }
    case 'unmute':
      return id === undefined || time !== undefined ? help() : muteById(handling, id, 'off', person);
    case 'replay':
      return id === undefined || time !== undefined ? help() : replayById(handling, id, person);
    case 'simulate':
      return forOperators(handling, person, async () => simulate(handling, words.slice(name.length).trim()));
    case 'help':
    case '':
      return { ...help(), done: true };
    default:
      return help();
  }
}

/** When the config names operators, only they may read events. */
async function forOperators(handling: Handling, person: Person, work: () => Promise<Outcome>): Promise<Outcome> {
  const permission = await permitted(handling, person, null);
  return permission.may ? work() : refused(permission.why);
}

function help(): Outcome {
  const lines: [string, string][] = [
    ['status', 'how much arrived, what waits, what failed, what is throttled'],
    ['deliveries', `the newest ${LISTED} that are not delivered`],
    ['mute <delivery id> [1h|24h|7d]', 'no messages of its route about its subject; default 24h'],
    ['unmute <delivery id>', 'messages again'],
    ['replay <delivery id>', 'sends it once more'],
    ['simulate <event as JSON>', 'what an event would start, and why not; sends nothing'],
  ];
  return refused(lines.map(([words, what]) => `\`${COMMAND} ${escapeMrkdwn(words)}\` ${what}`).join('\n'));
}

function isMuteTime(text: string): text is MuteTime {
  return Object.hasOwn(MUTE_TIMES, text);
}

async function status({ store, now }: Handling): Promise<Outcome> {
  const [counts, throttles, approvals] = await Promise.all([
    store.counts(),
    store.throttles(now()),
    store.openApprovals(COUNTED_APPROVALS),
  ]);
  const lines = [
    `*Events* ${listOf(counts.events)}`,
    `*Deliveries* ${listOf(shownCounts(counts.deliveries))}`,
    `*Open approvals* ${approvals.length}${approvals.length === COUNTED_APPROVALS ? ' or more' : ''}`,
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

async function deliveries({ store, now }: Handling): Promise<Outcome> {
  const [found, throttles] = await Promise.all([store.deliveries({ states: NOT_DELIVERED, limit: LISTED }), store.throttles(now())]);
  if (found.length === 0) return done('Everything is delivered.');
  return done(found.map((delivery) => describe(delivery, throttles)).join('\n'));
}

function describe(delivery: DeliveryView, throttles: readonly Throttle[]): string {
  const { id, route, target, reason, createdAt } = delivery;
  const why = reason === null ? '' : ` (${cell(reason)})`;
  return `\`${escapeMrkdwn(id)}\` *${shownState(delivery, throttles)}* ${cell(route)} → ${cell(target)}, ${slackDate(createdAt)}${why}`;
}

/** Evaluates the routes for an event. Stores nothing; the ids are made up. */
function simulate({ routes, redactJson, newId }: Handling, text: string): Outcome {
  // Keyboards of phones and of macOS write quotation marks of their own.
  const parsed = [text, text.replace(/[“”„]/g, '"')].map(parseExactJson).find(({ ok }) => ok) ?? parseExactJson(text);
  if (!parsed.ok)
    return refused(`This is not JSON: ${escapeMrkdwn(parsed.error)}. Write the body as W&amp;B would send it, after \`simulate\`.`);
  const payload = redactJson(parsed.value);
  const understood = understandBody(payload, DEFAULT_SOURCE);
  if (understood.kind === 'ping') return done('The Test button of W&amp;B sends this. The relay answers it and starts nothing.');
  const simulated = simulateRoutes(routes, understood.event, payload, newId);
  // Matching routes first, because the end may be cut off.
  const ordered = [...simulated].sort((a, b) => Number(b.matches) - Number(a.matches));
  const matching = simulated.filter(({ matches }) => matches).length;
  const head = `Event ${understood.event.type}: ${matching} of ${simulated.length} routes match. Nothing was sent.`;
  return done([head, ...ordered.flatMap(describeRoute)].join('\n'));
}

function describeRoute(route: SimulatedRoute): string[] {
  if (!route.matches) return [`*${cell(route.route)}* does not match: ${cell(route.why.join('; '))}`];
  return [
    `*${cell(route.route)}* matches`,
    ...route.requests.map((item) => {
      const would = waits(route, item) ? 'would await approval, then be sent' : 'would be sent';
      const what = 'problem' in item ? `nothing: ${cell(item.problem)}` : `\`${cell(code(JSON.stringify(item.request)), 600)}\``;
      return `• ${would} to ${cell(item.target)}: ${what}`;
    }),
  ];
}

/** A back-tick would end the code span; a look-alike replaces it. */
function code(text: string): string {
  return text.replaceAll('`', 'ˋ');
}

/** One value among others: on one line, not too long, harmless. */
function cell(text: string, limit = MAX_CELL): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  const letters = [...line];
  return escapeMrkdwn(letters.length > limit ? `${letters.slice(0, limit - 1).join('')}…` : line);
}

/** Cuts whole lines, never inside an escape or a date. */
function capped(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const lines = text.split('\n');
  const kept: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > MAX_TEXT - 100) break;
    kept.push(line);
  }
  const left = lines.length - kept.length;
  return [...kept, `… and ${left} more line${left === 1 ? '' : 's'}. Run \`wandb-relay\` on the command line to see all of it.`].join('\n');
}
