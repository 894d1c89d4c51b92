import { hash } from 'node:crypto';

/** A key of fixed length: 128 bits of SHA-256, in 32 hex digits. */
export function digest(text: string | Uint8Array): string {
  return hash('sha256', text).slice(0, 32);
}
