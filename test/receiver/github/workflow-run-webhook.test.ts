import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { workflowRunWebhook } from '../../../receiver/github/workflow-run-webhook.ts';
import { type RequestVariables, requestLog } from '../../../receiver/http/request-log.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { type StandInRun, signedWebhook, webhookOf } from '../../stand-ins/github-runs.ts';
import { FollowedRuns, HOUR, MINUTE } from '../watch/followed-runs.ts';

const URL = 'https://relay.example/webhooks/github';
const SECRET = 'the-secret-of-the-webhook';
const OLD_SECRET = 'the-secret-before-that';

interface Setup {
  readonly followed: FollowedRuns;
  readonly post: (request: Request) => Promise<{ status: number; body: Record<string, unknown>; headers: Headers }>;
  readonly lines: Record<string, unknown>[];
  /** Makes one method of the store fail once. */
  failOnce(method: keyof Store): void;
}

async function setup(): Promise<Setup> {
  const failing = new Set<string | symbol>();
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, method) => (failing.delete(method) ? () => Promise.reject(new Error('disk full')) : Reflect.get(target, method)),
    });
  const followed = await FollowedRuns.start({ webhook: true, wrap });
  const lines: Record<string, unknown>[] = [];
  const line = (fields: object, message: string) => void lines.push({ ...fields, message });
  const app = new Hono<RequestVariables>({ strict: false });
  app.use(requestLog({ debug: line, info: line, warn: line, error: line }, () => 0));
  const { record, store } = followed;
  const options = { secrets: [SECRET, OLD_SECRET], record, store, redactor: redactorOf([]), now: () => followed.now };
  app.route('/webhooks/github', workflowRunWebhook(options));
  const post = async (request: Request) => {
    const response = await app.request(request);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
  };
  await followed.dispatch('e1');
  followed.github.sendWebhooksTo({ url: URL, secret: SECRET, send: (request) => app.request(request) });
  return { followed, post, lines, failOnce: (method) => void failing.add(method) };
}

let followed: FollowedRuns;
let post: Setup['post'];
let lines: Setup['lines'];
let failOnce: Setup['failOnce'];
let run: StandInRun;

/** A run as it was at some moment of its life, to be told of whenever it suits. */
function at(status: StandInRun['status'], changes: Partial<StandInRun> = {}): StandInRun {
  return { ...run, status, conclusion: status === 'completed' ? 'success' : null, ...changes };
}

const tell = (about: StandInRun, guid?: string) => {
  const action = about.status === 'queued' ? 'requested' : about.status;
  return post(webhookOf(about, action, { url: URL, secret: SECRET, ...(guid === undefined ? {} : { guid }) }));
};

const RECORDED = { status: 200, body: { status: 'recorded', deliveries: 1 } };
const NO_NEWS = { status: 200, body: { status: 'recorded', deliveries: 0 } };

beforeEach(async () => {
  ({ followed, post, lines, failOnce } = await setup());
  run = followed.github.runs[0]!;
});

describe('what GitHub reports a repository with another name', () => {
  it('is written down by its id, once that is known', async () => {
    const renamed = at('in_progress', { repository: 'acme/new-name' });
    expect(await tell(renamed)).toMatchObject(NO_NEWS);
    await followed.store.keepRepositoryId('acme/deploy', '1');
    expect(await tell(renamed)).toMatchObject(RECORDED);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'in_progress' });
  });

  it('is written down by the id that an earlier webhook had', async () => {
    expect(await tell(run)).toMatchObject(RECORDED);
    expect(await tell(at('completed', { repository: 'acme/new-name' }))).toMatchObject(RECORDED);
  });
});

