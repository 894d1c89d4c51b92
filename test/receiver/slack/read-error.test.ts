import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { slackClient } from '../../../receiver/slack/client.ts';
import { readSlackFailure, slackWord, whyUnreadable } from '../../../receiver/slack/read-error.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { endlessServer } from '../../stand-ins/endless.ts';
import { startSlack } from '../../stand-ins/slack.ts';
import type { SlackFault } from '../../stand-ins/slack-call.ts';

const NOW = 1_800_000_000_000;

/** The error that a call ends with when Slack answers like this. */
async function errorOf(fault: SlackFault, signal = AbortSignal.timeout(20_000)): Promise<unknown> {
  const slack = await startSlack({ channels: ['ml'] });
  onTestFinished(() => slack.close());
  slack.fail(fault);
  return callAt(slack.apiUrl, signal);
}

async function callAt(apiUrl: string, signal: AbortSignal): Promise<unknown> {
  const client = slackClient({ token: 'xoxb-stand-in', apiUrl, fetch })(signal);
  return client.apiCall('chat.postMessage', { channel: '#ml', text: 'hello' }).then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => error,
  );
}

const read = (error: unknown, posts = true) => readSlackFailure(error, { channel: '#ml', posts, now: NOW });

describe('limits', () => {
  it.each<[SlackFault, number]>([
    [{ status: 429, headers: { 'retry-after': '7' } }, 7_000],
    [{ status: 429, headers: { 'retry-after': '0' } }, 0],
    [{ status: 429 }, 60_000],
    [{ status: 429, headers: { 'retry-after': 'soon' } }, 60_000],
    [{ error: 'ratelimited' }, 60_000],
    [{ error: 'rate_limited', headers: { 'retry-after': '5' } }, 5_000],
    [{ error: 'message_limit_exceeded' }, 60_000],
  ])('waits: %o', async (fault, waitMs) => {
    expect(read(await errorOf(fault))).toMatchObject({
      outcome: 'limited',
      until: NOW + waitMs,
      detail: expect.stringContaining('rate limit'),
    });
  });
});

describe('a time to wait that makes no sense', () => {
  const ABSURD = ['1e300', '-5', 'NaN', 'Infinity', '99999999999999999999', 'Fri, 31 Dec 9999 23:59:59 GMT'];

  it.each(ABSURD)('is no reason to wait for longer than two hours, or not at all: %s', async (value) => {
    const headers = { 'retry-after': value };
    for (const fault of [
      { status: 429, headers },
      { error: 'ratelimited', headers },
    ] satisfies SlackFault[]) {
      const failure = read(await errorOf(fault));
      const until = failure.outcome === 'limited' ? failure.until : Number.NaN;
      expect(until).toBeGreaterThan(NOW);
      expect(until).toBeLessThanOrEqual(NOW + 2 * 3_600_000);
    }
    const outage = read(await errorOf({ status: 503, headers }));
    expect(outage).toMatchObject({ outcome: 'failed', status: 503 });
    expect(outage.outcome === 'failed' ? (outage.notBefore ?? NOW) : Number.NaN).toBeLessThanOrEqual(NOW + 2 * 3_600_000);
  });

  it('is understood as a date by the clock of Slack', async () => {
    const date = new Date(Date.now() + 90_000).toUTCString();
    const failure = read(await errorOf({ status: 429, headers: { 'retry-after': date } }));
    const wait = failure.outcome === 'limited' ? failure.until - NOW : Number.NaN;
    expect(wait).toBeGreaterThanOrEqual(85_000);
    expect(wait).toBeLessThanOrEqual(91_000);
  });
});

describe('an answer that never ends', () => {
  it.each([false, true])('leaves open whether the post happened (gzip: %s)', async (gzip) => {
    const server = await endlessServer({ status: 200, gzip });
    expect(read(await callAt(`${server.url}/`, AbortSignal.timeout(20_000)))).toMatchObject({
      outcome: 'failed',
      ambiguous: true,
      detail: expect.stringContaining('the response is longer than'),
    });
    await server.left;
  });
});

