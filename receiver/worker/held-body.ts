import { err, ok, type Result } from '../../src/lib/result.ts';
import { type BodyBudgetLimits, bodyBudget } from '../http/body-budget.ts';
import type { BodyFailure, BodySource } from '../http/body-source.ts';
import { collectBytes } from '../http/request-body.ts';
import { type LargeBodiesLimits, type LargeBody, largeBodies } from './large-bodies.ts';

export interface HeldBodyLimits extends BodyBudgetLimits, LargeBodiesLimits {
  /** A body has so long to arrive. Milliseconds. */
  readonly readMs: number;
}

/** The body of a request that the Worker holds until it was handed on. */
export interface HeldBody extends BodySource {
  /** It is not held any more. */
  release(): void;
}

const MIB = 1024 * 1024;
/**
 * An isolate has 128 MB (Cloudflare documentation, "Workers: limits"), and an object of the same Worker may be in it too. 52 MiB
 * hold fifty bodies of a megabyte; the rest is for the code, what is on its way to an object, and the object's work.
 *
 * workerd ends no request whose body stalls, so the time is kept here.
 */
export const HELD_BODY_LIMITS: HeldBodyLimits = {
  smallBody: 64 * 1024,
  small: 4 * MIB,
  large: 52 * MIB,
  waitMs: 8_000,
  slowAfterMs: 1_000,
  longestMs: 60_000,
  readMs: 12_000,
};

/**
 * Reads bodies within limits of memory and time. Up to 64 KiB a body counts as small and waits for nobody; where small
 * ones are too many, the slowest is dropped (`bodyBudget`). What is longer needs a place first (`largeBodies`), and keeps it
 * until `release`.
 *
 * @param now milliseconds that only go forward
 */
export function heldBodies(now: () => number, limits: HeldBodyLimits = HELD_BODY_LIMITS): (request: Request) => HeldBody {
  const small = bodyBudget(now, limits);
  const large = largeBodies(now, limits);
  return (request) => {
    let place: LargeBody | undefined;
    return {
      timeoutMs: limits.readMs,
      read: async ({ maxBytes }) => {
        if (request.body === null) return ok(new Uint8Array(0));
        const reader = request.body.getReader();
        const stop = stopSignal(limits.readMs);
        const account = small.open(() => stop.now('dropped'));
        const collected = collectBytes(maxBytes);
        const fail = (why: BodyFailure): Result<Uint8Array, BodyFailure> => {
          collected.release();
          // Not awaited: it may wait for the sender.
          reader.cancel().catch(() => undefined);
          return err(why);
        };
        let size = 0;
        try {
          for (;;) {
            const next = await Promise.race([reader.read(), stop.stopped]);
            if (typeof next === 'string') return fail(next);
            if (next.done) break;
            const { byteLength } = next.value;
            if (!collected.add(next.value)) return fail('too large');
            size += byteLength;
            if (place !== undefined) place.add(byteLength);
            else if (size <= limits.smallBody) account.add(byteLength);
            else {
              account.close();
              stop.pause();
              place = await large.enter(lengthOf(request, maxBytes), () => stop.now('dropped'));
              if (place === undefined) return fail('no room');
              stop.resume();
              place.add(size);
            }
          }
          place?.arrived();
          return ok(collected.take());
        } catch {
          return fail('incomplete');
        } finally {
          stop.pause();
          account.close();
        }
      },
      release: () => place?.release(),
    };
  };
}

function lengthOf(request: Request, maxBytes: number): number {
  const declared = Number(request.headers.get('content-length') ?? maxBytes);
  return declared >= 0 && declared <= maxBytes ? declared : maxBytes;
}

interface StopSignal {
  readonly stopped: Promise<BodyFailure>;
  now(why: BodyFailure): void;
  /** No time passes until `resume`. */
  pause(): void;
  resume(): void;
}

/** Stops after so many milliseconds, or when told to. */
function stopSignal(afterMs: number): StopSignal {
  let now: (why: BodyFailure) => void = () => {};
  const stopped = new Promise<BodyFailure>((resolve) => {
    now = resolve;
  });
  const start = () => setTimeout(() => now('timed out'), afterMs);
  let timer = start();
  return {
    stopped,
    now: (why) => now(why),
    pause: () => clearTimeout(timer),
    resume: () => {
      timer = start();
    },
  };
}
