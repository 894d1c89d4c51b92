import type { Environment } from '../environment.ts';
import type { Targets } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import type { Installation } from './installation.ts';
import type { MessageContext } from './message.ts';
import type { SlackRender } from './slack-target.ts';

export interface SlackTargetsOptions
  extends Omit<MessageContext, 'now' | 'slackUsers' | 'wandbOrganization'>,
    Pick<Runtime, 'now' | 'fetch' | 'log' | 'redactor'> {
  readonly store: Store;
  readonly installation: Installation;
  readonly interactive: boolean;
  /** Of the config that is in use when a message is written. */
  readonly inUse: () => Pick<MessageContext, 'slackUsers' | 'wandbOrganization'>;
}

/** Why a message cannot be sent without `slackTargets`, and what to do. */
export const SLACK_UNCONFIGURED = 'Slack is not connected: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET (or SLACK_APP_TOKEN)';

/** The targets that post to Slack; none without a token. Whatever writes messages is loaded only here. */
export async function slackTargets({ slack }: Pick<Environment, 'slack'>, options: SlackTargetsOptions): Promise<Targets> {
  if (slack === undefined) return {};
  const [render, { slackClient }, { slackTarget }, { whileInstalled }, { postingById }, { toMembers }] = await Promise.all([
    renderWith(options),
    import('./client.ts'),
    import('./slack-target.ts'),
    import('./while-installed.ts'),
    import('./channel-ids.ts'),
    import('./group-target.ts'),
  ]);
  const { fetch, redactor, now, installation } = options;
  const calling = slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch, redact: redactor.text });
  const client = postingById(whileInstalled(calling, installation, now), options.store);
  return forAll(toMembers(slackTarget({ client, conversations: options.store, render, now }), client, options));
}

/** The sandbox's targets: they log each message and send nothing. */
export async function sandboxSlackTargets(options: SlackTargetsOptions): Promise<Targets> {
  const [render, { recordingSlackTarget }] = await Promise.all([renderWith(options), import('./recording-target.ts')]);
  return forAll(recordingSlackTarget({ conversations: options.store, render, now: options.now, log: options.log }));
}

async function renderWith({ wandbAppUrl, githubUrl, interactive, inUse, now }: SlackTargetsOptions): Promise<SlackRender> {
  const [{ conversationMessage, eventMessage }, { alertMessage }] = await Promise.all([
    import('./message.ts'),
    import('./failure-text.ts'),
  ]);
  const context = () => ({ wandbAppUrl, githubUrl, interactive, ...inUse(), now: now() });
  return {
    conversation: (view) => conversationMessage(view, context()),
    event: (event, view) => eventMessage(event, view, context()),
    alert: (alert) => alertMessage(alert, { githubUrl, slackUsers: inUse().slackUsers ?? {} }),
  };
}

type SlackKinds = 'slack' | 'slack_update' | 'slack_reply';

function forAll(
  target: NonNullable<Targets['slack']> & NonNullable<Targets['slack_update']> & NonNullable<Targets['slack_reply']>,
): Pick<Targets, SlackKinds> {
  return { slack: target, slack_update: target, slack_reply: target };
}
