import { MAX_FIELD_LENGTH } from './event.ts';

const CONTROL_CHARACTERS = /[\p{Cc}\u2028\u2029]+/gu;
/** Half of a character that a cut or a careless sender left behind. */
const LONE_SURROGATE = /\p{Cs}/gu;

/**
 * Text from elsewhere as one line of limited length: line breaks and other control characters become a space, because a
 * workflow may be careless enough to put the value into a shell script (GitHub, "Security hardening": untrusted input).
 */
export function oneLine(text: string): string {
  const line = text.replace(CONTROL_CHARACTERS, ' ').replace(LONE_SURROGATE, '').trim();
  return line.length > MAX_FIELD_LENGTH ? line.slice(0, MAX_FIELD_LENGTH).replace(LONE_SURROGATE, '').trim() : line;
}
