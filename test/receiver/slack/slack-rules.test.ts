import { describe, expect, it } from 'vitest';
import { blocksProblem, messageProblem, viewProblem } from '../../stand-ins/slack-rules.ts';

type Json = { [key: string]: unknown };

const text = (words = 'words') => ({ type: 'mrkdwn', text: words, verbatim: true });
const plain = (words = 'words') => ({ type: 'plain_text', text: words, emoji: false });
const section = { type: 'section', text: text() };
const confirm = { title: plain(), text: text(), confirm: plain(), deny: plain(), style: 'danger' };
const button = { type: 'button', action_id: 'go', text: plain(), value: 'v', url: 'https://example.com', style: 'primary', confirm };
const option = (value: string) => ({ text: plain(), value });
const overflow = { type: 'overflow', action_id: 'more', options: [option('a'), { ...option('b'), url: 'https://example.com' }] };
const select = {
  type: 'static_select',
  action_id: 'pick',
  placeholder: plain(),
  options: [option('a'), option('b')],
  initial_option: option('a'),
};
const grouped = { type: 'static_select', action_id: 'pick2', option_groups: [{ label: plain(), options: [option('a')] }] };
const reason = { type: 'plain_text_input', action_id: 'reason', multiline: true, min_length: 1, max_length: 300, focus_on_load: true };
const input = { type: 'input', block_id: 'why', label: plain(), element: reason, hint: plain(), optional: true, dispatch_action: false };
const image = { type: 'image', image_url: 'https://example.com/a.png', alt_text: 'a chart' };
const points = (...values: number[]) => values.map((value, step) => ({ label: `${step}`, value }));
const line = {
  type: 'data_visualization',
  title: 'loss, last 2 points',
  chart: {
    type: 'line',
    series: [
      { name: 'loss', data: points(3.1, 9.1) },
      { name: 'alert at', data: points(3.4, 3.4) },
    ],
    axis_config: { categories: ['0', '1'], x_label: 'step', y_label: 'loss' },
  },
};
const pie = { type: 'data_visualization', title: 'states', chart: { type: 'pie', segments: points(1, 2) } };
const rich = {
  type: 'rich_text',
  elements: [
    {
      type: 'rich_text_section',
      elements: [
        { type: 'text', text: 'a', style: { bold: true } },
        { type: 'user', user_id: 'U1' },
      ],
    },
    { type: 'rich_text_list', style: 'bullet', elements: [{ type: 'rich_text_section', elements: [{ type: 'emoji', name: 'x' }] }] },
    { type: 'rich_text_preformatted', border: 0, elements: [{ type: 'link', url: 'https://example.com' }] },
  ],
};
const GOOD: Json[] = [
  section,
  { type: 'section', block_id: 'facts', fields: [text(), plain()], expand: true, accessory: overflow },
  { type: 'context', elements: [text(), image] },
  { type: 'actions', elements: [button, select, grouped, { type: 'users_select', action_id: 'who' }] },
  { type: 'header', text: plain() },
  { type: 'divider' },
  { ...image, title: plain() },
  input,
  rich,
  line,
  pie,
];
const MODAL: Json = {
  type: 'modal',
  title: plain('Reject'),
  submit: plain('Reject'),
  close: plain('Not now'),
  callback_id: 'reject',
  private_metadata: '{}',
  blocks: [section, input],
  notify_on_close: false,
};

/** The same with one place changed; `undefined` takes the field away. */
function changed<T>(value: T, path: string, to: unknown): T {
  const copy = structuredClone(value) as Json;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const at = keys.reduce((inside, key) => inside[key] as Json, copy);
  if (to === undefined) delete at[last];
  else at[last] = to;
  return copy as T;
}

const long = (length: number) => 'x'.repeat(length);
const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);
const options = (count: number) => Array.from({ length: count }, (_, index) => option(`${index}`));

