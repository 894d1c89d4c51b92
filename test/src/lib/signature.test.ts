import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBearer, checkSignature, signBody } from '../../../src/lib/signature.ts';

const BODY = Buffer.from('{"event":"add_artifact_alias","alias":"production"}');
const SECRET = 'a-secret-of-the-team';

/** Every way in which a sender may write the same signature. */
const SPELLINGS: Readonly<Record<string, (hex: string) => string>> = {
  'lower-case hex': (hex) => hex,
  'upper-case hex': (hex) => hex.toUpperCase(),
  'sha256= and hex': (hex) => `sha256=${hex}`,
  'SHA256= and upper-case hex': (hex) => `SHA256=${hex.toUpperCase()}`,
  base64: (hex) => Buffer.from(hex, 'hex').toString('base64'),
  'base64 without padding': (hex) => Buffer.from(hex, 'hex').toString('base64').replace('=', ''),
  'sha256= and base64': (hex) => `sha256=${Buffer.from(hex, 'hex').toString('base64')}`,
  'hex with spaces around it': (hex) => `  ${hex}  `,
};

const spelling = fc.constantFrom(...Object.values(SPELLINGS));
const someBody = fc.uint8Array({ minLength: 1, maxLength: 200 });
const someSecret = fc.string({ minLength: 1 });

describe('signBody', () => {
  it('makes the base64 that the documentation of W&B shows, or hex', () => {
    const expected = createHmac('sha256', SECRET).update(BODY).digest();
    expect(signBody(BODY, SECRET)).toBe(expected.toString('base64'));
    expect(signBody(BODY, SECRET, 'hex')).toBe(expected.toString('hex'));
  });
});

describe('checkSignature', () => {
  it.each(Object.entries(SPELLINGS))('accepts %s', (_name, spell) => {
    expect(checkSignature(spell(signBody(BODY, SECRET, 'hex')), BODY, [SECRET])).toBeUndefined();
  });

  it('accepts any body signed with any of the secrets that are valid now', () => {
    fc.assert(
      fc.property(someBody, fc.array(someSecret, { minLength: 1, maxLength: 4 }), fc.nat(), spelling, (body, secrets, pick, spell) => {
        const secret = secrets[pick % secrets.length] ?? '';
        expect(checkSignature(spell(signBody(body, secret, 'hex')), body, secrets)).toBeUndefined();
      }),
    );
  });

  it('refuses the signature of a secret that is no longer valid', () => {
    expect(checkSignature(signBody(BODY, 'the-old-one'), BODY, [SECRET, 'the-next-one'])).toBe('mismatch');
  });

  it('refuses everything while there is no secret', () => {
    expect(checkSignature(signBody(BODY, SECRET), BODY, [])).toBe('mismatch');
  });

  it('refuses a body with any bit flipped', () => {
    fc.assert(
      fc.property(someBody, fc.nat(), fc.nat(7), spelling, (body, at, bit, spell) => {
        const changed = Uint8Array.from(body);
        changed[at % body.length] = (changed[at % body.length] ?? 0) ^ (1 << bit);
        expect(checkSignature(spell(signBody(body, SECRET, 'hex')), changed, [SECRET])).toBe('mismatch');
      }),
    );
  });

  it('refuses a signature with any bit flipped', () => {
    fc.assert(
      fc.property(fc.nat(31), fc.nat(7), spelling, (at, bit, spell) => {
        const signature = Buffer.from(signBody(BODY, SECRET, 'hex'), 'hex');
        signature[at] = (signature[at] ?? 0) ^ (1 << bit);
        expect(checkSignature(spell(signature.toString('hex')), BODY, [SECRET])).toBe('mismatch');
      }),
    );
  });

  it('finds the right one among several signatures', () => {
    const header = `${'0'.repeat(64)}, ${signBody(BODY, SECRET)} ,nonsense`;
    expect(checkSignature(header, BODY, [SECRET])).toBeUndefined();
  });

  it('looks at no more than five signatures', () => {
    const wrong = Array<string>(5).fill('0'.repeat(64));
    expect(checkSignature([...wrong, signBody(BODY, SECRET)].join(','), BODY, [SECRET])).toBe('mismatch');
  });

  it.each([undefined, '', '   '])('calls the header %j missing', (header) => {
    expect(checkSignature(header, BODY, [SECRET])).toBe('missing');
  });

  it.each(['nonsense', 'sha256=', 'sha1=abcd', ',', '0'.repeat(63), '0'.repeat(65), `${'0'.repeat(63)}g`, `${'A'.repeat(44)}=`])(
    'calls the header %j malformed',
    (header) => {
      expect(checkSignature(header, BODY, [SECRET])).toBe('malformed');
    },
  );

  it('never throws and never accepts a header that nobody signed', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (header) => {
        expect(checkSignature(header, BODY, [SECRET])).toBeDefined();
      }),
    );
  });

  it('refuses, and names, the signature of {} instead of the body', () => {
    expect(checkSignature(signBody('{}', SECRET), BODY, [SECRET])).toBe('signature-of-empty-object');
  });

  it('accepts the signature of {} where the body is {}', () => {
    expect(checkSignature(signBody('{}', SECRET), Buffer.from('{}'), [SECRET])).toBeUndefined();
  });
});

describe('checkBearer', () => {
  it.each(['Bearer token-2', 'bearer token-2', 'BEARER   token-2 '])('accepts %j', (header) => {
    expect(checkBearer(header, ['token-1', 'token-2'])).toBeUndefined();
  });

  it.each([undefined, '', 'token-1', 'Bearer', 'Bearer ', 'Basic token-1', 'Bearer token-1 more'])('finds no token in %j', (header) => {
    expect(checkBearer(header, ['token-1'])).toBe('missing');
  });

  it.each(['Bearer token-2', 'Bearer TOKEN-1', 'Bearer token-', 'Bearer token-11'])('refuses %j', (header) => {
    expect(checkBearer(header, ['token-1'])).toBe('mismatch');
  });

  it('refuses every token while none is configured', () => {
    expect(checkBearer('Bearer anything', [])).toBe('mismatch');
  });
});
