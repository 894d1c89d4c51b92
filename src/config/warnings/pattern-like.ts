/**
 * Texts that look like a pattern where the config compares with the text itself. Names at W&B may have almost any character, so
 * this is a warning and no error.
 */

/** The MATCH that was most likely meant: `{ regex: "^production$" }`. `undefined` if the text looks like no pattern. */
export function meantPattern(text: string): string | undefined {
  const slashed = /^\/(.+)\/([gimsuy]*)$/.exec(text);
  if (slashed !== null) return regex(`${slashed[2]?.includes('i') ? '(?i)' : ''}${slashed[1]}`);
  if (/^\^|(^|[^\\])\$$|\.[*+]|\\[dwsbDWSB.]|\[[^\]]*-[^\]]*\][*+?{]|\w\|\w/.test(text)) return regex(text);
  if (/\*/.test(text) && /[^*]/.test(text)) return globMatch(text);
  const like = /^%([^%]+)%$/.exec(text);
  return like === null ? undefined : `{ contains: ${JSON.stringify(like[1])} }`;
}

function regex(pattern: string): string {
  return `{ regex: ${JSON.stringify(pattern)} }`;
}

/** `nightly-*` is `^nightly-`, `*-nightly` is `-nightly$`, `*nightly*` contains it. */
function globMatch(glob: string): string {
  const [start, end] = [glob.startsWith('*'), glob.endsWith('*')];
  const inner = glob.replace(/^\*+|\*+$/g, '');
  if (start && end && !inner.includes('*')) return `{ contains: ${JSON.stringify(inner)} }`;
  const body = inner.split(/\*+/).map(escaped).join('.*');
  return regex(`${start ? '' : '^'}${body}${end ? '' : '$'}`);
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}

/** What is wrong with a regular expression that is written as in other languages, or `undefined`. */
export function regexAdvice(pattern: string): string | undefined {
  const slashed = /^\/(.+)\/([gimsuy]*)$/.exec(pattern);
  if (slashed !== null) {
    const inner = `${slashed[2]?.includes('i') ? '(?i)' : ''}${slashed[1]}`;
    return `${JSON.stringify(pattern)} has slashes, which are part of the expression: write ${JSON.stringify(inner)}`;
  }
  const glob = /(^|[\w-])([-_ /])\*$/.exec(pattern);
  return glob === null
    ? undefined
    : `${JSON.stringify(pattern)}: "${glob[2]}*" is any number of "${glob[2]}": write ${JSON.stringify(pattern.slice(0, -1))}`;
}
