import type { RelayEvent } from '../../src/event/event.ts';
import { limitWords, numberWords } from '../../src/event/metric-words.ts';
import { type WandbApp, wandbLinks } from '../../src/event/wandb-links.ts';
import { durationWords } from '../../src/lib/duration.ts';
import type { ConversationEvent, ConversationView } from '../store/conversations.ts';
import { context, type KnownBlock, section } from './blocks.ts';
import { fitMrkdwn, link, mrkdwnName, slackDate } from './mrkdwn.ts';
import { runLabel, runStateWords } from './run-words.ts';
import { placeOf } from './sentence.ts';
import { tellsOfFailure } from './stage.ts';

/** The message that stands for many runs of which the same happened in a short time: a machine died, a sweep diverged. */

const MINUTE = 60_000;
const TEXT_LIMIT = 120;
const NAME = 40;
/** Characters of all names with their links; Slack takes 3,000 in a section. */
const NAMES_LIMIT = 2400;
const MOST_NAMED = 20;

/** How many, what, the first ones with links, how many are resolved, and how their dispatches stand. */
export function manyRunsMessage(view: ConversationView, counts: string, app: WandbApp): { text: string; blocks: KnownBlock[] } {
  const { resolvedCount = 0, begunBefore = 0 } = view;
  const begun = view.events.filter(({ event }) => event.event.resolved !== true);
  const [first, last] = [begun[0] ?? view.events[0], begun.at(-1) ?? view.events.at(-1)];
  if (first === undefined || last === undefined) return { text: 'Many runs', blocks: [section('Many runs')] };
  const count = Math.max(begun.length, view.eventCount - resolvedCount);
  const what = `${count}${begunBefore > 0 ? ' more' : ''} ${whatHappened(begun, count)}`;
  const time = spanWords(last.event.receivedAt - first.event.receivedAt);
  const isOver = resolvedCount > 0 && resolvedCount >= count;
  const dispatches = counts === '' ? '' : `dispatches: ${counts}`;
  const notes = [resolvedWords(resolvedCount, count), dispatches].filter((note) => note !== '').join(' · ');
  const limit = first.event.event.metric === undefined ? undefined : limitWords(first.event.event);
  const lines = [
    `${isOver ? ':white_check_mark:' : signOf(begun)} *${what}* ${time}${limit === undefined ? '' : ` (${limit})`}`,
    namesOf(begun, count, app),
    notes,
  ];
  const { automation } = last.event.event;
  return {
    text: textOf(`${what} ${time}`, begun, count, notes),
    blocks: [
      section(lines.filter((line) => line !== '').join('\n')),
      ...context(
        timesOf(first.event.receivedAt, last.event.receivedAt),
        placesOf(begun),
        automation === undefined ? '' : `automation ${mrkdwnName(automation, 60)}`,
        'each of them: `wandb-relay events`',
      ),
    ],
  };
}

function textOf(head: string, begun: readonly ConversationEvent[], count: number, notes: string): string {
  const end = notes === '' ? '' : ` (${notes})`;
  let names = '';
  for (const [i, { event }] of begun.entries()) {
    const next = `${names}${i === 0 ? ': ' : ', '}${mrkdwnName(runLabel(event.event, event.wandb) ?? '', 24)}`;
    const more = i + 1 < count ? ', …' : '';
    if (head.length + next.length + more.length + end.length > TEXT_LIMIT) break;
    names = next;
  }
  const named = names.split(', ').length;
  return fitMrkdwn(`${head}${names}${names !== '' && named < count ? ', …' : ''}${end}`, TEXT_LIMIT);
}

/** Each with its value, where they have one: `train-1 9.10`. */
function namesOf(begun: readonly ConversationEvent[], count: number, app: WandbApp): string {
  const names: string[] = [];
  let length = 0;
  for (const { event } of begun.slice(0, MOST_NAMED)) {
    const { value } = event.event;
    const page = wandbLinks(event.event, event.wandb, app).find(({ kind }) => kind === 'run');
    const name = `${link(page?.url, runLabel(event.event, event.wandb) ?? '', NAME)}${value === undefined ? '' : ` ${numberWords(value)}`}`;
    length += name.length + 2;
    if (length > NAMES_LIMIT) break;
    names.push(name);
  }
  const more = count - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function whatHappened(begun: readonly ConversationEvent[], count: number): string {
  const events = begun.map(({ event }) => event.event);
  const [first] = events;
  const runs = count === 1 ? 'run' : 'runs';
  const metrics = [...new Set(events.flatMap(({ metric }) => metric ?? []))];
  const of = metrics.length === 1 ? mrkdwnName(metrics[0] ?? '', NAME) : undefined;
  switch (first?.type) {
    case 'run_state':
      return `${runs} ${statesOf(events, count)}`;
    case 'run_silent':
      return `silent ${runs}`;
    case 'run_metric_nonfinite':
      return `${runs} with NaN or infinity in ${of ?? 'a metric'}`;
    default:
      return `${count === 1 ? 'alert' : 'alerts'}${of === undefined ? '' : ` for ${of}`}`;
  }
}

/** `crashed`, `failed or crashed`. */
function statesOf(events: readonly RelayEvent[], count: number): string {
  const words = [...new Set(events.map(({ status }) => runStateWords(status, (name) => mrkdwnName(name, NAME))))];
  const plural = words.map((one) => (count === 1 ? one : one.replace(/^is /, 'are ').replace(/^was /, 'were ')));
  return plural.length < 2 ? plural.join('') : `${plural.slice(0, -1).join(', ')} or ${plural.at(-1)}`;
}

function resolvedWords(resolved: number, count: number): string {
  if (resolved === 0) return '';
  return resolved >= count ? 'all resolved' : `${resolved} resolved`;
}

function signOf(begun: readonly ConversationEvent[]): string {
  if (begun.some(tellsOfFailure)) return ':x:';
  return begun[0]?.event.event.type === 'run_state' ? ':package:' : ':warning:';
}

/** The project, or how many. */
function placesOf(begun: readonly ConversationEvent[]): string {
  const places = new Set(begun.flatMap(({ event }) => placeOf(event.event) ?? []));
  return places.size > 1 ? `${places.size} projects` : ([...places][0] ?? '');
}

/** `in one minute`, `in 4 min`. */
export function spanWords(ms: number): string {
  return ms <= MINUTE ? 'in one minute' : `in ${durationWords(Math.ceil(ms / MINUTE) * MINUTE)}`;
}

/** One time where both show the same minute. */
export function timesOf(first: number, last: number): string {
  const isOneMinute = Math.floor(first / MINUTE) === Math.floor(last / MINUTE);
  return isOneMinute ? slackDate(first) : `${slackDate(first)} to ${slackDate(last)}`;
}
