import { err, ok, type Result } from '../../src/lib/result.ts';
import { type BodyBudget, type BodyBudgetLimits, bodyBudget } from '../http/body-budget.ts';
import type { BodyFailure, BodySource } from '../http/body-source.ts';
import { type LargeBodies, type LargeBodiesLimits, type LargeBody, largeBodies } from './large-bodies.ts';

export interface HeldBodyLimits extends BodyBudgetLimits, LargeBodiesLimits {
  /** A body has so long to arrive. Milliseconds. */
  readonly readMs: number;
}

/** The body of a request that the Worker holds until it was handed on. */
export interface HeldBody extends BodySource {
  /** It is not held any more, and its bytes are gone: nothing may read them after this. */
  release(): void;
}

const MIB = 1024 * 1024;
/**
 * An isolate has 128 MB (Cloudflare documentation, "Workers: limits"), and an object of the same Worker may be in it too. A large
 * body is there twice while it is handed over, and several times while the object works on it; the object takes 2 MiB at a
 * time, so more than a few at once would only wait there. W&B sends once: who waits for room waits long.
 *
 * workerd ends no request whose body stalls, so the time is kept here.
 */
export const HELD_BODY_LIMITS: HeldBodyLimits = {
  smallBody: 64 * 1024,
  small: 4 * MIB,
  large: 10 * MIB,
  waitMs: 25_000,
  slowAfterMs: 1_000,
  longestMs: 60_000,
  readMs: 12_000,
};

/**
 * Reads bodies within limits of memory and time. Up to 64 KiB a body counts as small and waits for nobody; where small
 * ones are too many, the slowest is dropped (`bodyBudget`). What is longer needs a place first (`largeBodies`), and keeps it
 * until `release`. What those that wait for a place have read so far is limited like the small ones, apart from them.
 *
 * @param now milliseconds that only go forward
 */
export function heldBodies(now: () => number, limits: HeldBodyLimits = HELD_BODY_LIMITS): (request: Request) => HeldBody {
  const small = bodyBudget(now, limits);
  const large = largeBodies(now, limits);
  return (request) => {
    let place: LargeBody | undefined;
    let arriving: ArrivingBody | undefined;
    return {
      timeoutMs: limits.readMs,
      read: async ({ maxBytes }) => {
        const { body } = request;
        if (body === null) return ok(new Uint8Array(0));
        arriving = new ArrivingBody(body, small, limits.readMs);
        const beginning = await arriving.fill(Math.min(limits.smallBody, maxBytes));
        if (beginning !== 'full') return beginning;
        if (maxBytes <= limits.smallBody) return arriving.end('too large');
        place = await arriving.moveTo(large, lengthOf(request, maxBytes));
        if (place === undefined) return arriving.end(arriving.stoppedBy ?? 'no room');
        const whole = await arriving.fill(maxBytes);
        if (whole === 'full') return arriving.end('too large');
        place.arrived();
        return whole;
      },
      release: () => {
        place?.release();
        arriving?.free();
      },
    };
  };
}

function lengthOf(request: Request, maxBytes: number): number {
  const declared = Number(request.headers.get('content-length') ?? maxBytes);
  return declared >= 0 && declared <= maxBytes ? declared : maxBytes;
}

/** W&B's bodies are mostly shorter. */
const FIRST_BYTES = 4_096;

/** One body while it arrives. It is read into memory that is taken once: chunks would stay as garbage, and add up. */
class ArrivingBody {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #account: ReturnType<BodyBudget['open']>;
  readonly #readMs: number;
  readonly #stopped: Promise<BodyFailure>;
  #stop: (why: BodyFailure) => void = () => {};
  #stoppedBy: BodyFailure | undefined;
  #place: LargeBody | undefined;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;
  #expected = 0;

  constructor(body: ReadableStream<Uint8Array>, small: BodyBudget, readMs: number) {
    this.#reader = body.getReader({ mode: 'byob' });
    this.#readMs = readMs;
    this.#stopped = new Promise((resolve) => {
      this.#stop = (why) => {
        this.#stoppedBy ??= why;
        resolve(why);
      };
    });
    this.#account = small.open(() => this.#stop('dropped'));
  }

  /** Reads to the end, or until there is more than `most` bytes: then it is `full`. */
  async fill(most: number): Promise<Result<Uint8Array, BodyFailure> | 'full'> {
    const timer = setTimeout(() => this.#stop('timed out'), this.#readMs);
    try {
      while (this.#length <= most) {
        if (this.#length === this.#bytes.byteLength) this.#grow(most + 1);
        const next = await Promise.race([this.#reader.read(this.#bytes.subarray(this.#length)), this.#stopped]);
        if (typeof next === 'string') return this.end(next);
        if (next.value !== undefined) this.#took(next.value);
        if (next.done) {
          this.#account.close();
          return ok(this.#bytes.subarray(0, this.#length));
        }
      }
      return 'full';
    } catch {
      return this.end('incomplete');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why nothing more of it is read; `undefined`: it is. */
  get stoppedBy(): BodyFailure | undefined {
    return this.#stoppedBy;
  }

  /** From now on it counts as a large one, once there is a place. Until then what it has read counts as before. */
  async moveTo(large: LargeBodies, bytes: number): Promise<LargeBody | undefined> {
    this.#expected = bytes;
    this.#place = await large.enter(
      bytes,
      () => this.#stop('dropped'),
      () => this.#stoppedBy !== undefined,
    );
    this.#account.close();
    this.#place?.add(this.#length);
    return this.#place;
  }

  /** Nothing more of it is read. */
  end(why: BodyFailure): Result<Uint8Array, BodyFailure> {
    this.#account.close();
    // Not awaited: it may wait for the sender.
    this.#reader.cancel().catch(() => undefined);
    return err(why);
  }

  /** Gives the memory back at once: the garbage collector would let it pile up. */
  free(): void {
    // While a read is under way the memory is not ours.
    if (this.#bytes.buffer.byteLength > 0) this.#bytes.buffer.transfer(0);
  }

  /** Twice as long each time, because a stranger who says that he sends more may not; all at once for one that has a place. */
  #grow(most: number): void {
    const length = this.#place === undefined ? Math.max(FIRST_BYTES, 2 * this.#length) : this.#expected + 1;
    const bytes = new Uint8Array(Math.min(most, Math.max(length, this.#length + 1)));
    bytes.set(this.#bytes);
    this.free();
    this.#bytes = bytes;
  }

  /** A read takes the buffer away, and gives it back. */
  #took({ buffer, byteLength }: Uint8Array): void {
    this.#bytes = new Uint8Array(buffer as ArrayBuffer);
    this.#length += byteLength;
    if (this.#place === undefined) this.#account.add(byteLength);
    else this.#place.add(byteLength);
  }
}
