import { Webhook } from 'standardwebhooks';
import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';
import { type AlertFacts, alertFacts } from './alert-event.ts';
import type { AlertNews } from './condition.ts';

export interface AlertWebhookOptions extends Pick<Runtime, 'now' | 'fetch' | 'log'> {
  /** Where it goes, and the secrets that sign it; a function, because the config may change. `undefined`: nowhere. */
  readonly target: () => AlertWebhookTarget | undefined;
  readonly newId: () => string;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** May end early with the signal; left out: by a timer. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface AlertWebhookTarget {
  readonly url: string;
  /** `whsec_` and base64, or any text. Of several, each signs, so that a secret can be replaced. */
  readonly secrets: readonly string[];
}

/** Standard Webhooks: a message that is not answered is tried again, later each time. Milliseconds after the try before. */
const PAUSES_MS = [5_000, 30_000, 2 * 60_000, 10 * 60_000, 30 * 60_000];
const LIMIT_MS = 15_000;
/** So many messages wait at once; more are not kept: each alert says again that it goes on. */
const MOST_WAITING = 100;

/** What is posted. `type`: `relay.alert.opened`, `relay.alert.continues`, `relay.alert.recovered`. */
export interface AlertMessage {
  readonly type: `relay.alert.${AlertFacts['state']}`;
  readonly timestamp: string;
  readonly data: AlertFacts;
}

/**
 * Posts alerts in the form of Standard Webhooks (https://www.standardwebhooks.com): `webhook-id` stays the same in every try,
 * `webhook-timestamp` is that of the try, `webhook-signature` has a signature for each secret. Any 2xx is an answer, a redirect is
 * none. After five more tries, in about three quarters of an hour, or when the receiver stops, a message is given up.
 */
export function alertWebhook(options: AlertWebhookOptions): (news: AlertNews) => void {
  const { newId, log, signal, sleep = byTimer } = options;
  let waiting = 0;
  const send = async (id: string, body: string): Promise<void> => {
    for (let tries = 0; !signal.aborted; tries++) {
      const target = options.target();
      if (target === undefined) return;
      const problem = await post(target, id, body, options);
      if (problem === undefined) return;
      const pause = PAUSES_MS[tries];
      if (pause === undefined) return log.error({ id, error: problem }, 'an alert could not be posted to alerts.webhook; it is given up');
      log.warn({ id, error: problem, again_in_s: pause / 1000 }, 'an alert could not be posted to alerts.webhook; it is tried again');
      await sleep(pause, signal);
    }
  };
  return (news) => {
    if (options.target() === undefined) return;
    if (waiting >= MOST_WAITING) return log.error({}, 'an alert is not posted to alerts.webhook, because too many wait');
    waiting += 1;
    const data = alertFacts(news);
    const message: AlertMessage = { type: `relay.alert.${data.state}`, timestamp: data.at, data };
    void send(`msg_${newId().replaceAll('-', '')}`, JSON.stringify(message)).finally(() => {
      waiting -= 1;
    });
  };
}

/** Why it was not taken; `undefined`: it was. */
async function post(
  { url, secrets }: AlertWebhookTarget,
  id: string,
  body: string,
  { now, fetch, signal }: AlertWebhookOptions,
): Promise<string | undefined> {
  const at = new Date(now());
  const signatures = secrets.map((secret) => signerOf(secret).sign(id, at, body));
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'wandb-relay',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': signatures.join(' '),
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `the answer was ${response.status}`;
  } catch (error) {
    // The address may be a secret, and some errors name it.
    return messageOf(error).replaceAll(url, '(the address)');
  }
}

function signerOf(secret: string): Webhook {
  return secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
}

/** Ends early with the signal, and leaves no timer behind. */
function byTimer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
