import { isJsonObject, type JsonValue } from '../lib/json.ts';

/**
 * What a plan shows in place of a literal secret. A plan is read by everybody who can read the repository, in a comment, a log
 * or a file; a payload in W&B is read by the team only.
 */
export const HIDDEN = '(hidden)';

/** Tokens that are known by their form: GitHub, Slack, OpenAI and alike, AWS, Google, GitLab, Hugging Face, npm, JSON Web Tokens, keys. */
const TOKEN =
  /(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}|\b[sr]k[-_](?:[a-z]+[-_])*[\w-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[\w-]{30,}|\bglpat-[\w-]{16,}|\bhf_\w{16,}|\bnpm_\w{20,}|\bwandb_v\d_\w{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))/g;

/** `https://user:password@host`, and Slack's and Discord's addresses that need no other secret. */
const SECRET_IN_ADDRESS =
  /(\w+:\/\/)[^\s/@:]+:[^\s/@]+(?=@)|(hooks\.slack\.com\/(?:services|workflows|triggers)\/|discord(?:app)?\.com\/api\/webhooks\/)[^\s"'<>]+/g;

const SECRET_WORDS =
  /token|passw|passphrase|pwd|secret|authori[sz]ation|apikey|accesskey|privatekey|signingkey|credential|bearer|cookie|signature|^auth$|^pat$|^key$/;
/** `secret_name` and `max_tokens` are no secrets. */
const HARMLESS_WORDS = /(?:name|ref|count|limit|length|tokens|type|expires(?:in)?)$/;

/** W&B's variables and templates: their values are filled in later. A scheme such as `Bearer` is no secret. */
const FILLED_IN_LATER = /\$\{[^{}]*\}|\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
const SCHEME = /\b(?:bearer|basic|token|digest)\b/gi;

/** `token: abc` or `"password\": \"abc` inside of a text that is no JSON. */
const PAIR_IN_TEXT =
  /((?:token|password|passwd|secret|authorization|api[-_]?key|access[-_]?key)\w*\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic|token)\s+)?)([^\s"'\\,;}&]+)/gi;

/** Below these keys, values go to another system as they are written. */
const SENT_KEYS: ReadonlySet<string> = new Set(['payload', 'client_payload', 'inputs']);

/**
 * A value of a definition with its literal secrets hidden.
 *
 * @param keys the keys that lead to the value in the definition
 */
export function hideSecrets(value: JsonValue, keys: readonly (string | number)[]): JsonValue {
  if (Array.isArray(value)) return value.map((item, i) => hideSecrets(item, [...keys, i]));
  if (isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideSecrets(item, [...keys, key])]));
  }
  const sent = keys.findIndex((key) => SENT_KEYS.has(String(key)));
  const isNamedSecret = sent >= 0 && keys.slice(sent + 1).some((key) => isSecretKey(String(key)));
  if (typeof value !== 'string') return isNamedSecret && value !== null && typeof value !== 'boolean' ? HIDDEN : value;
  const literal = value.replace(FILLED_IN_LATER, ' ').replace(SCHEME, ' ').trim();
  if (isNamedSecret && literal !== '') return HIDDEN;
  if (sent >= 0 && literal.split(/[\s"'=:,;/\\]+/).some(looksRandom)) return HIDDEN;
  return sent < 0 ? hideTokens(value) : hideSecretsInText(value);
}

/** A text with its tokens, passwords in addresses, and values after words such as `token=` hidden. */
export function hideSecretsInText(text: string): string {
  return hideTokens(text).replace(PAIR_IN_TEXT, (all, before: string, secret: string) =>
    secret.startsWith('$') || secret.startsWith('{{') ? all : `${before}${HIDDEN}`,
  );
}

function hideTokens(text: string): string {
  return text
    .replace(TOKEN, HIDDEN)
    .replace(SECRET_IN_ADDRESS, (_all, scheme?: string, hook?: string) => `${scheme ?? hook ?? ''}${HIDDEN}`);
}

function isSecretKey(key: string): boolean {
  const word = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  return SECRET_WORDS.test(word) && !HARMLESS_WORDS.test(word);
}

/** Long, of many different characters, and of digits and letters: nobody chose it. Words, paths and dates are not like that. */
function looksRandom(word: string): boolean {
  if (/^[0-9a-f]{32,}$/i.test(word)) return entropyOf(word) > 3;
  if (word.length < 20 || !/^[\w+.~-]+$/.test(word)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(word)).length;
  const longestPart = Math.max(...word.split(/[-_.~+]/).map((part) => part.length));
  return longestPart >= 16 && ((kinds === 3 && entropyOf(word) > 3.6) || (kinds === 2 && /\d/.test(word) && entropyOf(word) > 3.9));
}

/** Shannon's entropy, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
