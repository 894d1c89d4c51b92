import { messageOf } from '../../src/lib/error-message.ts';
import { DEFAULT_ALERT_POLICY } from '../../src/route/alert-policy.ts';
import type { ConfigInUse } from '../config-in-use.ts';
import type { Extension } from '../receiver.ts';
import type { Runtime } from '../runtime.ts';
import type { Installation } from '../slack/installation.ts';
import type { Store } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { createLoop } from '../watch/loop.ts';
import { alertEvent } from './alert-event.ts';
import { alertWebhook } from './alert-webhook.ts';
import type { AlertNews, Condition } from './condition.ts';
import { conditionsOf, type Facts } from './conditions.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createAlertLook } from './look.ts';
import type { Observed } from './observed.ts';
import { createPauseLook } from './pause-look.ts';
import { recoveryWords } from './recovery-words.ts';

export interface AlertPartOptions extends Pick<Runtime, 'now' | 'fetch' | 'log'> {
  readonly store: Pick<
    Store,
    'undelivered' | 'oldestToSend' | 'pauses' | 'resumed' | 'approvalsNotAsked' | 'acceptOccurrence' | 'lastOccurrence' | 'check'
  >;
  readonly inUse: Pick<ConfigInUse, 'current'>;
  /** Of RELAY_ALERT_WEBHOOK_SECRET. */
  readonly secrets: readonly string[];
  readonly newId: () => string;
  readonly wake: () => void;
  readonly observed: Observed;
  readonly sources: readonly string[];
  /** Slack is connected; what it says about the app. */
  readonly slack?: Pick<Installation, 'trouble' | 'isKnown'>;
  readonly engineLagMs: () => number | undefined;
  readonly isClockWrong: () => boolean;
  readonly configTrouble: () => string | undefined;
  /** False: another receiver of the same deployment calls it; left out: this one does. */
  readonly hasHeartbeat?: boolean;
}

/** How often everything is looked at, and on Workers. Milliseconds. */
const EVERY_MS = 15_000;
/** Where nothing wakes by itself it looks, and the heartbeat is called, once a minute. Milliseconds. */
const ALARM_MS = 60_000;
const MOST_NOT_ASKED = 100;

export interface Alerts extends Extension {
  /** What is wrong at this moment. */
  open(): readonly Condition[];
}

/** Looks at how the relay itself is doing, and tells people and programs when that changes; see docs/alerts.md. */
export function createAlerts(options: AlertPartOptions): Alerts {
  const { store, inUse, now, log, newId, wake, secrets } = options;
  const stopping = new AbortController();
  const settings = () => inUse.current().settings;
  const post = alertWebhook({
    ...options,
    signal: stopping.signal,
    target: () => {
      const { alertWebhook: url } = settings();
      return url === null || secrets.length === 0 ? undefined : { url, secrets };
    },
  });
  const told = (news: AlertNews): void => {
    const line = { alert: news.kind, what: news.what === '' ? undefined : news.what, count: news.count };
    if (news.state === 'recovered') log.info(line, `alert recovered: ${recoveryWords(news.kind)}`);
    else log.warn(line, `alert ${news.state}: ${news.summary}`);
    post(news);
    wake();
  };
  const eventOf = (said: AlertNews) => {
    const channel = settings().alertChannel;
    // Slack is told of each failure by itself, in the thread about it or in this channel.
    const isTold = said.kind === 'delivery_failed' || said.kind === 'not_asked';
    return alertEvent(said, { channel: isTold ? null : channel, newId, policy: DEFAULT_ALERT_POLICY });
  };
  const alerts = createAlertLook({ store, now, eventOf, told });
  const heartbeat = createHeartbeat({
    ...options,
    signal: stopping.signal,
    url: () => settings().heartbeat ?? undefined,
    check: () => store.check(),
  });
  const lookAtPauses = createPauseLook({ store, now, log, wake, eventOf });

  const look = async (): Promise<void> => {
    const [undelivered, oldestToSend, pauses, notAsked] = await Promise.all([
      store.undelivered(),
      store.oldestToSend(),
      store.pauses(),
      store.approvalsNotAsked(MOST_NOT_ASKED),
    ]);
    if (stopping.signal.aborted) return;
    const found = conditionsOf({
      ...factsNow(options),
      undelivered,
      oldestToSend,
      notAsked,
      undeliveredAfterMs: settings().undeliveredAfterMs,
    });
    await alerts.look(found.map(inItsWords));
    await lookAtPauses(pauses);
  };
  const failed = (error: unknown): void => {
    if (!(error instanceof StoreUnavailableError))
      log.error({ error: messageOf(error) }, 'alerts could not be looked after; they are again in a moment');
  };
  const work = async (): Promise<number> => {
    lookedAt = now();
    // Also while the store fails: then it is not called, and somebody else notices.
    await Promise.all([options.hasHeartbeat === false ? undefined : heartbeat(), look()]);
    return EVERY_MS;
  };
  let lookedAt = Number.NEGATIVE_INFINITY;
  const loop = createLoop({ work, failed, retryMs: EVERY_MS });
  return {
    start: loop.start,
    runOnce: async () => {
      await work().catch(failed);
    },
    nextAt: () => Math.max(lookedAt + ALARM_MS, now()),
    details: () => serious(alerts.open()).map(({ summary, action }) => `${summary}. ${action}.`),
    stop: async () => {
      stopping.abort(new Error('the receiver is stopping'));
      await loop.stop();
    },
    open: alerts.open,
  };
}

function factsNow({
  now,
  observed,
  sources,
  slack,
  engineLagMs,
  isClockWrong,
  configTrouble,
}: AlertPartOptions): Omit<Facts, 'undelivered' | 'oldestToSend' | 'notAsked' | 'undeliveredAfterMs'> {
  return {
    now: now(),
    isRefused: observed.isRefused,
    ...(slack === undefined ? {} : { slackTrouble: { text: slack.trouble(), isKnown: slack.isKnown() } }),
    sources: sources.map((name) => ({ name, refusals: observed.refusalsOf(name) })),
    engineLagMs: engineLagMs(),
    isClockWrong: isClockWrong(),
    configTrouble: configTrouble(),
  };
}

/** What everybody who looks at `/readyz` or at a page should see; what is said there already, or waits for a person, is left out. */
export function serious(open: readonly Condition[]): Condition[] {
  return open.filter(({ kind, what }) => kind === 'clock_wrong' || (kind === 'credential_refused' && what !== 'slack'));
}

/** What has ended is said in its own words. */
function inItsWords(condition: Condition): Condition {
  return condition.state === 'ok' ? { ...condition, summary: recoveryWords(condition.kind), action: '' } : condition;
}
