import { Hono } from 'hono';
import type { Access } from '../admin/access.ts';
import { unauthorized } from '../admin/guard.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { TEXT_TYPE } from './exposition.ts';
import type { Gauges } from './metrics.ts';

export interface MetricsEndpointOptions {
  readonly access: Access;
  /** RELAY_METRICS_PUBLIC: anybody may read. */
  readonly isPublic: boolean;
  readonly gauges: () => Promise<Gauges>;
  readonly text: (gauges: Gauges, now: number) => string | Promise<string>;
  readonly now: () => number;
}

/** What was read from the store counts for so long, whoever asks. Milliseconds. */
const CACHE_MS = 5_000;

/** `GET /metrics`, in Prometheus' text format. */
export function metricsEndpoint({ access, isPublic, gauges, text, now }: MetricsEndpointOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  let last: { readonly at: number; readonly gauges: Promise<Gauges> } | undefined;
  const recent = (): Promise<Gauges> => {
    const age = last === undefined ? Number.POSITIVE_INFINITY : now() - last.at;
    if (last === undefined || age < 0 || age >= CACHE_MS) {
      const reading = gauges();
      last = { at: now(), gauges: reading };
      reading.catch(() => {
        last = undefined;
      });
    }
    return last.gauges;
  };
  app.get('/', async (c) => {
    if (!isPublic && access.identify(c) === undefined) return unauthorized(c);
    return c.body(await text(await recent(), now()), 200, { 'content-type': TEXT_TYPE, 'cache-control': 'no-store' });
  });
  return app;
}
