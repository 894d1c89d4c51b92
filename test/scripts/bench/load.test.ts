import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { runLoad, sendPaced } from '../../../scripts/bench/client.ts';
import { AnswerReader } from '../../../scripts/bench/http-response.ts';
import { parseUsage } from '../../../scripts/bench/process-usage.ts';
import { githubForm, prepareRequests, requestBytes, wandbForm } from '../../../scripts/bench/requests.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  closing.push(() => server.close().closeAllConnections());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('answers are read', () => {
  const answers = [
    ['with a length', 'HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\nbody', { status: 202, body: 'body' }],
    ['without a body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { status: 200, body: '' }],
    ['in chunks', 'HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n', { status: 500, body: 'body' }],
  ] as const;

  test.each(answers)('%s, however the bytes are split', (_, text, expected) => {
    for (let cut = 1; cut < text.length; cut++) {
      const reader = new AnswerReader();
      expect(reader.push(Buffer.from(text.slice(0, cut)))).toBeUndefined();
      expect(reader.push(Buffer.from(text.slice(cut)))).toEqual(expected);
    }
  });

  test('one after another over one connection', () => {
    const reader = new AnswerReader();
    for (const [, text, expected] of answers) expect(reader.push(Buffer.from(text))).toEqual(expected);
  });
});

describe('the load generator', () => {
  test('sends every prepared request once, and Node reads it as it was meant', async () => {
    const seen: string[] = [];
    const port = await listen(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      seen.push(`${request.method} ${request.url} ${JSON.parse(Buffer.concat(parts).toString()).artifact_version_string}`);
      response.writeHead(202).end();
    });
    const result = await runLoad({ port, requests: prepareRequests(wandbForm(), 50), connections: 4, seconds: 60, status: 202 });
    expect(result.answered).toBe(50);
    expect(new Set(seen).size).toBe(50);
    expect(seen[0]).toMatch(/^POST \/webhooks\/wandb acme\/wandb-registry-model\/model-\d+:v\d{9}$/);
  });

  test('fails on another status, and says what the server answered', async () => {
    const port = await listen((_request, response) => response.writeHead(401).end('wrong signature'));
    const load = runLoad({ port, requests: prepareRequests(wandbForm(), 5), connections: 2, seconds: 60, status: 202 });
    await expect(load).rejects.toThrow('answered with 401, not 202: wrong signature');
  });

  test('fails when the server closes a connection instead of an answer', async () => {
    const port = await listen((request) => request.socket.destroy());
    const load = runLoad({ port, requests: prepareRequests(wandbForm(), 5), connections: 2, seconds: 60, status: 202 });
    await expect(load).rejects.toThrow(/closed a connection|ECONNRESET|EPIPE/);
  });

  test('at an even rate it does not wait for answers', async () => {
    const held: (() => void)[] = [];
    const port = await listen((_request, response) => {
      held.push(() => response.writeHead(202).end());
      if (held.length === 5) for (const release of held) release();
    });
    const answers = await sendPaced(port, prepareRequests(wandbForm(), 5), 1_000);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  });
});

test("requests in GitHub's form are as long as those in W&B's, and no two events are alike", () => {
  const bodyOf = (request: Buffer) => request.toString().split('\r\n\r\n')[1];
  const [wandb, github] = [wandbForm(), githubForm('/hooks/bench')];
  expect(bodyOf(requestBytes(github, 7))).toHaveLength(bodyOf(requestBytes(wandb, 7))?.length ?? 0);
  expect(bodyOf(requestBytes(wandb, 7))).not.toBe(bodyOf(requestBytes(wandb, 1_007)));
});

test('CPU time counts the process and its ended children, whatever the process is called', () => {
  const fields = ['S', '1', '2', '2', '0', '-1', '0', '0', '0', '0', '0', '100', '20', '3', '4', '20', '0', '7'];
  const usage = parseUsage(`42 (a ) name) ${fields.join(' ')}`, 'VmHWM:\t  204800 kB\nVmRSS:\t   51200 kB\n');
  expect(usage).toEqual({ cpuUs: 1_270_000, residentMb: 50, peakMb: 200 });
});
