import * as z from 'zod';
import { messageOf } from '../../src/lib/error-message.ts';
import type { BoltApp } from './bolt.ts';
import { cleaned } from './bolt-log.ts';
import type { Handling } from './handling.ts';
import { unfurlsOf } from './unfurl.ts';

export interface UnfurlOptions {
  readonly handling: Handling;
  readonly botToken: string;
  /** `undefined`: nothing is added. */
  readonly wandbAppUrl: () => string | undefined;
  readonly redact: (text: string) => string;
}

const sharedSchema = z.object({
  is_ext_shared_channel: z.boolean().optional(),
  event: z.object({
    channel: z.string(),
    message_ts: z.string(),
    source: z.string().optional(),
    is_ext_shared_channel: z.boolean().optional(),
    links: z.array(z.object({ url: z.string() })),
  }),
});

/**
 * Adds to links to W&B what is known about them (Slack, "link_shared", "chat.unfurl"). Not in channels that are shared with other
 * organizations, and not while somebody still writes: what channel that will be in is not said.
 */
export function listenToLinks(app: BoltApp, { handling, botToken, wandbAppUrl, redact }: UnfurlOptions): void {
  const { store, githubUrl, log } = handling;
  app.event('link_shared', async ({ body }) => {
    const appUrl = wandbAppUrl();
    if (appUrl === undefined) return;
    const { data } = sharedSchema.safeParse(body);
    // Unless Slack says that it is not shared, it may be.
    if (data?.is_ext_shared_channel !== false || data.event.is_ext_shared_channel === true) return;
    const { channel, message_ts: ts, source, links } = data.event;
    if (source !== undefined && source !== 'conversations_history') return;
    try {
      const row = { githubUrl, slackUsers: handling.people.slackUsers, wandbAppUrl: appUrl };
      const unfurls = await unfurlsOf(
        links.map(({ url }) => url),
        store,
        row,
      );
      if (Object.keys(unfurls).length > 0) await app.client.chat.unfurl({ token: botToken, channel, ts, unfurls });
    } catch (error) {
      log.warn({ error: cleaned(messageOf(error), redact) }, 'slack: nothing was added to a link');
    }
  });
}
