import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonValue, parseExactJson } from '../../../src/lib/json.ts';
import { compileTemplate, compileTemplatesIn } from '../../../src/route/template.ts';
import { contextWith, theError, theValue } from '../event/samples.ts';

const CONTEXT = contextWith({ alias: 'production', author: 'ada' }, { n: 1, yes: true, list: [1, { a: 2 }], text: 'x', 'two words': 'y' });

const render = (text: string, context = CONTEXT) => theValue(compileTemplate(text)).render(context);

describe('a template', () => {
  it.each<[string, JsonValue]>([
    ['{{ event.payload.n }}', 1],
    ['{{event.payload.yes}}', true],
    ['{{- event.payload.list -}}', [1, { a: 2 }]],
    ['{{ event.payload.list[1].a }}', 2],
    ['{{ event.payload["two words"] }}', 'y'],
    ['{{ event.payload.n | plus: 1 }}', 2],
    ['{{ event.alias }}', 'production'],
    ['{{ event.tag }}', null],
    ['{{ event.tag | default: "none" }}', 'none'],
    ['{{ event.type }}', 'add_artifact_alias'],
    ['{{ route }}', 'deploy'],
    ['{{ "a}}b" }}', 'a}}b'],
  ])('that is the one expression %s keeps the type of its value', (text, value) => {
    expect(render(text)).toEqual(value);
  });

  it.each([
    ['v{{ event.payload.n }}', 'v1'],
    ['{{ event.payload.n }}{{ event.payload.n }}', '11'],
    [' {{ event.payload.yes }}', ' true'],
    ['[{{ event.tag }}]', '[]'],
    ['{{ event.author | upcase }} did it', 'ADA did it'],
    ['{% if event.alias == "production" %}live{% else %}test{% endif %}', 'live'],
    ['{% for item in event.payload.list %}{{ forloop.index }}{% endfor %}', '12'],
    ['{% assign who = event.author %}{{ who }}', 'ada'],
    ['{% raw %}{{ nothing }}{% endraw %}', '{{ nothing }}'],
  ])('%s is text', (text, value) => {
    expect(render(text)).toBe(value);
  });

  it('keeps any value of the body whole', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const payload = { value } as JsonValue;
        expect(render('{{ event.payload.value }}', contextWith({}, payload))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  const NUMBERS = theValue(
    parseExactJson('{"big":9007199254740993,"one":1.0,"ts":1700000000.0,"list":[1.0,-9007199254740995,{"far":1e400}],"ten":1e1}'),
  );

  it.each([
    ['{{ event.payload.big }}', '9007199254740993'],
    ['{{- event.payload.one -}}', '1.0'],
    ['{{ event.payload.list }}', '[1.0,-9007199254740995,{"far":1e400}]'],
    ['{{ event.payload.list | last }}', '{"far":1e400}'],
    ['{{ event.payload.nope | default: 9007199254740993 }}', '9007199254740993'],
    ['{{ event.payload.ten | plus: 1 }}', '11'],
    ['run {{ event.payload.big }}', '"run 9007199254740993"'],
    ['{{ event.payload.big | append: "!" }}', '"9007199254740993!"'],
    ['{{ event.payload.ts | date: "%Y", 0 }}', '"2023"'],
    ['{% if event.payload.one == 1 %}yes{% endif %}', '"yes"'],
    ['{% if event.payload.big > 9007199254740992 %}yes{% endif %}', '"yes"'],
    ['{% if event.payload.big == 9007199254740992 %}yes{% endif %}', '""'],
    ['{% if 9007199254740992 < event.payload.big %}yes{% endif %}', '"yes"'],
    ['{% case event.payload.ten %}{% when 10 %}ten{% endcase %}', '"ten"'],
    ['{% if event.payload.list contains 1 %}yes{% endif %}', '"yes"'],
    ['{% assign id = 9007199254740993 %}{{ id }}', '"9007199254740993"'],
  ])('keeps the digits of a number, and takes it for a number: %s', (text, json) => {
    expect(JSON.stringify(render(text, contextWith({}, NUMBERS)))).toBe(json);
  });

  it('shows the digits of a number in Slack', () => {
    const text = theValue(compileTemplate('run {{ event.payload.big }}', 'slack'));
    expect(text.render(contextWith({}, NUMBERS))).toBe('run 9007199254740993');
  });

  it('is constant only without an expression', () => {
    expect(theValue(compileTemplate('plain {text}')).constant).toBe(true);
    expect(render('plain {text}')).toBe('plain {text}');
    expect(theValue(compileTemplate('{{ event.alias }}')).constant).toBe(false);
    expect(theValue(compileTemplatesIn({ a: ['x', 1, null] })).constant).toBe(true);
    expect(theValue(compileTemplatesIn({ a: ['x', '{{ route }}'] })).constant).toBe(false);
  });

  it('does not let what arrives act as a template', () => {
    expect(render('{{ event.alias }}!', contextWith({ alias: '{{ event.author }}{% if %}' }))).toBe('{{ event.author }}{% if %}!');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('sees no inherited property: %s', (word) => {
    expect(render(`{{ event.payload.${word} }}`)).toBeNull();
    expect(render(`[{{ event.payload.list.${word} }}]`)).toBe('[]');
  });
});

describe('compileTemplate refuses', () => {
  it.each([
    ['{{ evnt.alias }}', 'templates have no variable "evnt" (did you mean "event"?); there are delivery_id, route, event'],
    ['{{ "x" | default: rout }}', 'templates have no variable "rout" (did you mean "route"?); there are delivery_id, route, event'],
    ['{% if evnt %}{% endif %}', 'templates have no variable "evnt" (did you mean "event"?); there are delivery_id, route, event'],
  ])('an unknown word: %s', (text, message) => {
    expect(theError(compileTemplate(text))).toBe(message);
  });

  it.each([
    ['{{ event.alais }}', 'alais', 'alias'],
    ['{{ event["colection"] }}', 'colection', 'collection'],
    ['text {% for x in event.pyload %}{% endfor %}', 'pyload', 'payload'],
  ])('a word that no event has: %s', (text, typed, meant) => {
    expect(theError(compileTemplate(text))).toMatch(`an event has no "${typed}" (did you mean "${meant}"?); it has type, payload, source,`);
  });

  it.each(['{{ event.alias', '{% if %}', '{{ }}', '{% nonsense %}', '{% for x in event.payload %}'])('broken syntax: %s', (text) => {
    expect(theError(compileTemplate(text))).toMatch(/^not a Liquid template: /);
  });

  it('a filter that does not exist', () => {
    expect(theError(compileTemplate('{{ event.alias | upcaes }}'))).toContain('undefined filter: upcaes');
  });

  it.each(['render', 'include', 'layout'])('to read a file by %s', (tag) => {
    expect(theError(compileTemplate(`{% ${tag} "package.json" %}`))).toContain('not a Liquid template');
  });

  it('a template that is too long', () => {
    expect(compileTemplate(`{{ route }}${'x'.repeat(20_000)}`).ok).toBe(false);
  });

  it('no text with an exception', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      ' event',
      '.alias',
      ' if ',
      ' for ',
      ' x in ',
      '|',
      '"',
      ' endif ',
      '(1..3)',
      'a',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(() => compileTemplate(pieces.join(''))).not.toThrow();
      }),
    );
  });
});