describe('blocks that keep every rule', () => {
  it('are taken', () => {
    expect(blocksProblem(GOOD)).toBeUndefined();
    expect(viewProblem(MODAL, 'modal')).toBeUndefined();
    expect(viewProblem({ type: 'home', blocks: GOOD.slice(0, 8) }, 'home')).toBeUndefined();
  });

  it('are taken up to the limits', () => {
    const full = [
      { type: 'section', block_id: long(255), text: text(long(3000)) },
      { type: 'section', fields: [...many(9, text('x')), text(long(2000))] },
      { type: 'header', text: plain(long(150)) },
      { type: 'actions', elements: [{ ...button, text: plain(long(75)), value: long(2000), action_id: long(255) }] },
      { type: 'actions', elements: [{ ...overflow, options: options(5) }] },
      changed(line, 'title', long(50)),
    ];
    expect(blocksProblem(full)).toBeUndefined();
    expect(blocksProblem(many(50, { type: 'divider' }))).toBeUndefined();
  });
});

describe('a rule of a block, broken', () => {
  it.each<[string, Json, string, unknown, string]>([
    ['an unknown block', section, 'type', 'sektion', 'unsupported type: sektion [json-pointer:/blocks/0/type]'],
    ['an unknown field', section, 'colour', 'red', 'invalid additional property: colour [json-pointer:/blocks/0]'],
    ['a long block_id', section, 'block_id', long(256), 'must be less than 256 characters [json-pointer:/blocks/0/block_id]'],
    ['a section without anything', section, 'text', undefined, 'missing required field: text or fields'],
    ['a long section', section, 'text.text', long(3001), 'must be less than 3001 characters [json-pointer:/blocks/0/text/text]'],
    ['a blank text', section, 'text.text', '', 'must be more than 0 characters'],
    ['a text of another type', section, 'text.type', 'markdown', 'must be one of plain_text, mrkdwn'],
    ['a text that is no object', section, 'text', 'words', 'must provide an object [json-pointer:/blocks/0/text]'],
    ['emoji in mrkdwn', section, 'text.emoji', false, 'invalid additional property: emoji'],
    ['verbatim as a word', section, 'text.verbatim', 'yes', 'must be a boolean [json-pointer:/blocks/0/text/verbatim]'],
    ['eleven fields', { type: 'section' }, 'fields', many(11, text()), 'no more than 10 items allowed [have 11]'],
    ['no fields', { type: 'section' }, 'fields', [], 'no fewer than 1 items required'],
    ['a long field', { type: 'section' }, 'fields', [text(long(2001))], 'must be less than 2001 characters'],
    ['an input as accessory', section, 'accessory', reason, 'unsupported type in a block of type section: plain_text_input'],
    ['expand as a word', section, 'expand', 'yes', 'must be a boolean [json-pointer:/blocks/0/expand]'],
    ['a context without elements', { type: 'context' }, 'elements', undefined, 'must be an array'],
    ['eleven elements of a context', { type: 'context' }, 'elements', many(11, text()), 'no more than 10 items allowed'],
    ['a long context', { type: 'context' }, 'elements', [text(long(3001))], 'must be less than 3001 characters'],
    ['a button in a context', { type: 'context' }, 'elements', [button], 'must be one of plain_text, mrkdwn'],
    ['no actions', { type: 'actions' }, 'elements', [], 'no fewer than 1 items required'],
    [
      'twenty-six actions',
      { type: 'actions' },
      'elements',
      Array.from({ length: 26 }, (_, index) => ({ ...button, action_id: `${index}` })),
      'no more than 25 items allowed [have 26]',
    ],
    ['an action_id twice', { type: 'actions' }, 'elements', [button, button], 'action_id go already exists'],
    ['a header in mrkdwn', { type: 'header' }, 'text', text(), 'must be one of plain_text'],
    ['a long header', { type: 'header' }, 'text', plain(long(151)), 'must be less than 151 characters'],
    ['a header without text', { type: 'header' }, 'block_id', 'a', 'missing required field [json-pointer:/blocks/0/text]'],
    ['an image without words', image, 'alt_text', undefined, 'missing required field [json-pointer:/blocks/0/alt_text]'],
    ['an image without a source', image, 'image_url', undefined, 'must have one of image_url, slack_file'],
    ['an image of a file', image, 'image_url', 'file:///etc/passwd', 'must be a valid URL'],
    ['an image with a long title', image, 'title', plain(long(2001)), 'must be less than 2001 characters'],
    ['an input without a label', input, 'label', undefined, 'missing required field [json-pointer:/blocks/0/label]'],
    ['an input without an element', input, 'element', undefined, 'missing required field [json-pointer:/blocks/0/element]'],
    ['a button as input', input, 'element', button, 'unsupported type in a block of type input: button'],
    ['a hint in mrkdwn', input, 'hint', text(), 'must be one of plain_text'],
    ['optional as a word', input, 'optional', 'yes', 'must be a boolean'],
  ])('%s', (_what, block, path, to, message) => {
    expect(blocksProblem([changed(block, path, to)])?.messages.join('\n')).toContain(message);
  });

  it('the number of blocks, their size and their ids', () => {
    expect(blocksProblem('[]')).toMatchObject({ error: 'invalid_blocks' });
    expect(blocksProblem(many(51, { type: 'divider' }))?.messages[0]).toContain('no more than 50 items allowed [have 51]');
    expect(viewProblem({ type: 'home', blocks: many(101, { type: 'divider' }) }, 'home')?.messages[0]).toContain('no more than 100 items');
    const twice = [
      { ...section, block_id: 'a' },
      { type: 'divider', block_id: 'a' },
    ];
    expect(blocksProblem(twice)?.messages).toEqual(['[ERROR] block_id a already exists [json-pointer:/blocks/1/block_id]']);
    expect(blocksProblem(many(5, { type: 'section', text: text(long(2800)) }))).toEqual({ error: 'msg_blocks_too_long', messages: [] });
  });
});

