/** The longest reason of a decision. Characters. */
export const REASON_LENGTH = 500;

/** A reason as it is kept: on one line, no longer than can be written; `undefined` when it is blank. */
export function cleanReason(text: string): string | undefined {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line === '' ? undefined : [...line].slice(0, REASON_LENGTH).join('');
}