describe('what GitHub reports runs', () => {
  it('is written down with its delivery, from request to end', async () => {
    expect(await tell(run)).toMatchObject(RECORDED);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'queued', id: String(run.id) });
    await followed.github.advance(run.id, 'in_progress');
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'in_progress', id: String(run.id), url: run.html_url });
    followed.now += 5 * MINUTE;
    await followed.github.advance(run.id, { conclusion: 'failure' });
    expect(await followed.runOf('d-e1')).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
      attempt: 1,
      endedAt: followed.now,
    });
    expect(await followed.alerts()).toMatchObject([
      { problem: 'run_failed', run: { conclusion: 'failure', failed: { job: 'deploy', step: 'push image' } } },
    ]);
    expect(followed.github.webhookAnswers.map(({ status }) => status)).toEqual([200, 200]);
    expect(followed.github.reads).toEqual([]);
    expect(lines.at(-1)).toMatchObject({
      method: 'POST',
      path: '/webhooks/github',
      status: 200,
      source: 'github',
      type: 'workflow_run completed',
      deliveries: 1,
      message: 'recorded',
    });
  });

  it('counts once when it comes twice', async () => {
    const failed = at('completed', { conclusion: 'failure' });
    expect(await tell(failed, 'guid-1')).toMatchObject(RECORDED);
    expect(await tell(failed, 'guid-1')).toMatchObject({ status: 200, body: { status: 'duplicate', deliveries: 0 } });
    expect(await tell(failed, 'guid-2')).toMatchObject(NO_NEWS);
    expect(await followed.alerts()).toHaveLength(1);
    expect(await followed.notesOf('d-e1')).toHaveLength(1);
  });

  it('does no harm out of order', async () => {
    expect(await tell(at('completed'))).toMatchObject(RECORDED);
    expect(await tell(at('in_progress'))).toMatchObject(NO_NEWS);
    expect(await tell(at('queued'))).toMatchObject(NO_NEWS);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'completed', conclusion: 'success' });
  });

  it('follows a re-run, and says again when that fails too', async () => {
    await followed.github.advance(run.id, { conclusion: 'failure' });
    await followed.github.advance(run.id, 'rerun');
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'queued', attempt: 2, conclusion: null });
    // The end of the first attempt comes once more, late.
    expect(await tell(at('completed', { conclusion: 'failure', run_attempt: 1 }))).toMatchObject(NO_NEWS);
    await followed.github.advance(run.id, { conclusion: 'failure' });
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'completed', attempt: 2 });
    expect(await followed.alerts()).toHaveLength(2);
  });

  it('and what is asked meet in one state', async () => {
    await followed.github.advance(run.id, { conclusion: 'failure' });
    await followed.pass(HOUR);
    expect(await followed.alerts()).toHaveLength(1);
    await followed.dispatch('e2');
    await followed.github.webhooksAnswered();
    followed.github.sendWebhooksTo({ url: URL, secret: SECRET, send: () => Promise.reject(new Error('nobody is there')) });
    await followed.github.advance(followed.github.runs[1]!.id, { conclusion: 'failure' });
    await followed.pass(HOUR);
    expect(await followed.runOf('d-e2')).toMatchObject({ conclusion: 'failure' });
    expect(await tell(followed.github.runs[1]!)).toMatchObject(NO_NEWS);
    expect(await followed.alerts()).toHaveLength(2);
  });

  it.each(['waiting', 'pending', 'requested'])('takes a run that is %s for queued', async (status) => {
    expect(await tell(at(status as 'queued'))).toMatchObject(RECORDED);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'queued', conclusion: null });
  });

  it('is not about a delivery because a commit message names one', async () => {
    const push = at('completed', { event: 'push' as 'workflow_dispatch', conclusion: 'failure' });
    expect(await tell(push)).toMatchObject({ status: 202, body: { status: 'ignored' } });
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'expected' });
  });

  it('of runs that are not ours is taken and forgotten', async () => {
    expect(await tell(at('completed', { id: 4711, display_title: 'Deploy by hand' }))).toMatchObject(NO_NEWS);
    expect(await tell(at('completed', { id: 4712, repository: 'other/deploy' }))).toMatchObject(NO_NEWS);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'expected' });
  });
});

describe('when the store fails', () => {
  it.each(['recordRuns', 'firstSeen'] as const)('in %s it says so, and the same delivery may come again', async (method) => {
    failOnce(method);
    const failed = await tell(at('completed', { conclusion: 'failure' }), 'guid-1');
    expect(failed).toMatchObject({ status: 503, body: { title: 'Service Unavailable' } });
    expect(failed.headers.get('retry-after')).toBe('5');
    expect(lines.at(-1)).toMatchObject({ status: 503, message: 'the store failed: disk full' });
    expect(await tell(at('completed', { conclusion: 'failure' }), 'guid-1')).toMatchObject({ status: 200, body: { status: 'recorded' } });
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'completed' });
    expect(await followed.alerts()).toHaveLength(1);
  });
});

