import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonValue, readExactJson } from '../../../src/lib/json.ts';
import { REDACTED, redactorOf } from '../../../src/lib/redact.ts';

/** Secrets as people have them: long, and not a part of the marker that replaces them. */
const secret = fc
  .array(fc.constantFrom(...'abc012+/="\\\n\té€'), { minLength: 12, maxLength: 30 })
  .map((characters) => characters.join(''))
  .filter((text) => text.trim() === text);
const around = fc.string({ maxLength: 20 });

/** A JSON string in which every character is written as an escape. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}

/** Every string of a document, keys included. */
function stringsIn(value: JsonValue): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return Object.entries(value).flatMap(([key, item]) => [key, ...stringsIn(item)]);
}

describe('the text redactor', () => {
  it('redacts every secret, raw or escaped in JSON', () => {
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 3 }), around, around, (secrets, before, after) => {
        const redactor = redactorOf(secrets);
        for (const value of secrets) {
          const plain = redactor.text(`${before}${value}${after}${value}`);
          expect(plain).toContain(REDACTED);
          expect(plain).not.toContain(value);
          const json = redactor.text(JSON.stringify({ [value]: `${before}${value}` }));
          expect(json).not.toContain(JSON.stringify(value).slice(1, -1));
        }
      }),
    );
  });

  it('replaces a secret that contains another one whole', () => {
    expect(redactorOf(['token', 'token-of-the-admin']).text('x token-of-the-admin y token')).toBe(`x ${REDACTED} y ${REDACTED}`);
  });

  it('replaces every occurrence, also of secrets with signs that mean something in patterns', () => {
    expect(redactorOf(['a.*+?^${}()|[]\\']).text('a.*+?^${}()|[]\\ and a.*+?^${}()|[]\\')).toBe(`${REDACTED} and ${REDACTED}`);
  });

  it('finds the lines of a private key, however they are joined', () => {
    const lines = ['-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', '-----END PRIVATE KEY-----'];
    const redactor = redactorOf([lines.join('\n')]);
    for (const joint of ['\n', '\\n', ' ', '\r\n']) expect(redactor.text(lines.join(joint))).not.toContain(lines[1]);
  });

  it('leaves text without secrets as it is, and takes a blank secret for none', () => {
    expect(redactorOf(['something-else', '']).text('nothing to hide')).toBe('nothing to hide');
  });
});

describe('the JSON redactor', () => {
  it('redacts every secret in any string, key or escape of a document', () => {
    fc.assert(
      fc.property(secret, fc.jsonValue(), around, (value, rest, before) => {
        const text = `{"plain": ${JSON.stringify(before + value)}, ${escaped(value)}: [${escaped(value)}], "rest": ${JSON.stringify(rest)}}`;
        const redacted = redactorOf([value]).json(JSON.parse(text) as JsonValue);
        for (const found of stringsIn(redacted)) expect(found).not.toContain(value);
      }),
    );
  });

  it('returns the very same document where there is nothing to replace', () => {
    const document = { a: ['b', { c: null }], d: 1 };
    expect(redactorOf(['a-secret-value']).json(document)).toBe(document);
    expect(redactorOf([]).json(document)).toBe(document);
  });

  it('keeps everything that is no secret', () => {
    expect(redactorOf(['s3cr3t-value']).json({ token: 's3cr3t-value', list: [1, true, null, 'x s3cr3t-value'] })).toEqual({
      token: REDACTED,
      list: [1, true, null, `x ${REDACTED}`],
    });
  });
});

describe('a document and its text', () => {
  it('are redacted as the document alone is, whatever is escaped, in whatever numbers it stands', () => {
    const secrets = fc.array(fc.constantFrom('1e400', '00', '-0', 'é€', 'a"b', 'a\\b', 'true', 'abc', '1.50'), {
      minLength: 1,
      maxLength: 3,
    });
    const part = fc.constantFrom(
      '1e400',
      '1000',
      '-0',
      '1.50',
      '2.00',
      '"é€"',
      '"\\u00e9€"',
      '"a\\"b"',
      '"a\\\\b"',
      '"xabcx"',
      'true',
      '{"abc":1}',
      '["x"]',
    );
    fc.assert(
      fc.property(secrets, fc.array(part), (given, parts) => {
        const redactor = redactorOf(given);
        const text = `{ "list": [${parts.join(', ')}], "twice": "abc", "twice": 0 }`;
        const value = readExactJson(text);
        const changed = redactor.json(value);

        const redacted = redactor.document(value, text);

        expect(JSON.stringify(redacted.value)).toBe(JSON.stringify(changed));
        expect(redacted.text).toBe(redactor.text(changed === value ? text : JSON.stringify(changed)));
      }),
    );
  });

  it('are the very same where there is nothing to replace', () => {
    const value = { a: ['b', { c: null }], d: 1 };
    const redacted = redactorOf(['a-secret-value']).document(value, JSON.stringify(value));
    expect(redacted.value).toBe(value);
    expect(redacted.text).toBe(JSON.stringify(value));
  });
});
