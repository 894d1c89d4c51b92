import { digest } from '../lib/digest.ts';
import type { Alert } from './alert.ts';
import type { TargetRequest } from './target.ts';

/** What the receiver itself asks of the target of messages: requests that no route names. Pure. */

/** A request with the target that its delivery names. */
export interface Addressed {
  readonly target: string;
  readonly request: TargetRequest;
}

interface Conversation {
  readonly key: string;
  readonly channel: string;
}

/** Shows the current state in the conversation's message. */
export function messageUpdate({ key, channel }: Conversation): Addressed {
  return { target: `slack_update:${channel}`, request: { kind: 'slack_update', conversation: key } };
}

/** Reports a problem in the conversation's thread. */
export function alertReply({ key, channel }: Conversation, alert: Alert): Addressed {
  return { target: `slack:${channel}`, request: { kind: 'slack_reply', conversation: key, alert } };
}

/**
 * The key of an alert's own conversation: one that no message about the event is part of, and whose message is never edited.
 *
 * @param about what it is about, unlike anything else in its channel
 */
export function alertConversation(channel: string, about: string): string {
  return `${ALERT_PREFIX}${digest(`${channel}\n${about}`)}`;
}

/** Conversations are known by digests, which have no colon. */
export const ALERT_PREFIX = 'alert:';

export function isAlertConversation(key: string): boolean {
  return key.startsWith(ALERT_PREFIX);
}

/** The credential of a channel: each has a rate limit of its own. */
export function channelCredential(channel: string): string {
  return `slack:${channel}`;
}

/** Whether a request tells people of its event, as a conversation's message or in its thread. */
export function isMessage(request: TargetRequest): request is Extract<TargetRequest, { kind: 'slack' }> {
  return request.kind === 'slack';
}

/** Whether a request only reports elsewhere how a run ended: a conversation shows the run itself. */
export function isRunReport(request: TargetRequest): boolean {
  return request.kind === 'commit_status';
}
