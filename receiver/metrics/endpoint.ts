import { Hono } from 'hono';
import { type Access, isTooMany } from '../admin/access.ts';
import { tooManyAttempts, unauthorized } from '../admin/guard.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { expositionText, type Family, TEXT_TYPE } from './families.ts';

export interface MetricsEndpointOptions {
  readonly access: Access;
  /** RELAY_METRICS_PUBLIC: anybody may read. */
  readonly isPublic: boolean;
  /** See `recentFamilies`. */
  readonly families: () => Promise<readonly Family[]>;
  /** See `ReadableMetrics`; left out: nothing. */
  readonly text?: (() => Promise<string>) | undefined;
}

/** What was read from the store counts for so long, whoever asks. Milliseconds. */
const CACHE_MS = 5_000;

/** The same families for whoever asks within five seconds. A failure is not kept. */
export function recentFamilies(read: () => Promise<readonly Family[]>, now: () => number): () => Promise<readonly Family[]> {
  let last: { readonly at: number; readonly families: Promise<readonly Family[]> } | undefined;
  return () => {
    const age = last === undefined ? Number.POSITIVE_INFINITY : now() - last.at;
    if (last === undefined || age < 0 || age >= CACHE_MS) {
      const reading = { at: now(), families: read() };
      last = reading;
      reading.families.catch(() => {
        if (last === reading) last = undefined;
      });
    }
    return last.families;
  };
}

/** `GET /metrics`, in Prometheus' text format. */
export function metricsEndpoint({ access, isPublic, families, text }: MetricsEndpointOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/', async (c) => {
    const identity = isPublic ? undefined : await access.identify(c);
    if (identity !== undefined && isTooMany(identity)) return tooManyAttempts(c, identity);
    if (!isPublic && identity === undefined) return unauthorized(c);
    const [ofStore, counted] = [expositionText(await families()), (await text?.()) ?? ''];
    return c.body(`${counted}${ofStore}`, 200, { 'content-type': TEXT_TYPE, 'cache-control': 'no-store' });
  });
  return app;
}
