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

/** True if a failed request cannot have reached the server, so it had no effect there. */
export function neverSent(error: unknown): boolean {
  if (proxyErrorIn(error) !== undefined) return true;
  const code = innermostCode(error);
  return code !== undefined && CODES.has(code);
}

/** The code of the innermost cause that has one. */
function innermostCode(error: unknown): string | undefined {
  let code: string | undefined;
  for (let at = error; at instanceof Error; at = at.cause) if ('code' in at && typeof at.code === 'string') code = at.code;
  return code;
}
