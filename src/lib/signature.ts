import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Checks both ways in which W&B authenticates webhooks: `X-Wandb-Signature`, an HMAC-SHA256 of the raw body with the
 * webhook's secret, and `Authorization: Bearer` with its access token. Pure. Both compare in constant time.
 */

/** Further values in one header are ignored. */
const MAX_HEADER_VALUES = 5;

/** How a signature failed, for the log only. `signature-of-empty-object`: it is the signature of the literal `{}`, seen at one receiver. */
export type SignatureFailure = 'missing' | 'malformed' | 'mismatch' | 'signature-of-empty-object';

/** The value of the signature header. The default encoding is that of W&B's documentation. */
export function signBody(body: Uint8Array | string, secret: string, encoding: 'hex' | 'base64' = 'base64'): string {
  return createHmac('sha256', secret).update(body).digest(encoding);
}

/**
 * Checks the signature over the raw bytes. W&B's documentation shows base64, receivers in the wild read hex or
 * `sha256=` and hex: all three are accepted, and several signatures separated by commas.
 *
 * @param secrets every secret that is valid now; more than one while a secret is being rotated
 * @returns `undefined` when one of the secrets made one of the signatures
 */
export function checkSignature(header: string | undefined, body: Uint8Array, secrets: readonly string[]): SignatureFailure | undefined {
  const given = readSignatures(header);
  return typeof given === 'string' ? given : checkSignatures(given, body, secrets);
}

/** As `checkSignature`, of a header that `readSignatures` has read. */
export function checkSignatures(given: readonly Buffer[], body: Uint8Array, secrets: readonly string[]): SignatureFailure | undefined {
  if (anySigned(given, body, secrets)) return undefined;
  return anySigned(given, Buffer.from('{}'), secrets) ? 'signature-of-empty-object' : 'mismatch';
}

/** The signatures in the header, before there is a body to check them with. */
export function readSignatures(header: string | undefined): readonly Buffer[] | 'missing' | 'malformed' {
  if (header === undefined || header.trim() === '') return 'missing';
  const given = header
    .split(',')
    .slice(0, MAX_HEADER_VALUES)
    .map(readSignature)
    .filter((bytes) => bytes !== undefined);
  return given.length === 0 ? 'malformed' : given;
}

/** All pairs are compared, also after a match, so that the duration does not reveal which secret matches. */
function anySigned(given: readonly Buffer[], body: Uint8Array, secrets: readonly string[]): boolean {
  let found = false;
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest();
    for (const signature of given) if (timingSafeEqual(expected, signature)) found = true;
  }
  return found;
}

const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[A-Za-z0-9+/]{43}=?$/;

/** The 32 bytes of one signature, or `undefined` when it is none of the three spellings. */
function readSignature(text: string): Buffer | undefined {
  const value = text.trim().replace(/^sha256=/i, '');
  if (HEX.test(value)) return Buffer.from(value, 'hex');
  if (!BASE64.test(value)) return undefined;
  const bytes = Buffer.from(value, 'base64');
  // The last character has two unused bits. Only the spelling of an encoder is accepted.
  return bytes.toString('base64').slice(0, 43) === value.slice(0, 43) ? bytes : undefined;
}

/**
 * Checks `Authorization: Bearer <token>` (the scheme in any case, as RFC 9110 asks).
 *
 * @returns `undefined` when the token is one of `tokens`
 */
export function checkBearer(header: string | undefined, tokens: readonly string[]): 'missing' | 'mismatch' | undefined {
  const given = header === undefined ? undefined : /^bearer +(\S+) *$/i.exec(header)?.[1];
  if (given === undefined) return 'missing';
  const digest = sha256(given);
  let found = false;
  for (const token of tokens) if (timingSafeEqual(digest, sha256(token))) found = true;
  return found ? undefined : 'mismatch';
}

/** Hashed, because `timingSafeEqual` needs equal lengths. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
