import { createServer } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { checkSignature } from '../../src/lib/signature.ts';
import { BENCH_SECRET } from './setup.ts';

/**
 * The baseline of `npm run bench`: what a webhook costs at least with the same parts. Hono on Node's server, the signature,
 * the JSON, and 202; nothing is stored and nothing is logged.
 *
 * For `npm run bench:peers` it can have a job: with JOB_URL set, it answers first and calls that address afterwards, as
 * many small receivers do.
 */
const { PORT, JOB_URL } = process.env;
const app = new Hono();
app.post('/webhooks/wandb', async (c) => {
  const body = new Uint8Array(await c.req.arrayBuffer());
  if (checkSignature(c.req.header('x-wandb-signature'), body, [BENCH_SECRET]) !== undefined) return c.body(null, 401);
  const event = JSON.parse(Buffer.from(body).toString()) as { event_type?: string; artifact_version_string?: string };
  if (JOB_URL !== undefined) void call(JOB_URL, event.artifact_version_string ?? '');
  return c.json({ status: 'accepted', type: event.event_type }, 202);
});

async function call(url: string, id: string): Promise<void> {
  await fetch(url, { method: 'POST', body: JSON.stringify({ id }) }).catch((error: unknown) => console.error(error));
}

createAdaptorServer({ fetch: app.fetch, createServer }).listen(Number(PORT), '127.0.0.1');
