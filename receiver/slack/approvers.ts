import type { WebClient } from '@slack/web-api';
import { isSameChannel } from '../../src/route/channel.ts';
import type { SendResult } from '../outbox/target.ts';
import type { ApprovalView } from '../store/approvals.ts';
import type { ConversationEvent, ConversationView } from '../store/conversations.ts';
import { nextCursor } from './find-message.ts';
import { isUserGroup } from './may-decide.ts';
import { neededScope, slackWord } from './read-error.ts';

/** Whether a message asks for a decision, and whether those who may decide can see it. */

/** Half a sentence with what to do, that is added to why a question could not be posted. */
export const NOBODY_ASKED = '. Until then nobody is asked to approve';

/** Whether people are asked about the event in the view's own channel: then its message has the buttons. */
export function asksHere(event: ConversationEvent, view: Pick<ConversationView, 'channel'>): boolean {
  return questionsIn(event, view).length > 0;
}

function questionsIn({ approvals }: ConversationEvent, view: Pick<ConversationView, 'channel'>): ApprovalView[] {
  return approvals.filter(({ decision, channel }) => decision === null && isSameChannel(channel, view.channel));
}

/** What came of posting a message, with what that means for the questions that it asks. */
export async function afterAsking(
  client: Pick<WebClient, 'apiCall'>,
  result: SendResult,
  event: ConversationEvent,
  view: Pick<ConversationView, 'channel'>,
): Promise<SendResult> {
  const questions = questionsIn(event, view);
  if (questions.length === 0) return result;
  if (result.outcome === 'refused') return { ...result, detail: `${result.detail}${NOBODY_ASKED}` };
  if (result.outcome !== 'delivered' || result.message === undefined) return result;
  const { notAsked, unknown } = await approversIn(client, result.message.channel, view.channel, questions);
  if (notAsked !== undefined) return { ...result, detail: `${result.detail}, but ${notAsked}`, notAsked };
  return unknown === undefined ? result : { ...result, detail: `${result.detail}; ${unknown}` };
}

interface Approvers {
  /** Too few of them are in the channel. */
  readonly notAsked?: string;
  /** That cannot be known, and why. */
  readonly unknown?: string;
}

/** Slack takes up to 1,000 at once (Slack, "conversations.members"). */
const PAGE = 1_000;
/** A channel with more members is not read to its end. */
const MOST_PAGES = 5;

/**
 * Looks whether enough of those who may decide are in the channel where they are asked. Needs `channels:read`, and for private
 * channels `groups:read`, which the app does not ask for: without them it is not known. Nobody knows who is in a user group, so
 * one counts as there. Never rejects.
 *
 * @param channel the channel's id
 */
async function approversIn(
  client: Pick<WebClient, 'apiCall'>,
  channel: string,
  name: string,
  approvals: readonly Pick<ApprovalView, 'by' | 'approvals'>[],
): Promise<Approvers> {
  const asked = approvals.filter(({ by }) => by !== null && !by.some(isUserGroup));
  if (asked.length === 0) return {};
  const wanted = new Set(asked.flatMap(({ by }) => by ?? []));
  const here = new Set<string>();
  try {
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await client.apiCall('conversations.members', { channel, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      const { members } = answer as { members?: unknown };
      if (!Array.isArray(members)) return {};
      for (const member of members) if (typeof member === 'string' && wanted.has(member)) here.add(member);
      cursor = nextCursor(answer);
      if (here.size === wanted.size || cursor === undefined) return missing(asked, here, name);
    }
    return {};
  } catch (error) {
    if (slackWord(error) !== 'missing_scope') return {};
    return { unknown: `whether those who may decide are in ${name} is not known: the app lacks the scope ${neededScope(error)}` };
  }
}

function missing(asked: readonly Pick<ApprovalView, 'by' | 'approvals'>[], here: ReadonlySet<string>, name: string): Approvers {
  for (const { by, approvals: needed = 1 } of asked) {
    const count = (by ?? []).filter((id) => here.has(id)).length;
    if (count >= needed) continue;
    const who = count === 0 ? 'nobody who may decide is' : `only ${count} of those who may decide ${count === 1 ? 'is' : 'are'}`;
    const more = needed === 1 ? '' : `, and ${needed} must approve`;
    return { notAsked: `${who} in ${name}${more}: invite ${count === 0 ? 'them' : 'the others'} there` };
  }
  return {};
}
