import { proxyErrorIn } from './proxy-error.ts';

/** Error codes of Node for requests that never left this machine. */
const CODES: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * What Cloudflare's runtime throws instead of sending, once an invocation has made as many requests as its plan allows. The
 * sentence goes on with where to configure the limit. (Cloudflare documentation, "Workers: limits": subrequests.)
 */
const TOO_MANY_SUBREQUESTS = /^Too many (?:subrequests|API requests) by single Worker invocation/;

/** A request was given up before any of it was sent. */
export class NeverSentError extends Error {
  override readonly name = 'NeverSentError';
}

/** True if a failed request cannot have reached the server, so it had no effect there. */
export function neverSent(error: unknown): boolean {
  if (proxyErrorIn(error) !== undefined || hasTooManySubrequests(error)) return true;
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof NeverSentError) return true;
  const code = innermostCode(error);
  return code !== undefined && CODES.has(code);
}

/** True if Cloudflare's runtime refused to send: a new invocation may. */
export function hasTooManySubrequests(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (TOO_MANY_SUBREQUESTS.test(at.message)) return true;
  return false;
}

/** The code of the innermost cause that has one. */
function innermostCode(error: unknown): string | undefined {
  let code: string | undefined;
  for (let at = error; at instanceof Error; at = at.cause) if ('code' in at && typeof at.code === 'string') code = at.code;
  return code;
}