describe('a rule of an element, broken', () => {
  it.each<[string, Json, string, unknown, string]>([
    ['an unknown element', button, 'type', 'knob', 'unsupported type: knob'],
    ['an unknown field', button, 'colour', 'red', 'invalid additional property: colour'],
    ['a long action_id', button, 'action_id', long(256), 'must be less than 256 characters'],
    ['a blank action_id', button, 'action_id', '', 'must be more than 0 characters'],
    ['a long button', button, 'text', plain(long(76)), 'must be less than 76 characters'],
    ['a button in mrkdwn', button, 'text', text(), 'must be one of plain_text'],
    ['a button without text', button, 'text', undefined, 'missing required field'],
    ['a long value', button, 'value', long(2001), 'must be less than 2001 characters'],
    ['a long address', button, 'url', `https://example.com/${long(3000)}`, 'must be less than 3001 characters'],
    ['a script as address', button, 'url', 'javascript:alert(1)', 'must be a valid URL'],
    ['a style of its own', button, 'style', 'warning', 'must be a valid enum value'],
    ['a long label for screen readers', button, 'accessibility_label', long(76), 'must be less than 76 characters'],
    ['a confirmation without a title', button, 'confirm.title', undefined, 'missing required field'],
    ['a confirmation with a long title', button, 'confirm.title', plain(long(101)), 'must be less than 101 characters'],
    ['a confirmation with a long text', button, 'confirm.text', text(long(301)), 'must be less than 301 characters'],
    ['a confirmation with a long button', button, 'confirm.confirm', plain(long(31)), 'must be less than 31 characters'],
    ['a confirmation with a long way out', button, 'confirm.deny', plain(long(31)), 'must be less than 31 characters'],
    ['a confirmation in another style', button, 'confirm.style', 'warning', 'must be a valid enum value'],
    ['a menu without options', overflow, 'options', [], 'no fewer than 1 items required'],
    ['a menu of six', overflow, 'options', options(6), 'no more than 5 items allowed [have 6]'],
    ['a long option', overflow, 'options', [{ text: plain(long(76)), value: 'a' }], 'must be less than 76 characters'],
    ['an option without a value', overflow, 'options', [{ text: plain() }], 'missing required field'],
    ['a long value of an option', overflow, 'options', [option(long(151))], 'must be less than 151 characters'],
    ['an option in mrkdwn', overflow, 'options', [{ text: text(), value: 'a' }], 'must be one of plain_text'],
    ['a long description', overflow, 'options', [{ ...option('a'), description: plain(long(76)) }], 'must be less than 76 characters'],
    ['a value twice', overflow, 'options', [option('a'), option('a')], 'the value is that of another option'],
    ['a select of 101', select, 'options', options(101), 'no more than 100 items allowed'],
    ['a select with addresses', select, 'options', [{ ...option('a'), url: 'https://example.com' }], 'invalid additional property: url'],
    ['a select without options', select, 'options', undefined, 'must have one of options, option_groups'],
    ['a select that begins elsewhere', select, 'initial_option', option('c'), 'must match one of the options'],
    ['a long placeholder', select, 'placeholder', plain(long(151)), 'must be less than 151 characters'],
    ['a group without a label', grouped, 'option_groups.0.label', undefined, 'missing required field'],
    ['focus as a word', select, 'focus_on_load', 'yes', 'must be a boolean'],
  ])('%s', (_what, element, path, to, message) => {
    expect(blocksProblem([{ type: 'actions', elements: [changed(element, path, to)] }])?.messages.join('\n')).toContain(message);
  });

  it.each([
    ['a length that is no length', 'min_length', -1, 'must be a whole number between 0 and 3000'],
    ['a length beyond the limit', 'max_length', 3001, 'must be a whole number between 1 and 3000'],
    ['lengths that contradict', 'min_length', 301, 'must not be more than max_length'],
    ['a long value', 'initial_value', long(301), 'must be less than 301 characters'],
    ['multiline as a word', 'multiline', 'yes', 'must be a boolean'],
    ['a wrong trigger', 'dispatch_action_config', { trigger_actions_on: ['now'] }, 'must be a valid enum value'],
  ])('of a text input: %s', (_what, path, to, message) => {
    expect(blocksProblem([changed(input, `element.${path}`, to)])?.messages.join('\n')).toContain(message);
  });
});

