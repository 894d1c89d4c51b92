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

/** Whether a request tells people of its event, as a conversation's message or in its thread. */
export function isMessage(request: TargetRequest): request is Extract<TargetRequest, { kind: 'slack' }> {
  return request.kind === 'slack';
}

/** Whether a request only reports elsewhere how a run ended: a conversation shows the run itself. */
export function isRunReport(request: TargetRequest): boolean {
  return request.kind === 'commit_status';
}
