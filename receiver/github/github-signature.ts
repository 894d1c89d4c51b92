import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** Checks what can be known without the body. `undefined`: whether the signature is right, only the body can tell. */
export function checkGitHubSignatureHeader(header: string | undefined): 'missing' | 'malformed' | undefined {
  const given = readSignature(header);
  return typeof given === 'string' ? given : undefined;
}

function readSignature(header: string | undefined): Buffer | 'missing' | 'malformed' {
  if (header === undefined || header.trim() === '') return 'missing';
  const hex = SIGNATURE.exec(header.trim())?.[1];
  return hex === undefined ? 'malformed' : Buffer.from(hex, 'hex');
}

/**
 * Checks `X-Hub-Signature-256`: `sha256=` and the hexadecimal HMAC-SHA256 of the raw body (GitHub documentation, "Validating
 * webhook deliveries"). Every secret is compared, in constant time, whatever the earlier ones said.
 *
 * @param secrets every secret that is valid now; more than one while a secret is being rotated
 * @returns `undefined` when one of the secrets made the signature
 */
export function checkGitHubSignature(
  header: string | undefined,
  body: Uint8Array,
  secrets: readonly string[],
): 'missing' | 'malformed' | 'mismatch' | undefined {
  const given = readSignature(header);
  if (typeof given === 'string') return given;
  let found = false;
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest();
    if (timingSafeEqual(expected, given)) found = true;
  }
  return found ? undefined : 'mismatch';
}