describe('a rule of a chart, broken', () => {
  it.each<[string, Json, string, unknown, string]>([
    ['no title', line, 'title', undefined, 'missing required field [json-pointer:/blocks/0/title]'],
    ['a long title', line, 'title', long(51), 'must be less than 51 characters'],
    ['another kind', line, 'chart.type', 'radar', 'must be one of line, bar, area, pie'],
    ['no series', line, 'chart.series', [], 'no fewer than 1 items required'],
    ['seven series', line, 'chart.series', many(7, line.chart.series[0]), 'no more than 6 items allowed'],
    ['a name twice', line, 'chart.series.1.name', 'loss', 'must be unique'],
    ['a long name', line, 'chart.series.0.name', long(21), 'must be less than 21 characters'],
    ['other labels', line, 'chart.series.0.data.1.label', '2', 'labels must match axis_config.categories'],
    ['a missing point', line, 'chart.series.0.data', points(1), 'labels must match axis_config.categories'],
    ['a label twice', line, 'chart.series.0.data.1.label', '0', 'labels must match axis_config.categories'],
    ['a value in words', line, 'chart.series.0.data.0.value', 'NaN', 'must be a number'],
    ['a value that is none', line, 'chart.series.0.data.0.value', Number.NaN, 'must be a number'],
    [
      'twenty-one categories',
      line,
      'chart.axis_config.categories',
      Array.from({ length: 21 }, (_, at) => `${at}`),
      'no more than 20 items',
    ],
    ['a category twice', line, 'chart.axis_config.categories', ['0', '0'], 'the category is there twice'],
    ['a long category', line, 'chart.axis_config.categories', ['0', long(21)], 'must be less than 21 characters'],
    ['a long axis', line, 'chart.axis_config.x_label', long(51), 'must be less than 51 characters'],
    ['no axes', line, 'chart.axis_config', undefined, 'must provide an object'],
    ['a pie of seven', pie, 'chart.segments', points(1, 2, 3, 4, 5, 6, 7), 'no more than 6 items allowed'],
    ['an empty slice', pie, 'chart.segments', points(1, 0), 'must be more than 0'],
    ['a pie with axes', pie, 'chart.axis_config', { categories: ['0'] }, 'invalid additional property: axis_config'],
  ])('%s', (_what, block, path, to, message) => {
    expect(blocksProblem([changed(block, path, to)])?.messages.join('\n')).toContain(message);
  });

  it('three charts, or a chart where there may be none', () => {
    expect(blocksProblem([line, line, pie])?.messages.join()).toContain('no more than 2 data_visualization blocks allowed [have 3]');
    expect(viewProblem({ type: 'home', blocks: [line] }, 'home')?.messages.join()).toContain('unsupported type on this surface');
  });
});

