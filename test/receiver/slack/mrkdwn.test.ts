import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  channelName,
  fitMrkdwn,
  link,
  mention,
  mrkdwnName,
  plainName,
  safeUrl,
  slackDate,
  templateText,
} from '../../../receiver/slack/mrkdwn.ts';
import { nastyName } from './nasty-names.ts';

const ISOLATES = /[\u2068\u2069]/g;

describe('a name in mrkdwn', () => {
  it('cannot mention, link or format', () => {
    expect(mrkdwnName('<!channel> & <http://evil.example|x>')).toBe('&lt;!channel&gt; &amp; &lt;http://evil.example|x&gt;');
    expect(mrkdwnName('a `b` *c* ~d~ _e_')).toBe('a ˋbˋ ∗c∗ ∼d∼ ˍeˍ');
    expect(mrkdwnName('my_model_v2 _x __init__')).toBe('my_model_v2 ˍx ˍˍinitˍˍ');
    expect(mrkdwnName(':fire: a:b:c acme/x/y:v12')).toBe('꞉fire: a꞉b:c acme/x/y:v12');
  });

  it('stays on its line, keeps its direction to itself, and is never nothing', () => {
    expect(mrkdwnName('a\r\nb\u2028c')).toBe('a b c');
    expect(mrkdwnName('abc\u202Egpj.exe')).toBe('abcgpj.exe');
    expect(mrkdwnName('שלום')).toBe('\u2068שלום\u2069');
    expect(mrkdwnName('שלום \u2069 \u202E x')).toBe('\u2068שלום   x\u2069');
    expect(mrkdwnName('')).toBe('(blank)');
    expect(mrkdwnName('\u202E \n')).toBe('(blank)');
    expect(mrkdwnName('pro\u200Bduction\u200F')).toBe(String.raw`pro\u200bduction\u200f`);
    expect(mrkdwnName('👩\u200D🔬')).toBe('👩\u200D🔬');
  });

  it.each([
    ['an escaped character', '&&&&', 10, '&amp;…'],
    ['a surrogate pair', 'ab😀c', 4, 'ab…'],
    ['a family', 'ab👩‍👩‍👧‍👦cdefghijklmn', 12, 'ab…'],
    ['a flag', 'a🇩🇪bc', 5, 'a…'],
    ['a letter and its accent', 'abe\u0301fg', 5, 'abe\u0301…'],
    ['a right-to-left name', 'שלוםשלום', 6, '\u2068שלו…\u2069'],
  ])('does not cut %s', (_what, name, limit, expected) => {
    expect(mrkdwnName(name, limit)).toBe(expected);
  });

  it('is cut as it reads whole: what begins an emoji’s code begins none, also when its end is cut off', () => {
    expect(mrkdwnName(`${'x'.repeat(30)}:skull_and_crossbones:`, 36)).toBe(`${'x'.repeat(30)}\uA789skul…`);
  });

  it('keeps its limit, and everything that fits whole', () => {
    fc.assert(
      fc.property(nastyName, fc.integer({ min: 12, max: 200 }), (name, limit) => {
        const said = mrkdwnName(name, limit);
        expect(said.length).toBeLessThanOrEqual(limit);
        expect(said).not.toMatch(/[<>`*~\n\r\0\u202A-\u202E\u2066\u2067]/);
        expect(said).not.toMatch(/&(?!amp;|lt;|gt;)/);
        expect(said.isWellFormed()).toBe(true);
        expect(said.replace(/^\u2068[^\u2068\u2069]*\u2069$/, '')).not.toMatch(ISOLATES);
        // What is said is the beginning of the name.
        const plain = said.replace(ISOLATES, '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
        const full = mrkdwnName(name, 100_000)
          .replace(ISOLATES, '')
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&amp;', '&');
        if (plain !== full) {
          expect(plain.endsWith('…')).toBe(true);
          const kept = [...new Intl.Segmenter('en').segment(full)].map(({ segment }) => segment);
          const begin = plain.slice(0, -1);
          expect(kept.some((_, count) => kept.slice(0, count).join('').trimEnd() === begin)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});

it('says a name in plain_text without angle brackets', () => {
  expect(plainName('<@U1> & co')).toBe('‹@U1› & co');
  expect(plainName('😀😀😀', 4)).toBe('😀…');
});

describe('complete mrkdwn', () => {
  it('is cut before a link, never inside', () => {
    expect(fitMrkdwn('see <https://wandb.ai/x|the run> now', 20)).toBe('see…');
    expect(fitMrkdwn('see <https://wandb.ai/x|the run> now', 34)).toBe('see <https://wandb.ai/x|the run>…');
    expect(fitMrkdwn('by <!date^1^{time}|x>', 21)).toBe('by <!date^1^{time}|x>');
  });

  it('is cut before an isolated name, never inside', () => {
    expect(fitMrkdwn('ab \u2068שלום\u2069 and more', 8)).toBe('ab…');
  });

  it('from a template keeps its links and lines and loses what a value smuggled in', () => {
    expect(templateText(' *x*\n<https://wandb.ai|y> \u202E\uD83D\t.', 100)).toBe('*x*\n<https://wandb.ai|y> \uFFFD .');
    expect(templateText(' \u202E\n', 100)).toBeUndefined();
    expect(templateText('pro\u200Bduction', 100)).toBe(String.raw`pro\u200bduction`);
  });
});

describe('a link', () => {
  it('carries an address that cannot end it', () => {
    expect(link('https://wandb.ai/a b/<x>|"y"?a=1&b=2', 'Run | *one*')).toBe(
      '<https://wandb.ai/a%20b/%3Cx%3E%7C%22y%22?a=1&amp;b=2|Run ¦ ∗one∗>',
    );
  });

  it.each(['javascript:alert(1)', 'nonsense', '', `https://wandb.ai/${'x'.repeat(3000)}`, 'slack://x'])(
    'is only its label for %s',
    (url) => {
      expect(safeUrl(url)).toBeUndefined();
      expect(link(url, 'here')).toBe('here');
    },
  );

  it('with a long address is only its label in text, where a button still takes it', () => {
    const url = `https://wandb.ai/${'x'.repeat(1000)}`;
    expect(link(url, 'here')).toBe('here');
    expect(safeUrl(url)).toBe(url);
  });
});

it('writes moments in the reader’s time zone, with UTC beside it', () => {
  expect(slackDate(Date.UTC(2026, 10, 21, 3, 9, 28, 999))).toBe('<!date^1795230568^{date_short_pretty} at {time}|2026-11-21 03:09 UTC>');
  expect(slackDate(Number.NaN)).toBe('at an unknown time');
  expect(slackDate(1e300)).toBe('at an unknown time');
});

it('mentions ids and only names everything else', () => {
  expect([mention('U012ABC'), mention('S012ABC'), mention('!channel'), mention('U1>')]).toEqual([
    '<@U012ABC>',
    '<!subteam^S012ABC>',
    '!channel',
    'U1&gt;',
  ]);
  expect([channelName('C012ABC'), channelName('#ml-<deploys>')]).toEqual(['<#C012ABC>', '#ml-&lt;deploys&gt;']);
});
