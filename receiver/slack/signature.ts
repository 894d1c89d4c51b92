import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * How far Slack's timestamp may be from our clock, to either side, in seconds (Slack, "Verifying requests from Slack":
 * five minutes; one from the future could be kept and used later).
 */
export const MAX_CLOCK_DIFFERENCE_S = 300;

/** How a signature failed, for the log only. */
export type SlackSignatureFailure = 'missing' | 'malformed' | 'stale' | 'future' | 'mismatch';

export interface SlackHeaders {
  /** `X-Slack-Signature`. */
  readonly signature: string | undefined;
  /** `X-Slack-Request-Timestamp`, seconds since 1970. */
  readonly timestamp: string | undefined;
}

/** Makes the value of `X-Slack-Signature`: `v0=` and the HMAC-SHA256 of `v0:{timestamp}:{body}` in hex. */
export function signSlackRequest(body: Uint8Array | string, timestamp: string, secret: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;
}

/** Checks what can be known without the body. `undefined`: whether the signature is right, only the body can tell. */
export function checkSlackHeaders({ signature, timestamp }: SlackHeaders): 'missing' | 'malformed' | undefined {
  if (signature === undefined || timestamp === undefined) return 'missing';
  // One spelling only, so that a request cannot come again under another one.
  return /^v0=[0-9a-f]{64}$/.test(signature) && /^\d{1,12}$/.test(timestamp) ? undefined : 'malformed';
}

/**
 * Checks version 0 of Slack's signature over the raw bytes, in constant time.
 *
 * @param now milliseconds since 1970
 * @returns `undefined` when the request is authentic and of now
 */
export function checkSlackSignature(
  headers: SlackHeaders,
  body: Uint8Array,
  secret: string,
  now: number,
): SlackSignatureFailure | undefined {
  const incomplete = checkSlackHeaders(headers);
  if (incomplete !== undefined) return incomplete;
  const { signature = '', timestamp = '' } = headers;
  const age = now / 1000 - Number(timestamp);
  const isSigned = timingSafeEqual(Buffer.from(signSlackRequest(body, timestamp, secret)), Buffer.from(signature));
  if (!isSigned) return 'mismatch';
  if (age > MAX_CLOCK_DIFFERENCE_S) return 'stale';
  return age < -MAX_CLOCK_DIFFERENCE_S ? 'future' : undefined;
}

/**
 * A sentence for the log. Only what Slack itself has signed is `stale` or `future`, so a difference means that the clock of
 * this machine is wrong, or that somebody sends a recorded request again; the sentence names both.
 *
 * @param timestamp `X-Slack-Request-Timestamp`
 * @param now milliseconds since 1970
 */
export function explainSlackFailure(failure: SlackSignatureFailure, timestamp: string | undefined, now: number): string {
  const seconds = Math.round(Math.abs(now / 1000 - Number(timestamp ?? Number.NaN)));
  switch (failure) {
    case 'missing':
      return 'refused: no X-Slack-Signature or X-Slack-Request-Timestamp header';
    case 'malformed':
      return 'refused: X-Slack-Signature or X-Slack-Request-Timestamp is not what Slack sends';
    case 'stale':
      return `refused: signed more than ${MAX_CLOCK_DIFFERENCE_S} seconds ago: ${seconds} s by the clock of this machine. If every request of Slack is refused like this, the clock is ${seconds} s ahead: set it (NTP)`;
    case 'future':
      return `refused: signed more than ${MAX_CLOCK_DIFFERENCE_S} seconds in the future: ${seconds} s by the clock of this machine. The clock is ${seconds} s behind: set it (NTP)`;
    case 'mismatch':
      return 'refused: the signature does not match the body: is SLACK_SIGNING_SECRET the one of this app?';
  }
}
