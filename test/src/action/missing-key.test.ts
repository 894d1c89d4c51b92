import { describe, expect, it } from 'vitest';
import { missingKey, type PullRequestPayload } from '../../../src/action/missing-key.ts';

const from = (name: string | null, login = 'ada'): PullRequestPayload => ({
  head: { repo: name === null ? null : { full_name: name } },
  user: { login },
});

describe('without a W&B key', () => {
  it.each([
    ['plan', 'a fork', from('ada/models'), 'notice'],
    ['plan', 'a fork that was deleted', from(null), 'notice'],
    ['plan', 'a branch', from('Acme/models'), 'failure'],
    ['plan', 'a branch of Dependabot', from('acme/models', 'dependabot[bot]'), 'failure'],
    ['plan', 'a push', undefined, 'failure'],
    ['plan', 'an event that does not tell', {}, 'failure'],
    ['apply', 'a fork', from('ada/models'), 'failure'],
    ['drift', 'a schedule', undefined, 'failure'],
    ['export', 'a fork', from('ada/models'), 'failure'],
  ] as const)('%s of %s', (command, _what, pullRequest, kind) => {
    expect(missingKey(command, pullRequest, 'acme/models').kind).toBe(kind);
  });

  it('names the settings of Dependabot', () => {
    expect(missingKey('plan', from('acme/models', 'dependabot[bot]'), 'acme/models').message).toContain(
      'Secrets and variables > Dependabot',
    );
    expect(missingKey('plan', from('acme/models'), 'acme/models').message).not.toContain('Dependabot');
  });
});
