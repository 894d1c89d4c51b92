import { Hono } from 'hono';
import { problem } from '../../http/problem.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { Access } from '../access.ts';
import type { Changes } from './changes.ts';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would keep the events back.
  'x-accel-buffering': 'no',
} as const;

/** What waits for a reader that does not read; then its stream ends, and the browser connects again. */
const MOST_WAITING = 16;

/** `/live`: server-sent events (WHATWG HTML, 9.2). `change`: the pages would show something else now. */
export function livePage(access: Access, changes: Changes | undefined): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  if (changes === undefined) return app;
  app.get('/live', (c) => {
    // Its body is thrown away without being ended, and would count as a page that listens for ever.
    if (c.req.method === 'HEAD') return c.body(null, 200, HEADERS);
    const encoder = new TextEncoder();
    let leave: (() => void) | undefined;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const send = (text: string): void => {
            if ((controller.desiredSize ?? 0) <= -MOST_WAITING) {
              leave?.();
              controller.close();
            } else controller.enqueue(encoder.encode(text));
          };
          leave = changes.listen({
            changed: () => send('event: change\ndata:\n\n'),
            beat: () => send(':\n\n'),
            mayListen: () => access.isStillKnown(c),
            end: () => controller.close(),
          });
          if (leave !== undefined) send('retry: 3000\n\n');
        },
        cancel: () => leave?.(),
      },
      { highWaterMark: 1 },
    );
    if (leave === undefined) {
      const detail = 'Too many pages are open, or the receiver stops. This page is not updated by itself.';
      return problem(c, { status: 503, title: 'Service Unavailable', detail, headers: { 'retry-after': '30' } });
    }
    return c.body(stream, 200, HEADERS);
  });
  return app;
}
