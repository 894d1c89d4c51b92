import { createPrivateKey, type KeyObject } from 'node:crypto';
import { err, ok, type Result } from '../../src/lib/result.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----([\s\S]*?)-----END \1-----/;

const HOW_TO = 'set it to the whole text of the .pem file that GitHub gave out (line breaks may be written as \\n)';

/**
 * Reads the private key of a GitHub App. Text around the key, as other programs put it there, is left out: the library
 * that signs takes the first and the last line for the key's own frame (universal-github-app-jwt 2, `getDERfromPEM`).
 *
 * GitHub Apps sign with RS256 and nothing else (GitHub documentation, "Generating a JSON Web Token for a GitHub App").
 *
 * @param text PEM, PKCS#1 or PKCS#8; line breaks may be written as `\n`
 * @returns the key as PEM, or what is wrong and what to do
 */
export function readAppKey(text: string): Result<string, string> {
  // Many places that hold secrets keep only one line.
  const written = text.replaceAll(/(?:\\+r)?\\+n/g, '\n');
  const block = BLOCK.exec(written);
  if (block === null) return err(`is not a private key: ${HOW_TO}`);
  const [alone, label = '', body = ''] = block;
  if (/\bENCRYPTED\b/.test(alone)) {
    return err(`is encrypted: decrypt it with "openssl pkey -in key.pem -out key-plain.pem" and ${HOW_TO}`);
  }
  // A key that lost its line breaks, or has spaces in its lines, is put into lines again: OpenSSL reads more than what signs does.
  const pem = framed(label, body);
  const key = keyIn(pem);
  if (key === undefined) return err(`is not a private key: ${HOW_TO}`);
  const type = key.asymmetricKeyType;
  if (type !== 'rsa') return err(`is a key of type ${type ?? 'unknown'}, and a GitHub App signs with RSA keys only: ${HOW_TO}`);
  return ok(pem);
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function framed(label: string, body: string): string {
  const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
