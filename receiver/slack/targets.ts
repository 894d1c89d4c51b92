import type { Redactor } from '../../src/lib/redact.ts';
import type { Environment } from '../environment.ts';
import type { Logger } from '../log/log.ts';
import type { Targets } from '../outbox/target.ts';
import type { Store } from '../store/store.ts';
import { eventMessage, type MessageContext, storyMessage } from './message.ts';
import type { SlackRender } from './slack-target.ts';

export interface SlackTargetsOptions extends Omit<MessageContext, 'now'> {
  readonly store: Store;
  readonly interactive: boolean;
  readonly fetch: typeof globalThis.fetch;
  readonly redactor: Redactor;
  readonly now: () => number;
}

/** Why a message cannot be sent without `slackTargets`, and what to do. */
export const SLACK_UNCONFIGURED = 'Slack is not connected: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET (or SLACK_APP_TOKEN)';

/** Slack for real; none without a token. Its client is loaded only here. */
export async function slackTargets({ slack }: Pick<Environment, 'slack'>, options: SlackTargetsOptions): Promise<Targets> {
  if (slack === undefined) return {};
  const [{ slackClient }, { slackTarget }] = await Promise.all([import('./client.ts'), import('./slack-target.ts')]);
  const client = slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch: options.fetch, redact: options.redactor.text });
  return forAll(slackTarget({ client, book: options.store, render: renderWith(options), now: options.now }));
}

/** The sandbox: everything is written down and nothing sent. */
export async function sandboxSlackTargets(log: Logger, options: SlackTargetsOptions): Promise<Targets> {
  const { recordingSlackTarget } = await import('./recording-target.ts');
  return forAll(recordingSlackTarget({ book: options.store, render: renderWith(options), now: options.now, log }));
}

function renderWith({ wandbAppUrl, wandbOrganization, githubUrl, interactive, now }: SlackTargetsOptions): SlackRender {
  const context = () => ({ wandbAppUrl, wandbOrganization, githubUrl, interactive, now: now() });
  return {
    story: (story) => storyMessage(story, context()),
    event: (event, story) => eventMessage(event, story, context()),
  };
}

type SlackKinds = 'slack' | 'slack_update' | 'slack_reply';

function forAll(
  target: NonNullable<Targets['slack']> & NonNullable<Targets['slack_update']> & NonNullable<Targets['slack_reply']>,
): Pick<Targets, SlackKinds> {
  return { slack: target, slack_update: target, slack_reply: target };
}
