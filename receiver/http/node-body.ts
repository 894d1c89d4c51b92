import type { IncomingMessage, ServerResponse } from 'node:http';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { BodyBudget } from './body-budget.ts';
import type { BodyFailure, BodySource } from './body-source.ts';
import { collectBytes } from './request-body.ts';

/** A body of Node's HTTP server. */
export interface NodeBody extends BodySource {
  /** The connection says that no more of it comes. */
  fail(why: BodyFailure): void;
}

export interface NodeBodyOptions {
  readonly budget: BodyBudget;
  /** The sender waits for "100 Continue" before it sends the body (RFC 9110, 10.1.1). */
  readonly expectsContinue: boolean;
}

/**
 * Gives the memory of bytes from a socket back at once. The garbage collector would let some 64 MB of them pile up: memory
 * outside of its heap does not worry it earlier.
 */
export function freeNow(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength) buffer.transfer(0);
}

/**
 * Reads the message itself, not the web request that Hono's server makes of it: that one cannot be limited without a web
 * stream, and wrapping it in another `Request` throws for every body without a length.
 */
export function nodeBody(incoming: IncomingMessage, outgoing: ServerResponse, { budget, expectsContinue }: NodeBodyOptions): NodeBody {
  let failed: BodyFailure | undefined;
  let stop: ((why: BodyFailure) => void) | undefined;
  return {
    fail: (why) => {
      failed ??= why;
      stop?.(why);
    },
    read: ({ maxBytes, trusted }) => {
      if (failed !== undefined) return Promise.resolve(err(failed));
      if (incoming.destroyed) return Promise.resolve(err('incomplete'));
      // Only now: whoever is refused by the headers never sends the body.
      if (expectsContinue) outgoing.writeContinue();
      return new Promise((resolve) => {
        const collected = collectBytes(maxBytes, freeNow);
        const account = trusted ? undefined : budget.open(() => finish(err('dropped')));
        const finish = (result: Result<Uint8Array, BodyFailure>): void => {
          stop = undefined;
          incoming.off('data', onData).off('end', onEnd).off('close', onClose);
          account?.close();
          if (!result.ok) {
            // What still comes stays with the sender until the connection is closed.
            incoming.pause();
            collected.release();
          }
          resolve(result);
        };
        const onData = (chunk: Uint8Array): void => {
          const { byteLength } = chunk;
          if (collected.add(chunk)) account?.add(byteLength);
          else finish(err('too large'));
        };
        const onEnd = (): void => finish(ok(collected.take()));
        const onClose = (): void => finish(err('incomplete'));
        stop = (why) => finish(err(why));
        incoming.on('data', onData).on('end', onEnd).on('close', onClose);
        // Without a listener the error of a broken connection would end the process; 'close' follows it.
        incoming.on('error', () => undefined);
      });
    },
  };
}
