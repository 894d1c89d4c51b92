import { describe, expect, it } from 'vitest';
import { blocksProblem, messageProblem, viewProblem } from '../../stand-ins/slack-rules.ts';
import { changed, type Json, line, long, many, pie, plain, rich, text } from './good-blocks.ts';

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
const boxes = {
  type: 'checkboxes',
  action_id: 'boxes',
  options: [{ text: text(), value: 'a' }, option('b')],
  initial_options: [option('b')],
};
const radio = { type: 'radio_buttons', action_id: 'radio', options: [option('a'), option('b')], initial_option: option('a') };
const reason = { type: 'plain_text_input', action_id: 'reason', multiline: true, min_length: 1, max_length: 300, focus_on_load: true };
const input = { type: 'input', block_id: 'why', label: plain(), element: reason, hint: plain(), optional: true, dispatch_action: false };
const image = { type: 'image', image_url: 'https://example.com/a.png', alt_text: 'a chart' };
const GOOD: Json[] = [
  section,
  { type: 'section', block_id: 'facts', fields: [text(), plain()], expand: true, accessory: overflow },
  { type: 'context', elements: [text(), image] },
  { type: 'context', elements: [text()] },
  { type: 'actions', elements: [button, select, grouped, boxes, radio, { type: 'users_select', action_id: 'who' }] },
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

const options = (count: number) => Array.from({ length: count }, (_, index) => option(`${index}`));

describe('blocks that keep every rule', () => {
  it('are taken', () => {
    expect(blocksProblem(GOOD)).toBeUndefined();
    expect(viewProblem(MODAL, 'modal')).toBeUndefined();
    expect(viewProblem({ type: 'home', blocks: GOOD.slice(0, 9) }, 'home')).toBeUndefined();
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
    ['emoji as a word', { type: 'header' }, 'text', { ...plain(), emoji: 'no' }, 'must be a boolean [json-pointer:/blocks/0/text/emoji]'],
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
    ['an image with blank words', image, 'alt_text', '', 'must be more than 0 characters'],
    ['an image with long words', image, 'alt_text', long(2001), 'must be less than 2001 characters'],
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
    ['a blank label for screen readers', button, 'accessibility_label', '', 'must be more than 0 characters'],
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
    ['a select of 101 groups', grouped, 'option_groups', many(101, grouped.option_groups[0]), 'no more than 100 items allowed'],
    ['a group of 101', grouped, 'option_groups.0.options', options(101), 'no more than 100 items allowed'],
    ['a group with a long label', grouped, 'option_groups.0.label', plain(long(76)), 'must be less than 76 characters'],
    ['a group with more', grouped, 'option_groups.0.colour', 'red', 'invalid additional property: colour'],
    ['checkboxes for eleven', boxes, 'options', options(11), 'no more than 10 items allowed'],
    ['boxes that are checked elsewhere', boxes, 'initial_options', [option('c')], 'must match one of the options'],
    ['no boxes that are checked', boxes, 'initial_options', [], 'no fewer than 1 items required'],
    ['eleven boxes that are checked', boxes, 'initial_options', many(11, option('a')), 'no more than 10 items allowed'],
    ['a radio button elsewhere', radio, 'initial_option', option('c'), 'must match one of the options'],
    ['a group without a label', grouped, 'option_groups.0.label', undefined, 'missing required field'],
    ['focus as a word', select, 'focus_on_load', 'yes', 'must be a boolean'],
  ])('%s', (_what, element, path, to, message) => {
    expect(blocksProblem([{ type: 'actions', elements: [changed(element, path, to)] }])?.messages.join('\n')).toContain(message);
  });

  it('of a text input without a length', () => {
    const free = (value: string) => changed(input, 'element', { type: 'plain_text_input', action_id: 'a', initial_value: value });
    expect(blocksProblem([free('')])).toBeUndefined();
    expect(blocksProblem([free(long(3000))])).toBeUndefined();
    expect(blocksProblem([free(long(3001))])?.messages.join()).toContain('must be less than 3001 characters');
  });

  it.each([
    ['a length that is no length', 'min_length', -1, 'must be a whole number between 0 and 3000'],
    ['a length beyond the limit', 'max_length', 3001, 'must be a whole number between 1 and 3000'],
    ['lengths that contradict', 'min_length', 301, 'must not be more than max_length'],
    ['a long value', 'initial_value', long(301), 'must be less than 301 characters'],
    ['no trigger', 'dispatch_action_config', { trigger_actions_on: [] }, 'no fewer than 1 items required'],
    ['three triggers', 'dispatch_action_config', { trigger_actions_on: many(3, 'on_enter_pressed') }, 'no more than 2 items allowed'],
    ['another part of the dispatch', 'dispatch_action_config', { when: 'now' }, 'invalid additional property: when'],
    ['multiline as a word', 'multiline', 'yes', 'must be a boolean'],
    ['a wrong trigger', 'dispatch_action_config', { trigger_actions_on: ['now'] }, 'must be a valid enum value'],
  ])('of a text input: %s', (_what, path, to, message) => {
    expect(blocksProblem([changed(input, `element.${path}`, to)])?.messages.join('\n')).toContain(message);
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
    ['no metadata in a new message', { text: 'a', metadata: {} }, 'invalid_metadata_format'],
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