describe('a template cannot', () => {
  it.each(['render', 'include', 'layout'])('read a file whose name arrives in an event, by %s', (tag) => {
    const context = contextWith({ alias: `${import.meta.dirname}/template.test.ts` });
    expect(() => render(`{% ${tag} event.alias %}`, context)).toThrow('ENOENT');
  });

  it.each([
    '{% for i in (1..100000000) %}x{% endfor %}',
    '{{ (1..100000000) }}',
    '{{ (1..100000000) | join }}',
    '{% for i in (1..100000) %}{% for j in (1..100000) %}x{% endfor %}{% endfor %}',
    '{% assign s = "xxxxxxxxxx" %}{% for i in (1..1000) %}{% assign s = s | append: s %}{% endfor %}',
    '{{ "2020-01-01" | date: "%999999999d" }}',
  ])('run without end or fill the memory: %s', (text) => {
    expect(() => render(text)).toThrow(/limit exceeded/);
  });

  it('run without end over what arrives in an event', () => {
    const loops = 'abcd'.split('').map((name) => `{% for ${name} in event.payload %}`);
    const text = `${loops.join('')}{{ a }}${'{% endfor %}'.repeat(loops.length)}`;
    expect(() => render(text, contextWith({}, Array<number>(1000).fill(1)))).toThrow(/render limit exceeded/);
  });
});

describe('a template for Slack', () => {
  const context = contextWith({ run: '<!channel>' });

  it.each(['{{ event.run }}', '{% echo event.run %}', '{% cycle event.run, "b" %}', '{% assign x = event.run %}{{ x }}'])(
    'escapes what it puts in: %s',
    (text) => {
      expect(theValue(compileTemplate(text, 'slack')).render(context)).toBe('&lt;!channel&gt;');
    },
  );

  it('has no filter that puts something in as it is', () => {
    expect(theError(compileTemplate('{{ event.run | raw }}', 'slack'))).toContain('undefined filter: raw');
    expect(theValue(compileTemplate('{{ event.run | raw }}')).render(context)).toBe('<!channel>');
  });
});

describe('compileTemplatesIn', () => {
  it('renders every text inside a value and keeps its shape', () => {
    const template = { a: '{{ event.payload.n }}', b: ['x', { c: 'by {{ event.author }}' }], d: null, e: 5 };
    expect(theValue(compileTemplatesIn(template)).render(CONTEXT)).toEqual({ a: 1, b: ['x', { c: 'by ada' }], d: null, e: 5 });
  });

  it('reports a mistake however deep it is', () => {
    expect(theError(compileTemplatesIn([{ a: [{ b: '{{ event.alais }}' }] }]))).toContain('"alais"');
  });

  it('leaves a value without templates as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!/\{\{|\{%/.test(JSON.stringify(value)) && !JSON.stringify(value).includes('__proto__'));
        expect(theValue(compileTemplatesIn(value as JsonValue)).render(CONTEXT)).toEqual(value);
      }),
    );
  });
});

it('puts values into Slack text as data: nothing in them is bold, italic or an emoji, and addresses stay', () => {
  const compiled = compileTemplate('*{{ event.author }}* {{ event.tag }}', 'slack');
  if (!compiled.ok) throw new Error(compiled.error);
  const rendered = (author: string, tag: string) =>
    compiled.value.render({ delivery_id: 'd', route: 'r', event: { type: 'unknown', source: 'default', author, tag, payload: {} } });
  expect(rendered('*a* _b_ `c`', ':fire: <!here>')).toBe('*∗a∗ ˍbˍ ˋcˋ* ꞉fire: &lt;!here&gt;');
  expect(rendered('my_model_v2', 'https://wandb.ai/a/_b_:c:')).toBe('*my_model_v2* https://wandb.ai/a/_b_:c:');
});
