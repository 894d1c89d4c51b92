import { describe, expect, test } from 'vitest';
import { eraserOf, nameToEraseProblem } from '../../../src/lib/erase-name.ts';

const erase = (...names: string[]) => eraserOf({ names, pseudonym: 'erased-1' });

describe('a name in a text', () => {
  test.each([
    ['ada', 'erased-1'],
    ['approved by ada (U012ABC): fine', 'approved by erased-1 (erased-1): fine'],
    ['approved by Ada, by the command line', 'approved by erased-1, by the command line'],
    ['<@U012ABC> *ada* promoted it.', '<@erased-1> *erased-1* promoted it.'],
    ['@ada: look', '@erased-1: look'],
    ["ada's run, by ada.", "erased-1's run, by erased-1."],
    ['slack:U012ABC', 'slack:erased-1'],
    ['mail to ada@acme.com', 'mail to erased-1'],
  ])('%s', (text, erased) => {
    expect(erase('ada', 'U012ABC', 'ada@acme.com').inText(text)).toBe(erased);
  });

  test.each(['adam', 'canada', 'ada-model', 'my_ada', 'ada/train', 'acme/ada', 'model:ada', 'ada.py', 'eve@ada', 'ada@other.org', 'adä'])(
    'is not in %s',
    (text) => expect(erase('ada').inText(text)).toBe(text),
  );

  test('may have every sign of ASCII that a name may have', () => {
    const signs = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter((sign) => !'"\\'.includes(sign));
    for (const sign of signs) expect([sign, erase(`an${sign}na`).inText(`by an${sign}na now`)]).toEqual([sign, 'by erased-1 now']);
  });

  test('may have any letters', () => {
    expect(erase('José Ñ', '李明', 'a.b+c').inText('josé ñ, 李明 and a.b+c')).toBe('erased-1, erased-1 and erased-1');
  });
});

describe('a name in JSON', () => {
  test('is replaced in texts and names of properties, and nothing else changes', () => {
    const json = '{ "author":"ada",\n "n": 1.10, "ada": ["ADA", "adam"], "text": "by \\"ada\\"\\n" }';
    expect(erase('ada').inJson(json)).toBe(
      '{ "author":"erased-1",\n "n": 1.10, "erased-1": ["erased-1", "adam"], "text": "by \\"erased-1\\"\\n" }',
    );
  });

  test('however its letters are written', () => {
    expect(erase('José').inJson(String.raw`{"a":"Jos\u00e9","b":"\u004aosé"}`)).toBe('{"a":"erased-1","b":"erased-1"}');
  });

  test('is replaced where the JSON is cut off', () => {
    expect(erase('ada').inJson('{"a":"ada","b":"ad')).toBe('{"a":"erased-1","b":"ad');
  });
});

describe('what a row must hold', () => {
  test('is in every form of the name', () => {
    const forms = ['José Ñandú', String.raw`jos\u00e9 \u00f1and\u00fa`, 'JOSÉ ÑANDÚ'];
    const { needles } = erase('José Ñandú');
    for (const form of forms) expect(needles.some((needle) => form.toLowerCase().includes(needle))).toBe(true);
    expect(erase('李明').needles).toEqual(['李明', String.raw`\u`]);
  });
});

test.each(['a', '42', 'a"b', ' ada', 'a\\b', 'a\nb'])('%j is no name', (name) => expect(nameToEraseProblem(name)).toBeDefined());
test.each(['ada', 'U012ABC', 'ada@acme.com', 'José Ñ', '李明'])('%s is one', (name) => expect(nameToEraseProblem(name)).toBeUndefined());
