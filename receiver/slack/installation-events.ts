import * as z from 'zod';
import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';
import type { BoltApp } from './bolt.ts';
import { cleaned } from './bolt-log.ts';
import { type Installation, isLost } from './installation.ts';
import { slackWord } from './read-error.ts';

export interface InstallationEventOptions extends Pick<Runtime, 'log' | 'redactor'> {
  readonly installation: Installation;
  readonly botToken: string;
}

const revokedSchema = z.object({ tokens: z.object({ bot: z.array(z.string()).optional() }) });

/**
 * Notices at once that the app was removed or its token revoked (Slack, "app_uninstalled" and "tokens_revoked"). Slack is
 * asked whether our token still works, because the event may be about another installation of the same app.
 */
export function listenToInstallation(app: BoltApp, { installation, botToken, log, redactor }: InstallationEventOptions): void {
  const check = async (event: 'app_uninstalled' | 'tokens_revoked'): Promise<void> => {
    try {
      await app.client.auth.test({ token: botToken });
      installation.works();
      log.info({ event }, 'slack: the token still works, so this was about another installation of the app');
    } catch (error) {
      const word = slackWord(error);
      log.warn({ event, error: cleaned(messageOf(error), redactor.text) }, 'slack: the app was removed, or its token revoked');
      installation.lost(isLost(word) ? word : event);
    }
  };
  app.event('app_uninstalled', () => check('app_uninstalled'));
  app.event('tokens_revoked', async ({ event }) => {
    // Tokens of people are no business of ours: the app has none.
    const { data } = revokedSchema.safeParse(event);
    if (data?.tokens.bot?.length !== 0) await check('tokens_revoked');
  });
}
