import type SocketModeReceiver from '@slack/bolt/dist/receivers/SocketModeReceiver.js';
import { messageOf } from '../../src/lib/error-message.ts';
import { proxyErrorIn } from '../../src/lib/proxy-error.ts';
import type { Runtime } from '../runtime.ts';
import { cleaned } from './bolt-log.ts';

type SocketModeClient = InstanceType<typeof SocketModeReceiver.default>['client'];

export interface ConnectionOptions extends Pick<Runtime, 'log' | 'redactor'> {
  /** Milliseconds before the first new try; doubles from try to try up to a minute. */
  readonly firstWaitMs: number;
}

const LONGEST_WAIT_MS = 60_000;
/** So many refusals of the token in a row are no accident: a person has to act. It is then tried once an hour. */
const REFUSALS = 5;
const REFUSED_WAIT_MS = 3_600_000;
/** How long a connection may take to close. Milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface KeptConnection {
  start(): void;
  stop(): Promise<void>;
  /** Why nothing from Slack arrives, and what to do; `undefined` while it is connected, or was not refused for long. */
  trouble(): string | undefined;
}

/**
 * Keeps Socket Mode connected: tries again for as long as it takes, and never throws.
 *
 * The client's own reconnecting is to be off (`autoReconnectEnabled: false`): when Slack cannot be reached it leaves a
 * rejected promise behind that nobody handles, which ends a Node process (@slack/socket-mode 3.0, `delayReconnectAttempt`).
 */
export function keepConnected(client: SocketModeClient, options: ConnectionOptions): KeptConnection {
  const { log, redactor, firstWaitMs } = options;
  let stopped = false;
  let failures = 0;
  let refusals = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let connecting: Promise<void> = Promise.resolve();

  const connect = async (): Promise<void> => {
    try {
      await client.start();
      failures = 0;
      refusals = 0;
      log.info({}, 'slack: connected in Socket Mode');
    } catch (error) {
      failures += 1;
      const why =
        error === undefined ? 'the connection closed at once' : cleaned(proxyErrorIn(error)?.message ?? messageOf(error), redactor.text);
      refusals = isTokenRefused(why) ? refusals + 1 : 0;
      const when = refusals < REFUSALS ? 'trying again' : 'trying again once an hour';
      log.warn({ error: why, failures }, `slack: Socket Mode is not connected${isTokenRefused(why) ? TOKEN_ADVICE : ''}; ${when}`);
      again();
    }
  };
  const again = (): void => {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        connecting = connect();
      },
      refusals < REFUSALS ? Math.min(LONGEST_WAIT_MS, firstWaitMs * 2 ** Math.min(failures, 16)) : REFUSED_WAIT_MS,
    );
  };
  // Slack closes connections now and then, and says so beforehand (Slack, "Using Socket Mode": disconnects).
  client.on('disconnected', again);

  return {
    trouble: () => (refusals < REFUSALS ? undefined : `Socket Mode is not connected${TOKEN_ADVICE} Correct it and restart`),
    start: () => {
      connecting = connect();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await withinTime(Promise.all([client.disconnect(), connecting]));
      // It may have connected while it was asked to stop.
      await withinTime(client.disconnect());
    },
  };
}

const TOKEN_ADVICE = ': is SLACK_APP_TOKEN an app-level token (xapp-…) with the scope connections:write?';

function isTokenRefused(why: string): boolean {
  return /invalid_auth|not_authed|not_allowed_token_type|token_revoked|account_inactive/.test(why);
}

async function withinTime(work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
