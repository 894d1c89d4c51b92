import { MAX_FIELD_LENGTH } from './event.ts';

const CONTROL_CHARACTERS = /[\p{Cc}\u2028\u2029]+/gu;
/** Half of a surrogate pair, left by a cut or by the sender. */
const LONE_SURROGATE = /\p{Cs}/gu;

/**
 * Text from outside as one line of limited length. Line breaks and other control characters become a space, because a
 * workflow may put the value into a shell script (GitHub, "Security hardening": untrusted input).
 */
export function oneLine(text: string): string {
  const line = text.replace(CONTROL_CHARACTERS, ' ').replace(LONE_SURROGATE, '').trim();
  return line.length > MAX_FIELD_LENGTH ? line.slice(0, MAX_FIELD_LENGTH).replace(LONE_SURROGATE, '').trim() : line;
}
