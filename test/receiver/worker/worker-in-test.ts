import { runInDurableObject } from 'cloudflare:test';
import { env, exports, type ObjectStub } from 'cloudflare:workers';
import { inject, vi } from 'vitest';
import type { DeliveryRecord, DeliveryView } from '../../../receiver/store/delivery.ts';
import { signedHeaders } from '../../stand-ins/wandb-sender.ts';
import type { Outside, Seen } from './outside.ts';

// The same as in outside.ts, which runs in Node.
export const SECRET = 'a-secret-for-tests-only';
export const PROD_EU_SECRET = 'another-secret-for-tests';
export const ADMIN_TOKEN = 'admin-token-for-tests';
export const ADA_TOKEN = 'token-of-ada-for-tests';
export const VIEWER_TOKEN = 'viewer-token-for-tests';
export const GITHUB_WEBHOOK_SECRET = 'github-secret-for-tests';
export const SLACK_SIGNING_SECRET = 'slack-secret-for-tests';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly deliveries?: readonly { readonly id: string }[] };
}

/** One request to the Worker, through its handler. */
export async function ask(path: string, init?: RequestInit): Promise<Answer> {
  const response = await exports.default.fetch(`https://relay.test${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** Posts a webhook, signed for the default source unless `headers` say otherwise. */
export function post(body: unknown, { path = '/webhooks/wandb', headers = {}, secret = SECRET } = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(path, { method: 'POST', body: text, headers: { ...signedHeaders(text, secret), ...headers } });
}

/** With the admin token. */
export function admin(path: string, init: RequestInit = {}): Promise<Answer> {
  return ask(`/api${path}`, { ...init, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
}

export function firstDelivery({ status, body }: Answer): string {
  const [delivery] = body.deliveries ?? [];
  if (status !== 202 || delivery === undefined) throw new Error(`${status} ${JSON.stringify(body)}`);
  return delivery.id;
}

/** Waits until a delivery of a source is in a state. */
export function until(id: string, state: DeliveryView['state'], source = 'default'): Promise<DeliveryRecord> {
  return vi.waitFor(
    async () => {
      const { body } = await admin(`/deliveries/${id}?source=${source}`);
      const record = body as unknown as DeliveryRecord;
      if (record.delivery?.state !== state) throw new Error(`${id} is not ${state}: ${JSON.stringify(body)}`);
      return record;
    },
    { timeout: 60_000, interval: 25 },
  );
}

export async function outside(): Promise<Seen> {
  return (await (await fetch(inject('outsideUrl'))).json()) as Seen;
}

/** What has reached GitHub of a delivery. */
export async function seenByGitHub(deliveryId: string): Promise<Pick<Seen, 'dispatches' | 'runs'>> {
  const { dispatches, runs } = await outside();
  return {
    dispatches: dispatches.filter(({ body }) => JSON.stringify(body).includes(deliveryId)),
    runs: runs.filter(({ display_title }) => display_title.includes(deliveryId)),
  };
}

/** Tells the world outside how to behave. */
export async function arrange(wanted: Outside): Promise<void> {
  await fetch(inject('outsideUrl'), { method: 'POST', body: JSON.stringify(wanted) });
}

export function objectOf(source = 'default'): ObjectStub {
  return env.RELAY.getByName(source);
}

/** When the alarm of a source's object comes, from now; `null`: never. Milliseconds. */
export function alarmIn(source = 'default'): Promise<number | null> {
  return runInDurableObject(objectOf(source), async (_object, { storage }) => {
    const at = await storage.getAlarm();
    return at === null ? null : at - Date.now();
  });
}

/** Ends an object in the middle of whatever it does, as a crash does. What it was doing goes no further. */
export async function crash(source = 'default'): Promise<void> {
  try {
    await runInDurableObject(objectOf(source), (_object, state) => state.abort('the test ends it'));
  } catch {
    // The call ends with the object.
  }
}

/** Runs statements on the database of a source's object. */
export function sql(source: string, ...statements: readonly string[]): Promise<void> {
  return runInDurableObject(objectOf(source), (_object, { storage }) => {
    for (const statement of statements) storage.sql.exec(statement);
  });
}
