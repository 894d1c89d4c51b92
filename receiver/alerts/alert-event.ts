import * as z from 'zod';
import { DEFAULT_SOURCE, RELAY_ALERT, type RelayEvent } from '../../src/event/event.ts';
import { digest as hash } from '../../src/lib/digest.ts';
import { parseJson } from '../../src/lib/json.ts';
import type { AlertPolicy } from '../../src/route/alert-policy.ts';
import { channelCredential } from '../../src/route/conversation-requests.ts';
import type { NewDelivery, NewEvent } from '../store/delivery.ts';
import { type AlertNews, keyOf } from './condition.ts';

/** The name of the route in lists: no route of the config is asked. */
const ROUTE = 'alerts';

/** What an alert says, as its event keeps it and as a webhook sends it. Times are ISO 8601, UTC. */
export const alertFactsSchema = z.object({
  alert: z.string().describe('What kind of problem it is: delivery_failed, undelivered, …'),
  what: z.string().describe('Which one, where there are several: github, or the name of a source; else blank'),
  state: z.enum(['opened', 'continues', 'recovered']),
  summary: z.string().describe('What is wrong, or was, in one sentence'),
  action: z.string().describe('What to do about it'),
  count: z.number().describe('How many, where it can be counted; else 1'),
  since: z.string().optional().describe('Since when it is so, where that is known'),
  at: z.string().describe('When this was found out'),
});

export type AlertFacts = z.infer<typeof alertFactsSchema>;

export function alertFacts({ kind, since, at, ...news }: AlertNews): AlertFacts {
  const when = since === undefined ? {} : { since: new Date(since).toISOString() };
  return { alert: kind, ...news, ...when, at: new Date(at).toISOString() };
}

/** Reads what `alertFacts` made; `undefined`: another version did. */
export function readAlertFacts(body: string): AlertFacts | undefined {
  const parsed = parseJson(body);
  const facts = parsed.ok ? alertFactsSchema.safeParse(parsed.value) : undefined;
  return facts?.success === true ? facts.data : undefined;
}

export interface AlertEventOptions {
  /** The channel of `alerts.slack`; `null`: Slack gets none. */
  readonly channel: string | null;
  readonly newId: () => string;
  readonly policy: AlertPolicy;
}

/** The event that keeps the news, with a message of its own where there is a channel. */
export function alertEvent(news: AlertNews, { channel, newId, policy }: AlertEventOptions): NewEvent {
  const key = keyOf(news);
  const event: RelayEvent = { type: RELAY_ALERT, source: DEFAULT_SOURCE, automation: key, status: news.state };
  const body = JSON.stringify(alertFacts(news));
  const id = newId();
  const deliveries = channel === null ? [] : [delivery(channel, id, newId())];
  return {
    id,
    receivedAt: news.at,
    subjectKey: hash(`${RELAY_ALERT}\n${key}`),
    bodyHash: hash(body),
    event,
    body,
    firings: [{ route: ROUTE, cooldownKey: null, cooldownMs: 0, alerts: policy, deliveries }],
  };
}

function delivery(channel: string, eventId: string, id: string): NewDelivery {
  const key = hash(`${RELAY_ALERT}\n${eventId}\n${channel}`);
  return {
    id,
    route: ROUTE,
    target: `slack:${channel}`,
    credential: channelCredential(channel),
    orderKey: key,
    replacesOlder: false,
    state: 'pending',
    request: { kind: 'slack', channel, text: null, thread: false },
    conversation: { key, channel, canMute: false, begins: true },
  };
}
