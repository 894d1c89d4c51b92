import type { Runtime } from '../runtime.ts';

/** Whether the app may still act in its workspace, as far as Slack has said. Kept in memory: Slack says it again. */
export interface Installation {
  /** Why nothing can be sent, and what to do; `undefined` while nothing is known to be wrong. */
  trouble(): string | undefined;
  /** Whether Slack has said either since this receiver was started. */
  isKnown(): boolean;
  /** Slack says that the token is not good any more, in this word. */
  lost(word: string): void;
  /** Slack took a call with the token. */
  works(): void;
}

/** Slack's words for a token that was good and is not any more: no later call with it will work until a person acts. */
const LOST: Readonly<Record<string, string>> = {
  app_uninstalled: 'the app was removed from the workspace',
  tokens_revoked: "the app's token was revoked",
  token_revoked: "the app's token was revoked",
  token_expired: "the app's token has expired",
  invalid_auth: 'Slack does not know the token',
  account_inactive: 'the app was removed from the workspace, or its bot user was deactivated',
};

export function isLost(word: string | undefined): word is string {
  return word !== undefined && Object.hasOwn(LOST, word);
}

export function createInstallation({ log }: Pick<Runtime, 'log'>): Installation {
  let word: string | undefined;
  let isKnown = false;
  return {
    isKnown: () => isKnown,
    trouble: () => (word === undefined ? undefined : explain(word)),
    lost: (said) => {
      if (word === undefined) log.error({ word: said }, `slack: ${explain(said)}`);
      word = said;
      isKnown = true;
    },
    works: () => {
      if (word !== undefined) log.info({}, 'slack: the token works again');
      word = undefined;
      isKnown = true;
    },
  };
}

function explain(word: string): string {
  const what = LOST[word] ?? 'the token is not good any more';
  return `${what} (${word}): nothing can be sent to Slack. Install the app again, set SLACK_BOT_TOKEN, restart and replay what failed`;
}
