import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { blocksHtml } from '../../../scripts/slack-pictures/blocks-html.ts';
import { mrkdwnHtml, mrkdwnPlain } from '../../../scripts/slack-pictures/mrkdwn-html.ts';
import { smallestPng, smallPng } from '../../../scripts/slack-pictures/png.ts';

const READER = { names: { UADA: 'ada', SLEADS: 'ml-leads', CML: 'ml' }, now: Date.UTC(2026, 10, 21, 10, 2) };
const htmlOf = (mrkdwn: string): string => mrkdwnHtml(mrkdwn, READER).html;
const at = (days: number): number => READER.now / 1000 + days * 86_400;

describe('mrkdwn', () => {
  it.each([
    ['*bold* _italic_ ~gone~ `code`', '<b>bold</b> <i>italic</i> <s>gone</s> <code>code</code>'],
    ['*bold <https://a.example|link>*', '<b>bold <span class="link">link</span></b>'],
    ['2 * 3 * 4 and snake_case_name', '2 * 3 * 4 and snake_case_name'],
    ['`*not bold*`', '<code>*not bold*</code>'],
    ['```\n*a*\nb\n```', '<pre>*a*\nb</pre>'],
    ['a\nb', 'a<br>b'],
    ['&gt; quoted', '<span class="quote">quoted</span>'],
    [':x: :nothing_known:', '<span class="emoji">❌</span> :nothing_known:'],
    [
      '<@UADA> <!subteam^SLEADS> <#CML>',
      '<span class="mention">@ada</span> <span class="mention">@ml-leads</span> <span class="mention">#ml</span>',
    ],
    ['<!here>', '<span class="mention">@here</span>'],
    ['<https://a.example>', '<span class="link">https://a.example</span>'],
  ])('%s', (mrkdwn, expected) => {
    expect(htmlOf(mrkdwn)).toBe(expected);
  });

  it('escapes before it formats', () => {
    expect(htmlOf('&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; "a"')).toBe(
      '&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &quot;a&quot;',
    );
    expect(htmlOf('<https://a.example|&lt;img src=x&gt;>')).toBe('<span class="link">&lt;img src=x&gt;</span>');
    expect(htmlOf('a\uE0000\uE001b')).toBe('a0b');
  });

  it.each([
    ['{date_short_pretty} at {time}', 0, 'today at 10:02 AM'],
    ['{date_short_pretty}', 1, 'tomorrow'],
    ['{date_pretty}', -1, 'yesterday'],
    ['{date_short}', 30, 'Dec 21, 2026'],
    ['{date_num} {time_secs}', 0, '2026-11-21 10:02:00 AM'],
  ])('dates: %s', (format, days, expected) => {
    expect(mrkdwnPlain(`<!date^${at(days)}^${format}|at some time>`, READER)).toBe(expected);
  });

  it('is plain on a lock screen', () => {
    expect(mrkdwnPlain(':x: <@UADA>: a &amp; b', READER)).toBe('❌ @ada: a & b');
  });
});

describe('blocks', () => {
  it('draws a chart with its values, its limit and its legend', () => {
    const data = [1, 2, 3].map((value, index) => ({ label: `${index}`, value }));
    const limit = data.map(({ label }) => ({ label, value: 2 }));
    const series = [
      { name: 'loss', data },
      { name: 'alert at', data: limit },
    ];
    const chart = { type: 'line', series, axis_config: { categories: ['0', '1', '2'], x_label: 'step', y_label: 'loss' } };
    const { html } = blocksHtml([{ type: 'data_visualization', title: 'loss, last 3 points', chart }], READER);
    expect(html.match(/<polyline/g)).toHaveLength(2);
    for (const word of ['loss, last 3 points', 'alert at', 'step']) expect(html).toContain(word);
    const bars = blocksHtml([{ type: 'data_visualization', title: 'a', chart: { ...chart, type: 'bar' } }], READER).html;
    expect(bars.match(/<rect/g)).toHaveLength(6);
    const pie = blocksHtml([{ type: 'data_visualization', title: 'a', chart: { type: 'pie', segments: data } }], READER).html;
    expect(pie.match(/<circle/g)).toHaveLength(3);
  });

  it('never leaves out what it cannot draw', () => {
    expect(() => blocksHtml([{ type: 'video' }], READER)).toThrow('there is no drawing of a block of type video');
    expect(() => blocksHtml([{ type: 'actions', elements: [{ type: 'timepicker' }] }], READER)).toThrow(
      'no drawing of an element of type timepicker',
    );
  });

  it('escapes plain text, and has emoji only where they are wanted', () => {
    const header = (emoji: boolean) => blocksHtml([{ type: 'header', text: { type: 'plain_text', text: '<b>:x:', emoji } }], READER).html;
    expect(header(false)).toContain('&lt;b&gt;:x:');
    expect(header(true)).toContain('❌');
  });
});

it('makes a picture small without changing what it shows', () => {
  // 2 × 2 pixels, RGBA: white and red, then the same through the filter "up".
  const rows = Buffer.from([0, 255, 255, 255, 255, 255, 0, 0, 255, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  const chunk = (type: string, data: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 2, 8, 6, 0, 0, 0]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const png = Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
  const small = smallPng(png);
  const palette = small.subarray(small.indexOf('PLTE') + 4, small.indexOf('PLTE') + 10);
  expect([...palette]).toEqual([255, 255, 255, 255, 0, 0]);
  expect(small.subarray(16, 26)).toEqual(Buffer.from([0, 0, 0, 2, 0, 0, 0, 2, 8, 3]));
  // With one colour, the red becomes the white that is as frequent and comes first.
  const single = smallPng(png, 1);
  expect([...single.subarray(single.indexOf('PLTE') + 4, single.indexOf('IDAT') - 8)]).toEqual([255, 255, 255]);
  expect(smallestPng(png, 1_000)).toEqual(small);
  expect(smallestPng(png, 1).length).toBeLessThanOrEqual(small.length);
  expect(() => smallPng(Buffer.from('no picture'))).toThrow('this is no PNG');
});
