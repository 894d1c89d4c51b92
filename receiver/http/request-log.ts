import type { MiddlewareHandler } from 'hono';
import type { Identity } from '../admin/identity.ts';
import type { Logger } from '../log/log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TracedWebhook, Traces } from '../traces/traces.ts';
import type { PlatformBindings } from './body-source.ts';

/** What a handler adds to the one line that its request leaves in the log. */
export interface LogFields {
  source?: string;
  type?: string;
  event?: string;
  result?: string;
  deliveries?: number;
  /** It came in a burst: its routes are tried later. */
  unrouted?: true;
  /** Why the request was refused. */
  reason?: string;
}

export interface RequestVariables {
  Bindings: PlatformBindings;
  Variables: {
    logFields: LogFields;
    /** Who sent it; only behind `guard`. */
    identity?: Identity;
  };
}

/** Who else hears of each request that was answered. */
export interface RequestWatchers {
  readonly metrics?: Pick<Metrics, 'answered' | 'accepted'>;
  readonly traces?: Pick<Traces, 'webhook'>;
  /** Hears of the status of each of W&B's webhooks, by its source. */
  readonly answeredSource?: (source: string, status: number) => void;
}

/**
 * Logs one line per request, when it has been answered.
 *
 * @param unless requests that somebody else logs
 */
export function requestLog(
  log: Logger,
  now: () => number,
  unless: (line: LogFields) => boolean = () => false,
  { metrics, traces, answeredSource }: RequestWatchers = {},
): MiddlewareHandler<RequestVariables> {
  return async (c, next) => {
    const start = now();
    const line: LogFields = {};
    c.set('logFields', line);
    await next();
    if (unless(line)) return;
    const ms = now() - start;
    metrics?.answered(c.req.path, c.res.status, line.result, Math.max(0, ms));
    if (line.result === 'accepted' && line.type !== undefined) metrics?.accepted(line.type);
    if (isFromWandb(c.req.path)) {
      traces?.webhook(tracedWebhook(c.req.method, c.res.status, { start, end: now() }, line));
      if (line.source !== undefined) answeredSource?.(line.source, c.res.status);
    }
    const { reason, ...fields } = line;
    const bindings: PlatformBindings | undefined = c.env;
    const ray = bindings?.ray === undefined ? {} : { ray: bindings.ray };
    const entry = { method: c.req.method, path: c.req.path, status: c.res.status, ms, ...fields, ...ray };
    if (c.res.status >= 500) log.error(entry, reason ?? 'failed');
    else if (c.res.status >= 400) log.warn(entry, reason ?? 'refused');
    else log.info(entry, line.result ?? 'answered');
  };
}

/** A webhook of W&B: the hot path. */
export function isFromWandb(path: string): boolean {
  return /\/webhooks\/wandb(\/|$)/.test(path);
}

function tracedWebhook(
  method: string,
  status: number,
  { start, end }: { start: number; end: number },
  { source, type, result, event }: LogFields,
): TracedWebhook {
  return { method, status, startedAt: start, endedAt: end, source, type, result, eventId: event };
}
