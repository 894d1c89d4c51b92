import { ageOf } from '../../src/lib/clock.ts';
import type { SlackClient } from './client.ts';
import { type Installation, isLost } from './installation.ts';
import { NotInstalledError, slackWord } from './read-error.ts';

/** Until Slack is asked again whether the token works: the app may be enabled again with the same one. Milliseconds. */
const ASK_AGAIN_MS = 60_000;

/**
 * A client that stops calling once the installation is lost: what is sent then fails at once, with the reason. One call a
 * minute still goes out, so that an app that is enabled again is noticed.
 */
export function whileInstalled(client: SlackClient, installation: Installation, now: () => number): SlackClient {
  let askedAt: number | undefined;
  return (signal) => {
    const calling = client(signal);
    return {
      apiCall: async (method, options) => {
        const trouble = installation.trouble();
        if (trouble !== undefined && askedAt !== undefined && ageOf(askedAt, now()) < ASK_AGAIN_MS) throw new NotInstalledError(trouble);
        if (trouble !== undefined) askedAt = now();
        try {
          const answer = await calling.apiCall(method, options);
          installation.works();
          return answer;
        } catch (error) {
          const word = slackWord(error);
          if (isLost(word)) {
            askedAt = now();
            installation.lost(word);
          } else if (word !== undefined) {
            installation.works();
          }
          throw error;
        }
      },
    };
  };
}
