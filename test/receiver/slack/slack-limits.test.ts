import { expect, it } from 'vitest';
import { slackProblems } from './slack-limits.ts';

const section = (text: string, more: object = {}) => [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true, ...more } }];
const button = (more: object) => [
  { type: 'actions', elements: [{ type: 'button', action_id: 'a', text: { type: 'plain_text', text: 'a', emoji: false }, ...more }] },
];
const header = (text: string, emoji = false) => [{ type: 'header', text: { type: 'plain_text', text, emoji } }];

it('finds nothing in a good message', () => {
  expect(
    slackProblems([...section('*a* <https://github.com/acme/deploy|b> &amp; <@UAPPROVER1>'), ...button({}), ...header('a')], { text: 'a' }),
  ).toEqual([]);
  expect(slackProblems(section('<@UAUTHOR>'), { ours: /^<@UAUTHOR>$/ })).toEqual([]);
});

it.each([
  ['what Slack refuses', section('x'.repeat(3001)), 'must be less than 3001 characters'],
  ['an unknown field', section('a', { colour: 'red' }), 'invalid additional property: colour'],
  ['no blocks', [], '0 of them'],
  ['text that Slack changes', section('a', { verbatim: false }), 'not verbatim'],
  ['emoji in plain text', header('a', true), 'plain_text without emoji: false'],
  ['markup in plain text', header('<!here>'), 'angle brackets or line breaks in plain_text'],
  ['a mention from a name', section('<!channel>'), 'not ours: <!channel>'],
  ['a link from a name', section('<https://evil.example|a>'), 'not ours: <https://evil.example|a>'],
  ['a bracket', section('a < b'), 'an unescaped angle bracket'],
  ['a cut escape', section('a &l'), 'an unescaped or cut ampersand'],
  ['only blanks', section('  '), 'blank'],
  ['an override', section('a\u202E'), 'a bidi control'],
  ['an isolate without an end', section('a\u2068'), 'an isolate that is not closed'],
  ['half a character', section('a\uD83D'), 'a lone surrogate'],
  ['a button that nothing handles', button({ action_id: undefined }), 'no action_id'],
  ['an address with a bar', button({ url: 'https://a.example/|' }), 'a bad url'],
])('finds %s', (_what, blocks, problem) => {
  expect(slackProblems(blocks).join('\n')).toContain(problem);
});

it('looks at the text of the message as well, and at what is too much', () => {
  expect(slackProblems(section('a'), { text: '<!here>' }).join()).toContain('text: not ours: <!here>');
  expect(slackProblems(section('a'), { text: 'x'.repeat(4001) }).join()).toContain('msg_too_long');
  expect(slackProblems(Array.from({ length: 5 }, () => section('x'.repeat(2900))[0])).join()).toContain('characters in all');
  expect(slackProblems(Array.from({ length: 51 }, () => ({ type: 'divider' }))).join()).toContain('51 of them');
  expect(
    slackProblems(
      Array.from({ length: 51 }, () => ({ type: 'divider' })),
      { most: 100 },
    ),
  ).toEqual([]);
});
