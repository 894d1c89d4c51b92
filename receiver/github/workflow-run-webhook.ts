import { type Context, Hono } from 'hono';
import * as z from 'zod';
import { messageOf } from '../../src/lib/error-message.ts';
import { parseJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody, refuseUnread } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { verifiedOf } from '../http/verified.ts';
import type { Runtime } from '../runtime.ts';
import type { ConversationStore } from '../store/conversations.ts';
import type { RunReport } from '../store/run.ts';
import type { RecordRuns } from '../watch/record-runs.ts';
import { checkGitHubSignature, checkGitHubSignatureHeader } from './github-signature.ts';
import { reportOf, workflowRunSchema } from './workflow-run.ts';

export interface WorkflowRunWebhookOptions extends Pick<Runtime, 'now' | 'redactor'> {
  /** GITHUB_WEBHOOK_SECRET: all that are valid now. At least one, and none of them empty. */
  readonly secrets: readonly string[];
  /** Writes reports down, with what follows from them. */
  readonly record: RecordRuns;
  readonly store: Pick<ConversationStore, 'firstSeen'>;
}

/**
 * GitHub sends payloads of up to 25 MB; that of a `workflow_run` is some 20 KB, more with a long list of pull requests. 1 MiB
 * leaves room and keeps what a stranger can make us hold small.
 */
export const GITHUB_BODY_LIMIT: BodyLimit = { maxBytes: 1024 * 1024, from: 'a workflow_run of GitHub has about 20 KB' };
/** Seconds after which a delivery may come again when the store fails. */
const STORE_RETRY_AFTER = '5';
/** `X-GitHub-Delivery` is a GUID. It is not part of what is signed. */
const DELIVERY_ID = /^[\w-]{1,64}$/;
const DISPATCHES: ReadonlySet<string> = new Set(['repository_dispatch', 'workflow_dispatch']);

const payloadSchema = z.object({
  action: z.string(),
  workflow_run: workflowRunSchema,
  repository: z.object({ full_name: z.string(), id: z.int().positive().optional().catch(undefined) }),
});

/**
 * `POST /webhooks/github`. In this order: size and encoding, a signature at all, the body, the signature over its raw bytes,
 * content type, JSON, shape, one transaction, and only then 200. GitHub waits ten seconds and never sends again by itself; what is lost here, the watch finds.
 *
 * A delivery is marked as seen only after it was written down, so one that failed can be sent again. One that comes twice
 * is read twice and changes nothing the second time: reports only ever move a run on.
 */
export function workflowRunWebhook(options: WorkflowRunWebhookOptions): Hono<RequestVariables> {
  // Anybody could sign with an empty one.
  if (options.secrets.length === 0 || options.secrets.includes('')) throw new Error('a webhook of GitHub without a secret');
  const app = new Hono<RequestVariables>({ strict: false });
  app.post('/', async (c) => {
    const read = await readDispatchedRun(c, options.secrets);
    return read instanceof Response ? read : write(c, read.report, options);
  });
  return app;
}

/** What an authentic `workflow_run` says about a run that a dispatch started. */
export interface DispatchedRun {
  readonly report: RunReport;
  readonly raw: Uint8Array;
}

/** Reads a webhook up to what it reports; the answer to everything that is no report, or not authentic. Needs no store. */
export async function readDispatchedRun(c: GitHubContext, secrets: readonly string[]): Promise<DispatchedRun | Response> {
  const line = c.get('logFields');
  line.source = 'github';
  const raw = await readAuthentic(c, secrets);
  if (raw instanceof Response) return raw;
  const event = c.req.header('x-github-event');
  if (event === undefined) return refuse(c, 400, 'The header X-GitHub-Event is missing.');
  line.type = event.slice(0, 100);
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    return refuse(c, 415, 'The content type of the webhook must be application/json: change it in its settings at GitHub.');
  if (event === 'ping') return c.json({ status: 'ok' });
  if (event !== 'workflow_run') return ignore(c, `only workflow_run is read here, not ${event.slice(0, 100)}`);

  const report = readPayload(raw);
  if (!report.ok) return refuse(c, 400, report.error);
  if (!DISPATCHES.has(report.value.event)) return ignore(c, 'not a run that a dispatch started');
  line.type = `workflow_run ${report.value.status}`;
  return { report: report.value, raw };
}

type GitHubContext = Context<RequestVariables>;

async function readAuthentic(c: GitHubContext, secrets: readonly string[]): Promise<Uint8Array | Response> {
  if (verifiedOf(c) !== undefined) return readBody(c, GITHUB_BODY_LIMIT);
  const signature = c.req.header('x-hub-signature-256');
  const refused = refuseUnread(c, GITHUB_BODY_LIMIT) ?? unauthorized(c, checkGitHubSignatureHeader(signature));
  if (refused !== undefined) return refused;
  const raw = await readBody(c, GITHUB_BODY_LIMIT);
  if (raw instanceof Response) return raw;
  return unauthorized(c, checkGitHubSignature(signature, raw, secrets)) ?? raw;
}

function unauthorized(c: Context<RequestVariables>, failure: ReturnType<typeof checkGitHubSignature>): Response | undefined {
  if (failure === undefined) return undefined;
  c.get('logFields').reason = `X-Hub-Signature-256 is ${failure === 'mismatch' ? 'of another secret or another body' : failure}`;
  return problem(c, { status: 401, title: 'Unauthorized' });
}

async function write(c: Context<RequestVariables>, report: RunReport, options: WorkflowRunWebhookOptions): Promise<Response> {
  const line = c.get('logFields');
  const id = c.req.header('x-github-delivery') ?? '';
  try {
    const changes = await options.record([report]);
    const first = !DELIVERY_ID.test(id) || (await options.store.firstSeen(`github:${id}`, options.now()));
    line.result = first ? 'recorded' : 'duplicate';
    line.deliveries = changes.length;
    return c.json({ status: line.result, deliveries: changes.length });
  } catch (error) {
    line.reason = `the store failed: ${options.redactor.text(messageOf(error))}`;
    return problem(c, {
      status: 503,
      title: 'Service Unavailable',
      detail: 'The run could not be stored. Redeliver it, or wait until the receiver polls GitHub.',
      headers: { 'retry-after': STORE_RETRY_AFTER },
    });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The report of a `workflow_run` payload, or what is wrong with it. */
function readPayload(raw: Uint8Array): Result<RunReport, string> {
  let text: string;
  try {
    text = utf8.decode(raw);
  } catch {
    return err('The body is not UTF-8 text.');
  }
  const json = parseJson(text);
  if (!json.ok) return err(`The body is not the JSON that was expected: ${json.error}.`);
  const payload = payloadSchema.safeParse(json.value);
  if (!payload.success) {
    const issues = payload.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.') || 'the body'}: ${issue.message}`);
    return err(`The body is not a workflow_run as GitHub documents it: ${issues.join('; ')}.`);
  }
  const { workflow_run: run, repository } = payload.data;
  return ok(reportOf(run, repository.full_name, repository.id));
}

function refuse(c: Context<RequestVariables>, status: 400 | 415, detail: string): Response {
  c.get('logFields').reason = detail;
  return problem(c, { status, title: status === 415 ? 'Unsupported Media Type' : 'Bad Request', detail });
}

function ignore(c: Context<RequestVariables>, why: string): Response {
  c.get('logFields').result = `ignored: ${why}`;
  return c.json({ status: 'ignored', why }, 202);
}
