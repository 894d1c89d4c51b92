import { describe, expect, it } from 'vitest';
import { olderReplyText } from '../../../receiver/slack/alert-text.ts';
import type { Alert } from '../../../src/route/alert.ts';

const ALERT: Alert = {
  problem: 'not_dispatched',
  target: 'repository_dispatch:acme/deploy',
  route: 'deploy',
  reason: 'no such repository',
};

const textOf = (changes: Partial<Alert>): string =>
  olderReplyText({ kind: 'slack_reply', conversation: 'talk', alert: { ...ALERT, ...changes } });

describe('the text of a reply that an older version stored', () => {
  it('names what was not dispatched, its route and the reason', () => {
    expect(textOf({})).toBe(':x: *acme/deploy* was not dispatched (route deploy): no such repository');
  });

  it('names the dispatch whose run is missing', () => {
    expect(textOf({ problem: 'run_missing', reason: 'nothing listens to <this> & that' })).toBe(
      ':warning: *acme/deploy* (route deploy): nothing listens to &lt;this&gt; &amp; that',
    );
  });

  it('is one line that mentions nobody, with a long reason shortened', () => {
    const text = textOf({ reason: `<!channel>\n${'x'.repeat(2_000)}` });
    expect(text).toMatch(/^:x: .*: &lt;!channel&gt; x+…$/);
    expect(text.length).toBeLessThan(700);
  });

  it('has no half of a character where it is cut, and nothing that reorders text', () => {
    const text = textOf({ reason: `\u202E${'x'.repeat(498)}😀😀` });
    expect(text.isWellFormed()).toBe(true);
    expect(text).toMatch(/: x{498}…$/);
  });

  it('is the stored text where an older version stored one', () => {
    expect(olderReplyText({ kind: 'slack_reply', conversation: 'talk', text: ':x: as it was &lt;stored&gt;' })).toBe(
      ':x: as it was &lt;stored&gt;',
    );
  });
});
