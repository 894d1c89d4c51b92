import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { parseExactJson } from '../../src/lib/json.ts';
import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import type { DeliveryState, DeliveryView } from '../store/delivery.ts';
import { type SimulatedRoute, simulateRoutes, waits } from '../webhook/simulate.ts';
import { MUTE_TIMES, type MuteTime } from './actions.ts';
import { done, type Handling, type Outcome, type Person, refused } from './handling.ts';
import { slackDate } from './mrkdwn.ts';
import { muteById, permitted, replayById } from './step-in.ts';

export const COMMAND = '/wandb-relay';

/** Deliveries that somebody may want to look at: neither sent nor given up for a reason of ours. */
const NOT_DELIVERED: readonly DeliveryState[] = ['pending', 'in_flight', 'held', 'dead'];
const LISTED = 20;
const COUNTED_APPROVALS = 100;
/** Slack cuts far longer texts, but asks to stay below this (Slack, "chat.postMessage": 4,000 characters). */
const MAX_TEXT = 3_900;
const MAX_CELL = 150;
/** More than fits into a message of Slack is not asked. */
const MAX_WORDS = 12_000;

/** What was typed after the name of the command. The answer is mrkdwn of at most 3,900 characters. */
export async function runCommand(handling: Handling, words: string, person: Person): Promise<Outcome> {
  const outcome = await run(handling, words.slice(0, MAX_WORDS).trim(), person);
  return { ...outcome, text: capped(outcome.text) };
}

/** On Workers the last word may name the source whose store is meant; it has done its work by the time it arrives here. */
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

/** Where operators are named, what events hold is for them alone. */
async function forOperators(handling: Handling, person: Person, work: () => Promise<Outcome>): Promise<Outcome> {
  const permission = await permitted(handling, person, null);
  return permission.may ? work() : refused(permission.why);
}

function help(): Outcome {
  const lines: [string, string][] = [
    ['status', 'how much arrived, what waits, what is dead, what is held back'],
    ['deliveries', `the newest ${LISTED} that are not delivered`],
    ['mute <delivery id> [1h|24h|7d]', 'no messages of its route about its subject; 24h when left out'],
    ['unmute <delivery id>', 'messages again'],
    ['replay <delivery id>', 'send it once more'],
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
    `*Deliveries* ${listOf(counts.deliveries)}`,
    `*Waiting for approval* ${approvals.length}${approvals.length === COUNTED_APPROVALS ? ' or more' : ''}`,
    `*Requests that could not be read* ${counts.rejected}`,
    ...throttles.map(
      ({ credential, until, reason }) =>
        `*Held back* until ${slackDate(until)}: everything that uses ${escapeMrkdwn(credential)}. ${cell(reason)}`,
    ),
  ];
  return done(lines.join('\n'));
}

function listOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([what, n]) => `${n} ${what.replace('_', ' ')}`);
  return parts.length === 0 ? 'none yet' : parts.join(', ');
}

async function deliveries({ store }: Handling): Promise<Outcome> {
  const found = await store.deliveries({ states: NOT_DELIVERED, limit: LISTED });
  if (found.length === 0) return done('Everything is delivered.');
  return done(found.map(describe).join('\n'));
}

function describe({ id, state, route, target, reason, createdAt }: DeliveryView): string {
  const why = reason === null ? '' : ` (${cell(reason)})`;
  return `\`${escapeMrkdwn(id)}\` *${state.replace('_', ' ')}* ${cell(route)} → ${cell(target)}, ${slackDate(createdAt)}${why}`;
}

/** What a template or a route's name does not decide: nothing is stored, and ids are made up. */
function simulate({ routes, redactJson, newId }: Handling, text: string): Outcome {
  // Keyboards of phones and of macOS write quotation marks of their own.
  const parsed = [text, text.replace(/[“”„]/g, '"')].map(parseExactJson).find(({ ok }) => ok) ?? parseExactJson(text);
  if (!parsed.ok)
    return refused(`This is not JSON: ${escapeMrkdwn(parsed.error)}. Write the body as W&amp;B would send it, after \`simulate\`.`);
  const payload = redactJson(parsed.value);
  const understood = understandBody(payload, DEFAULT_SOURCE);
  if (understood.kind === 'ping') return done('This is what the Test button of W&amp;B sends: it is answered and starts nothing.');
  const simulated = simulateRoutes(routes, understood.event, payload, newId);
  // Those that match first, because the end may be cut off.
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
      const would = waits(route, item) ? 'would wait for an approval, then go' : 'would go';
      const what = 'problem' in item ? `nothing: ${cell(item.problem)}` : `\`${cell(code(JSON.stringify(item.request)), 600)}\``;
      return `• ${would} to ${cell(item.target)}: ${what}`;
    }),
  ];
}

/** A back-tick would end the code; its twin is as good to look at. */
function code(text: string): string {
  return text.replaceAll('`', 'ˋ');
}

/** One value among others: on one line, not too long, harmless. */
function cell(text: string, limit = MAX_CELL): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  const letters = [...line];
  return escapeMrkdwn(letters.length > limit ? `${letters.slice(0, limit - 1).join('')}…` : line);
}

/** Whole lines only, so that nothing is cut inside an escaped character or a date. */
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
  return [...kept, `… and ${left} more line${left === 1 ? '' : 's'}. All of it: the command line of wandb-relay.`].join('\n');
}