describe('who may tell', () => {
  const body = () => JSON.stringify({ action: 'completed' });
  const forged = (headers: Record<string, string | null>): Request => {
    const request = webhookOf(at('completed'), 'completed', { url: URL, secret: SECRET });
    for (const [name, value] of Object.entries(headers)) value === null ? request.headers.delete(name) : request.headers.set(name, value);
    return request;
  };

  it.each([
    ['no signature', null, 'missing'],
    ['an empty one', ' ', 'missing'],
    ['SHA-1', `sha1=${'a'.repeat(40)}`, 'malformed'],
    ['hexadecimal without its name', 'a'.repeat(64), 'malformed'],
    ['a forged one', `sha256=${'a'.repeat(64)}`, 'of another secret or another body'],
  ])('refuses %s, without details', async (_what, signature, reason) => {
    const { status, body: answer } = await post(forged({ 'x-hub-signature-256': signature }));
    expect(status).toBe(401);
    expect(answer).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401 });
    expect(lines.at(-1)).toMatchObject({ status: 401, message: `X-Hub-Signature-256 is ${reason}` });
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'expected' });
  });

  it('refuses the signature of another body', async () => {
    const signature = signedWebhook({ url: URL, secret: SECRET, event: 'workflow_run', body: body() }).headers.get('x-hub-signature-256');
    expect((await post(forged({ 'x-hub-signature-256': signature }))).status).toBe(401);
  });

  it('refuses another secret, and takes every secret that is configured', async () => {
    const signedWith = (secret: string) => post(webhookOf(at('completed'), 'completed', { url: URL, secret }));
    expect((await signedWith('another')).status).toBe(401);
    expect((await signedWith(OLD_SECRET)).status).toBe(200);
  });
});

describe('what is asked of the request', () => {
  const signed = (event: string, text: string, headers: Record<string, string> = {}): Request => {
    const request = signedWebhook({ url: URL, secret: SECRET, event, body: text });
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    return request;
  };

  it('answers a ping', async () => {
    expect(await post(signed('ping', '{"zen":"Speak like a human."}'))).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('ignores other events', async () => {
    expect(await post(signed('workflow_job', '{}'))).toMatchObject({ status: 202, body: { status: 'ignored' } });
    expect(lines.at(-1)).toMatchObject({ type: 'workflow_job', message: expect.stringContaining('only workflow_run') });
  });

  it('wants JSON and says where to change that', async () => {
    const form = signed('ping', 'payload=%7B%7D', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(await post(form)).toMatchObject({ status: 415, body: { detail: expect.stringContaining('in its settings at GitHub') } });
  });

  it.each([
    ['{"action":', /line 1, column/],
    ['[]', /not a workflow_run as GitHub documents it: the body:/],
    ['{"action":"completed","repository":{"full_name":"acme/deploy"}}', /workflow_run: /],
    ['{"action":"completed","repository":{},"workflow_run":{"id":"x"}}', /workflow_run\.id: .*; workflow_run\.event: /],
  ])('refuses %s and says what is wrong', async (text, what) => {
    expect(await post(signed('workflow_run', text))).toMatchObject({ status: 400, body: { detail: expect.stringMatching(what) } });
  });

  it('cannot be made without a secret', () => {
    const { record, store } = followed;
    for (const secrets of [[], ['']])
      expect(() => workflowRunWebhook({ secrets, record, store, redactor: redactorOf([]), now: () => 0 })).toThrow('without a secret');
  });

  it('refuses more than 1 MiB before it looks at anything', async () => {
    const { status, body } = await post(signed('workflow_run', 'x'.repeat(1024 * 1024 + 1)));
    expect(status).toBe(413);
    expect(body.detail).toContain('1048576');
    expect(body.detail).not.toContain('settings.max_body_bytes');
  });
});
