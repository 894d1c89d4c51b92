import type { MessageBatch, ObjectNamespace, WebhookQueue } from 'cloudflare:workers';
import { redactorOf } from '../../src/lib/redact.ts';
import type { Logger } from '../log/log.ts';
import { consoleLogger } from './console-log.ts';
import configText from './deployed-config.ts';
import { front } from './front.ts';
import { handOver } from './hand-over.ts';
import { heldBodies } from './held-body.ts';
import { notSetUp } from './not-set-up.ts';
import { objectOf } from './object-name.ts';
import { peerOf } from './peer.ts';
import { rayOf } from './ray.ts';
import { relayObject } from './relay-object.ts';
import { bundledConfig, setUp } from './setup.ts';
import { consume, type HandedOver, type QueuedWebhook } from './webhook-queue.ts';

/** Entry on Cloudflare Workers: `npx wrangler deploy`, see wrangler.jsonc. */

type Env = Readonly<Record<string, unknown>> & {
  readonly RELAY: ObjectNamespace;
  /** Optional: see "queues" in wrangler.jsonc. */
  readonly WEBHOOKS?: WebhookQueue;
};

interface WorkerContext {
  waitUntil(work: Promise<unknown>): void;
}

interface Started {
  readonly answer: ReturnType<typeof front>;
  readonly handOver: (webhook: QueuedWebhook) => Promise<HandedOver>;
  readonly log: Logger;
}

const now = () => Date.now();
const randomBytes = () => crypto.getRandomValues(new Uint8Array(16));
const config = bundledConfig(configText);

export const RelayObject = relayObject(config, now);

/** Of this isolate, whatever happens to its requests. */
const bodyOf = heldBodies(() => performance.now());

let started: Started | undefined;

/** Bindings are the same for as long as this instance lives. */
function start(env: Env): Started {
  const setup = setUp(config, env);
  if (!setup.ok) {
    for (const line of setup.error) console.error(JSON.stringify({ level: 'error', msg: line }));
    const log = consoleLogger(console, (line) => line, now);
    return { answer: notSetUp(setup.error, log, now), handOver: async () => 'unreachable', log };
  }
  const log = consoleLogger(console, redactorOf(setup.value.environment.secrets).text, now);
  for (const warning of setup.value.warnings) log.warn({}, warning);
  const objectOfSource = (source: string) => objectOf(env.RELAY, source, setup.value);
  const { basePath } = setup.value.environment;
  return {
    answer: front({ setup: setup.value, objectOf: objectOfSource, queue: env.WEBHOOKS, log, now, randomBytes }),
    handOver: (webhook) => handOver(webhook, () => objectOfSource(webhook.source), basePath),
    log,
  };
}

async function answerTo(request: Request, env: Env): Promise<Response> {
  started ??= start(env);
  const body = bodyOf(request);
  try {
    return await started.answer(request, { body, ...rayOf(request), ...peerOf(request) });
  } finally {
    body.release();
  }
}

// biome-ignore lint/style/noDefaultExport: the runtime looks for the handler there
export default {
  fetch: (request: Request, env: Env, context: WorkerContext): Promise<Response> => {
    const answer = answerTo(request, env);
    // Also when the sender has hung up: its webhook is on its way to the object, or to the queue.
    context.waitUntil(answer.catch(() => undefined));
    return answer;
  },
  queue: async (batch: MessageBatch, env: Env): Promise<void> => {
    started ??= start(env);
    await consume(batch, started);
  },
};