describe('a refusal', () => {
  it('is shown without secrets, also when it is cut', async () => {
    const token = `xoxe.${'t'.repeat(600)}`;
    const slack = await startSlack({ channels: ['ml'] });
    onTestFinished(() => slack.close());
    slack.fail({ error: 'invalid_arguments', extra: { response_metadata: { messages: [`no: ${token}`] } } });
    const redact = redactorOf([token]).text;
    const client = slackClient({ token, apiUrl: slack.apiUrl, fetch, redact })(AbortSignal.timeout(20_000));
    const error: unknown = await client.apiCall('chat.postMessage', {}).catch((failure: unknown) => failure);
    expect(read(error).detail).toContain('no: [redacted]');
    expect(read(error).detail).not.toContain('ttt');
  });
});

describe('what may have happened all the same', () => {
  it.each<[SlackFault, number | null]>([
    [{ status: 500 }, 500],
    [{ status: 503, headers: { 'retry-after': '9' } }, 503],
    [{ error: 'internal_error' }, 200],
    [{ error: 'fatal_error' }, 200],
    [{ error: 'service_unavailable' }, 200],
    [{ error: 'request_timeout' }, 200],
    [{ body: '<html>a proxy</html>' }, 200],
    [{ cut: true }, null],
  ])('is ambiguous for a post, and not for an update: %o', async (fault, status) => {
    const error = await errorOf(fault);
    expect(read(error)).toMatchObject({ outcome: 'failed', status, ambiguous: true });
    expect(read(error, false)).toMatchObject({ outcome: 'failed', status, ambiguous: false });
  });

  it('holds back as long as a 503 says', async () => {
    expect(read(await errorOf({ status: 503, headers: { 'retry-after': '9' } }))).toMatchObject({ notBefore: NOW + 9_000 });
  });

  it('is ambiguous when there is no answer in time', async () => {
    const error = await errorOf({ silent: true }, AbortSignal.timeout(50));
    expect(read(error)).toEqual({
      outcome: 'failed',
      status: null,
      ambiguous: true,
      detail: 'the connection to Slack failed: no answer in time',
    });
  });

  it('says why an attempt was given up', async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error('the receiver is stopping')), 50);
    expect(read(await errorOf({ silent: true }, stopping.signal))).toMatchObject({
      ambiguous: true,
      detail: 'the connection to Slack failed: the receiver is stopping',
    });
  });

  it('is not ambiguous when nothing left this machine', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const error = await callAt(`http://127.0.0.1:${port}/api/`, AbortSignal.timeout(5_000));
    expect(read(error)).toMatchObject({
      outcome: 'failed',
      status: null,
      ambiguous: false,
      detail: expect.stringMatching(/could not be reached.*ECONNREFUSED/),
    });
  });

  it.each([302, 408])('is not ambiguous after %i, which says that nothing was done', async (status) => {
    expect(read(await errorOf({ status, headers: { location: 'http://127.0.0.1:9/' } }))).toMatchObject({
      outcome: 'failed',
      status,
      ambiguous: false,
    });
  });
});