describe('a rule of rich text, broken', () => {
  it.each([
    ['nothing in it', 'elements', [], 'no fewer than 1 items required'],
    ['an unknown part', 'elements.0.type', 'rich_text_table', 'unsupported type: rich_text_table'],
    ['an unknown text', 'elements.0.elements.0.type', 'words', 'unsupported type: words'],
    ['a user without an id', 'elements.0.elements.1.user_id', undefined, 'must be a string'],
    ['a style that is none', 'elements.0.elements.0.style', { loud: true }, 'invalid additional property: loud'],
    ['a list without a style', 'elements.1.style', undefined, 'must be a valid enum value'],
    ['a list of texts', 'elements.1.elements', [{ type: 'text', text: 'a' }], 'must be rich_text_section'],
    ['a link to nowhere', 'elements.2.elements.0.url', 'nowhere', 'must be a valid URL'],
    ['a border of two', 'elements.2.border', 2, 'must be a valid enum value'],
  ])('%s', (_what, path, to, message) => {
    expect(blocksProblem([changed(rich, path, to)])?.messages.join('\n')).toContain(message);
  });
});

describe('a rule of a view, broken', () => {
  it.each([
    ['another type', 'type', 'home', 'must be modal [json-pointer:/view/type]'],
    ['an unknown field', 'width', 1, 'invalid additional property: width'],
    ['no title', 'title', undefined, 'missing required field [json-pointer:/view/title]'],
    ['a long title', 'title', plain(long(25)), 'must be less than 25 characters'],
    ['a title in mrkdwn', 'title', text(), 'must be one of plain_text'],
    ['a long submit', 'submit', plain(long(25)), 'must be less than 25 characters'],
    ['a long close', 'close', plain(long(25)), 'must be less than 25 characters'],
    ['an input without submit', 'submit', undefined, 'required with an input block'],
    ['much metadata', 'private_metadata', long(3001), 'must be less than 3001 characters'],
    ['a long callback_id', 'callback_id', long(256), 'must be less than 256 characters'],
    ['a long external_id', 'external_id', long(256), 'must be less than 256 characters'],
    ['no blocks', 'blocks', undefined, 'must be an array [json-pointer:/view/blocks]'],
    ['two elements in focus', 'blocks', [input, { ...input, block_id: 'b' }], 'only one element may have focus_on_load'],
    ['a flag as a word', 'notify_on_close', 'yes', 'must be a boolean'],
    ['a mistake inside', 'blocks.0.text.text', '', 'must be more than 0 characters [json-pointer:/view/blocks/0/text/text]'],
  ])('%s', (_what, path, to, message) => {
    expect(viewProblem(changed(MODAL, path, to), 'modal')?.messages.join('\n')).toContain(message);
  });

  it('a home with a title, and a view that is too large', () => {
    expect(viewProblem({ type: 'home', blocks: [], title: plain() }, 'home')?.messages.join()).toContain(
      'invalid additional property: title',
    );
    const large = { ...MODAL, blocks: many(90, { type: 'section', text: text(long(2900)) }) };
    expect(viewProblem(large, 'modal')).toEqual({ error: 'view_too_large', messages: [] });
  });
});

describe('a rule of a message, broken', () => {
  it.each([
    ['nothing to say', {}, 'no_text'],
    ['only blanks', { text: '', blocks: [] }, 'no_text'],
    ['a long text', { text: long(40_001) }, 'msg_too_long'],
    ['bad blocks', { text: 'a', blocks: [{ type: 'x' }] }, 'invalid_blocks'],
    ['metadata without a type', { text: 'a', metadata: { event_payload: {} } }, 'invalid_metadata_format'],
    ['metadata in a list', { text: 'a', metadata: { event_type: 'a', event_payload: [] } }, 'invalid_metadata_format'],
  ])('%s', (_what, message, error) => {
    expect(messageProblem(message)?.error).toBe(error);
  });

  it('an update has less room for its text', () => {
    expect(messageProblem({ text: long(4001) })).toBeUndefined();
    expect(messageProblem({ text: long(4001) }, 'update')?.error).toBe('msg_too_long');
    expect(messageProblem({ blocks: [section], metadata: { event_type: 'a', event_payload: { id: 'b' } } }, 'update')).toBeUndefined();
  });
});
