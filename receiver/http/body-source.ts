import type { Result } from '../../src/lib/result.ts';
import type { Verified } from './verified.ts';

/**
 * Why there is no body: over the limit; the sender hung up; framed wrongly; not there in time; dropped, because others needed
 * the room; not read to its end, because there was no room in time.
 */
export type BodyFailure = 'too large' | 'incomplete' | 'malformed' | 'timed out' | 'dropped' | 'no room';

export interface ReadOptions {
  readonly maxBytes: number;
  /** True once the headers alone have proved who sends: such a body is never dropped for others. */
  readonly trusted: boolean;
}

/** Where the bytes of a request come from; each platform has its own. To be read once. */
export interface BodySource {
  read(options: ReadOptions): Promise<Result<Uint8Array, BodyFailure>>;
  /** How long `read` waits for the body. Milliseconds; left out: `REQUEST_TIMEOUT_MS`. */
  readonly timeoutMs?: number;
}

/** What a platform may hand over with a request. */
export interface PlatformBindings {
  /** Left out: the body is read from the `Request` itself. */
  readonly body?: BodySource;
  /** Left out: the request is still to be authenticated. */
  readonly verified?: Verified;
  /** The platform's own id of the request, fit for a log. */
  readonly ray?: string;
  /** The address at the other end of the connection: the sender's, or that of the last proxy. */
  readonly peer?: string;
  /** It came in HTTP/1.0: no browser and no client of today speaks that, but nginx does to what is behind it. */
  readonly isHttp10?: true;
}
