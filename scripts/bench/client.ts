import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Answer, AnswerReader } from './http-response.ts';
import { quantile } from './statistics.ts';

/** A server that says nothing for so long is given up. */
const ANSWER_LIMIT_MS = 30_000;

/**
 * The load generator of `npm run bench` and `bench:peers`: prepared bytes over raw sockets, one request at a time on each
 * connection (no pipelining).
 *
 * Why not a ready-made one. Measured in turns in one run, 32 connections against the bare Hono app, CPU time for each
 * request (the server took 57 to 63 µs):
 *
 * | load generator | its CPU, µs |
 * |---|---|
 * | autocannon, each request made and signed during the run (what this benchmark did before) | 51 to 67 |
 * | autocannon, prepared requests | 40 |
 * | this client, prepared requests | 22 to 26 |
 * | wrk 4.1 (C) with a Lua script, prepared requests, reading them included | 20 |
 *
 * So autocannon cost as much as the fastest server that is measured, and on shared cores it was the limit: in the same four
 * seconds it got through 36 to 45 % of this client's requests. It made fast servers look slower than they are, and so our
 * own relatively faster. wrk would save little more, is not on every machine, and cannot hand the bodies of answers to us.
 * The report shows the load generator's CPU beside the server's in each run of `accept`: near 1, it is the limit.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  #onAnswer: ((answer: Answer) => void) | undefined;
  #onError: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      const answer = this.#reader.push(bytes);
      if (answer === undefined) return;
      const report = this.#onAnswer;
      this.#onAnswer = undefined;
      report?.(answer);
    });
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`)));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed a connection')));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new Connection(socket);
  }

  /** Sends one request. Nothing else may be sent before the answer has come. */
  send(request: Buffer, onAnswer: (answer: Answer) => void, onError: (error: Error) => void): void {
    this.#onAnswer = onAnswer;
    this.#onError = onError;
    this.#socket.write(request);
  }

  close(): void {
    this.#onAnswer = undefined;
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    if (this.#onAnswer === undefined) return;
    this.#onAnswer = undefined;
    this.#onError(error);
  }
}

export interface LoadOptions {
  readonly port: number;
  /** Used up from the front; when none is left, the run ends early. */
  readonly requests: readonly Buffer[];
  readonly connections: number;
  readonly seconds: number;
  /** Every answer must have this status. */
  readonly status: number;
}

export interface LoadResult {
  readonly answered: number;
  readonly perSecond: number;
  /** Milliseconds from a request's first byte to the end of its answer. */
  readonly p50: number;
  readonly p99: number;
  /** The load generator's own CPU time for each request, in microseconds. */
  readonly clientCpuUs: number;
  /** `performance.now()` before the first request and after the last answer. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Keeps so many connections busy for so many seconds. Throws unless every answer had the expected status. */
export async function runLoad({ port, requests, connections, seconds, status }: LoadOptions): Promise<LoadResult> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const times = new Float64Array(requests.length);
  let sent = 0;
  let answered = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + seconds * 1000;
  const keepBusy = (connection: Connection) =>
    new Promise<void>((resolve, reject) => {
      const sendNext = (): void => {
        const request = requests[sent];
        const sentAt = performance.now();
        if (request === undefined || sentAt >= end) {
          resolve();
          return;
        }
        sent++;
        connection.send(
          request,
          (answer) => {
            times[answered++] = performance.now() - sentAt;
            if (answer.status === status) sendNext();
            else reject(new Error(`an event was answered with ${answer.status}, not ${status}: ${answer.body.slice(0, 200)}`));
          },
          reject,
        );
      };
      sendNext();
    });
  try {
    await Promise.all(open.map(keepBusy));
  } finally {
    for (const connection of open) connection.close();
  }
  const endedAt = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  const measured = times.subarray(0, answered);
  return {
    answered,
    perSecond: (answered * 1000) / (endedAt - start),
    p50: quantile(measured, 0.5),
    p99: quantile(measured, 0.99),
    clientCpuUs: (user + system) / answered,
    startedAt: start,
    endedAt,
  };
}

export interface PacedAnswer extends Answer {
  /** `performance.now()` at the end of the answer. */
  readonly at: number;
}

/** Sends requests at an even rate, whatever the answers take: each on a connection that is free, or on a new one. */
export async function sendPaced(port: number, requests: readonly Buffer[], perSecond: number): Promise<PacedAnswer[]> {
  const free: Connection[] = [];
  const all: Connection[] = [];
  const answers: Promise<PacedAnswer>[] = [];
  const take = async (): Promise<Connection> => {
    const connection = free.pop() ?? (await Connection.open(port));
    if (!all.includes(connection)) all.push(connection);
    return connection;
  };
  const sendOne = async (request: Buffer): Promise<PacedAnswer> => {
    const connection = await take();
    return new Promise((resolve, reject) => {
      const done = (answer: Answer): void => {
        resolve({ ...answer, at: performance.now() });
        free.push(connection);
      };
      connection.send(request, done, reject);
    });
  };
  const start = performance.now();
  try {
    for (const [i, request] of requests.entries()) {
      await sleep(start + (i * 1000) / perSecond - performance.now());
      answers.push(sendOne(request));
    }
    return await Promise.all(answers);
  } finally {
    for (const connection of all) connection.close();
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