describe('refusals', () => {
  it.each<[string, string]>([
    ['channel_not_found', 'there is no #ml that the app can see'],
    ['not_in_channel', 'the app is not in #ml. Invite it with "/invite @wandb-relay" there'],
    ['is_archived', '#ml is archived'],
    ['not_authed', 'SLACK_BOT_TOKEN'],
    ['invalid_auth', 'SLACK_BOT_TOKEN'],
    ['account_inactive', 'SLACK_BOT_TOKEN'],
    ['token_revoked', 'SLACK_BOT_TOKEN'],
    ['not_allowed_token_type', 'xoxb-'],
    ['restricted_action', 'who may post in #ml is restricted'],
    ['restricted_action_thread_locked', 'who may post in #ml is restricted'],
    ['team_access_not_granted', 'Ask a workspace admin'],
    ['msg_too_long', 'Shorten the text'],
    ['msg_blocks_too_long', 'Shorten the text'],
    ['no_text', 'Give the text in the route a default'],
    ['metadata_too_large', 'report this'],
    ['brand_new_error', 'docs.slack.dev'],
  ])('%s fails at once, with what to fix', async (error, fix) => {
    const result = read(await errorOf({ error }));
    expect(result).toMatchObject({ outcome: 'refused', status: 200, detail: expect.stringContaining(fix) });
    expect(result.detail).toContain(`(${error})`);
  });

  it('names the scope that is missing', async () => {
    const error = await errorOf({ error: 'missing_scope', extra: { needed: 'chat:write', provided: 'commands' } });
    expect(read(error).detail).toContain('the app lacks the scope chat:write');
  });

  it('says which block Slack did not like', async () => {
    const slack = await startSlack({ channels: ['ml'] });
    onTestFinished(() => slack.close());
    const client = slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch })(AbortSignal.timeout(5_000));
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3001) } }];
    const error: unknown = await client
      .apiCall('chat.postMessage', { channel: '#ml', text: 'x', blocks })
      .catch((failure: unknown) => failure);
    expect(read(error)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringMatching(/invalid_blocks.*3001 characters.*\/blocks\/0\/text/),
    });
    expect(slack.messages('ml')).toEqual([]);
  });

  it('asks about SLACK_API_URL when something else answers', async () => {
    expect(read(await errorOf({ status: 404 }))).toMatchObject({
      outcome: 'refused',
      status: 404,
      detail: expect.stringContaining('SLACK_API_URL'),
    });
  });

  it('knows the words of Slack, and nothing else as one', async () => {
    expect(slackWord(await errorOf({ error: 'message_not_found' }))).toBe('message_not_found');
    expect(slackWord(await errorOf({ body: '<html>' }))).toBeUndefined();
    expect(slackWord(new Error('message_not_found'))).toBeUndefined();
  });

  it('says why messages cannot be looked for', async () => {
    const missing = await errorOf({ error: 'missing_scope', extra: { needed: 'groups:history' } });
    expect(whyUnreadable(missing, '#ml')).toBe('the app lacks the scope groups:history, which it needs to read #ml');
    expect(whyUnreadable(await errorOf({ error: 'not_in_channel' }), '#ml')).toContain('is not in #ml');
    expect(whyUnreadable(await errorOf({ error: 'ekm_access_denied' }), '#ml')).toContain('ekm_access_denied');
  });
});

describe('the client', () => {
  it('sends each request once, whatever comes back', async () => {
    const slack = await startSlack({ channels: ['ml'] });
    onTestFinished(() => slack.close());
    for (const fault of [{ status: 500 }, { status: 429, headers: { 'retry-after': '0' } }, { cut: true }]) {
      slack.fail(fault);
      await callAt(slack.apiUrl, AbortSignal.timeout(5_000));
    }
    expect(slack.calls).toHaveLength(3);
  });

  it('sends the token as a header, and to no other address', async () => {
    const seen: Request[] = [];
    const recording: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      seen.push(request);
      return Response.json({ ok: true });
    };
    const client = slackClient({ token: 'xoxb-1', apiUrl: 'https://slack.example/api/', fetch: recording })(AbortSignal.timeout(5_000));
    await client.apiCall('auth.test');
    await client.apiCall('https://elsewhere.example/steal');
    expect(seen.map(({ url, redirect, headers }) => [new URL(url).host, redirect, headers.get('authorization')])).toEqual([
      ['slack.example', 'manual', 'Bearer xoxb-1'],
      ['slack.example', 'manual', 'Bearer xoxb-1'],
    ]);
    expect(await seen[0]?.text()).not.toContain('xoxb');
  });
});
