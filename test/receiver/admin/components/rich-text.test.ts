import { describe, expect, it } from 'vitest';
import { richText } from '../../../../receiver/admin/components/rich-text.ts';

const shown = async (text: string): Promise<string> => String(await richText(text, 'https://github.com'));

describe('a sentence of the log', () => {
  it('has its times as times', async () => {
    expect(await shown('waiting until 2026-11-27T09:06:58.700Z')).toBe(
      'waiting until <time datetime="2026-11-27T09:06:58.700Z" title="2026-11-27T09:06:58.700Z">2026-11-27 09:06:58 UTC</time>',
    );
    expect(await shown('at 2026-19-39T99:99:99Z')).toBe('at 2026-19-39T99:99:99Z');
  });

  it('links runs and other pages of GitHub', async () => {
    expect(await shown('run ended: https://github.com/acme/deploy/actions/runs/42')).toBe(
      'run ended: <a href="https://github.com/acme/deploy/actions/runs/42" rel="noreferrer">run 42</a>',
    );
    expect(await shown('moved to https://github.com/acme/deploy.')).toBe(
      'moved to <a href="https://github.com/acme/deploy" rel="noreferrer">acme/deploy</a>.',
    );
  });

  it.each([
    'https://github.com.evil.example/acme',
    'https://evil.example/https://github.com/acme',
    'http://github.com/acme',
    'javascript:alert(1)',
    'https://github.com@evil.example/acme',
  ])('links nothing else: %s', async (address) => {
    expect(await shown(`see ${address}`)).toBe(`see ${address}`);
  });

  it('shows the rest as text', async () => {
    expect(await shown('<b>"&')).toBe('&lt;b&gt;&quot;&amp;');
    expect(await shown('https://github.com/a"onclick="x')).not.toContain('"onclick=');
  });
});
