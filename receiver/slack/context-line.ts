import type { RelayEvent } from '../../src/event/event.ts';
import type { WandbLink } from '../../src/event/wandb-links.ts';
import { durationWords } from '../../src/lib/duration.ts';
import type { ConversationEvent } from '../store/conversations.ts';
import { isRollback } from './change.ts';
import { isReplaced } from './headline.ts';
import { bold, link, mrkdwnName, slackDate } from './mrkdwn.ts';
import type { Mentions } from './people.ts';
import { placeOf } from './sentence.ts';
import { type Stage, standingOf } from './stage.ts';

/** What the author did; nothing for runs, which are the author's. */
const VERBS: Readonly<Partial<Record<RelayEvent['type'], string>>> = {
  create_artifact: 'created it',
  link_artifact: 'linked it',
  unlink_artifact: 'unlinked it',
  add_artifact_alias: 'promoted it',
  add_artifact_tag: 'tagged it',
  remove_artifact_tag: 'removed the tag',
  add_collection_tag: 'tagged it',
  remove_collection_tag: 'removed the tag',
};

/** `ada promoted it`, `by ada`; `undefined` when nobody is known. */
export function whoDidIt(from: ConversationEvent, mentions: Mentions): string | undefined {
  const { author, type, alias } = from.event.event;
  if (author === undefined) return undefined;
  const verb = isRollback(from) ? 'rolled it back' : type === 'link_artifact' && alias !== undefined ? 'promoted it' : VERBS[type];
  const who = mentions.author(author);
  return verb === undefined ? `by ${who}` : `${who} ${verb}`;
}

/** `replaces v11, in production for 12 days`; `undefined` when nothing is known. */
export function replacesWords({ event: { event, receivedAt }, promotion }: ConversationEvent): string | undefined {
  const replaced = promotion?.replaced;
  if (replaced == null) return undefined;
  const time = receivedAt - replaced.since;
  return `replaces ${bold(replaced.version, 40)}${time > 0 ? `, in ${mrkdwnName(event.alias ?? '', 40)} for ${durationWords(time)}` : ''}`;
}

const LINK_WORDS: Readonly<Record<WandbLink['kind'], string>> = {
  run: 'Run in W&B',
  artifact: 'Artifact in W&B',
  registry: 'Registry in W&B',
  project: 'Project in W&B',
};

export interface ContextLine {
  readonly mentions: Mentions;
  /** Beyond the one of the headline. */
  readonly links: readonly WandbLink[];
  /** The message says already who it was and what is replaced. */
  readonly isIntroduced: boolean;
}

/** The last line: who, when, what it replaced and what replaced it, route and automation. */
export function contextLine(from: ConversationEvent, { mentions, links, isIntroduced }: ContextLine): string[] {
  const { event } = from.event;
  const receivedAt = happenedAt(from.event);
  const who = isIntroduced ? undefined : whoDidIt(from, mentions);
  const { stage } = standingOf(from);
  const next = from.promotion?.replacedBy;
  const place = placeOf(event);
  const routes = [...new Set(from.deliveries.map(({ route }) => route))].slice(0, 3).map((route) => mrkdwnName(route, 60));
  return [
    who === undefined ? `${isIntroduced ? 'asked ' : ''}${slackDate(receivedAt)}` : `${who} ${slackDate(receivedAt)}`,
    ...(isIntroduced ? [] : [replacesWords(from) ?? '']),
    ...(next == null ? [] : [`${overtaken(from, stage, next.version)} ${slackDate(next.at)}`]),
    ...(place === undefined ? [] : [place]),
    ...(routes.length === 0 ? [] : [`route ${routes.join(', ')}`]),
    ...(event.automation === undefined ? [] : [`automation ${mrkdwnName(event.automation, 60)}`]),
    ...links.slice(0, 2).map(({ kind, url }) => link(url, LINK_WORDS[kind])),
  ];
}

/** Of our own engine: when the condition was met or ended, which may be long before the relay saw it. */
export function happenedAt({ event, receivedAt }: ConversationEvent['event']): number {
  const at = event.at === undefined ? Number.NaN : Date.parse(event.at);
  return Number.isNaN(at) ? receivedAt : at;
}

/** What the next version did to this one, without what the first line says. */
function overtaken(from: ConversationEvent, stage: Stage, version: string): string {
  if (stage === 'superseded') return 'superseded';
  return isReplaced(from, stage) ? 'replaced' : `replaced by ${bold(version, 40)}`;
}
