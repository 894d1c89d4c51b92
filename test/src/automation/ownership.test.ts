import { describe, expect, it } from 'vitest';
import { readMark, withMark } from '../../../src/automation/ownership.ts';

const MARK = { repository: 'acme/models', namespace: 'wandb-relay.yaml', key: 'deploy', applied: '1a2b3c4d' };

describe('a mark of ownership', () => {
  it.each([
    ['a path', 'ml/team one/wandb-relay.yaml', 'deploy'],
    ['the top folder', '.', 'deploy'],
    ['brackets and percent signs', 'a[b]%20c', 'k[e]y %25'],
    ['other spaces', 'a\u00a0b\u3000c\td', 'deploy it'],
    ['other letters', 'modèles/été.yaml', 'déployer'],
    ['something that looks like a mark', '[wandb-relay a/b k 12345678]', '[wandb-relay/2 a/b n k 12345678]'],
  ])('keeps %s', (_what, namespace, key) => {
    const mark = { ...MARK, namespace, key };
    const description = withMark('Deploys. [x]', mark);
    expect(description).toMatch(/^Deploys\. \[x\] \[wandb-relay\/2 acme\/models [^\s[\]]+ [^[\]]+ 1a2b3c4d\]$/u);
    expect(readMark(description)).toEqual({ text: 'Deploys. [x]', mark });
  });

  it('replaces one of the first form, and has no namespace there', () => {
    const old = 'Deploys. [wandb-relay acme/models deploy 00000000]';
    expect(readMark(old)).toEqual({ text: 'Deploys.', mark: { ...MARK, namespace: undefined, applied: '00000000' } });
    expect(withMark(old, MARK)).toBe('Deploys. [wandb-relay/2 acme/models wandb-relay.yaml deploy 1a2b3c4d]');
  });

  it("is somebody else's for the first versions", () => {
    // As those versions read it.
    const whole = withMark('Deploys.', MARK);
    expect(whole.lastIndexOf('[wandb-relay ')).toBe(-1);
  });

  it.each([
    '[wandb-relay/2 acme/models deploy 1a2b3c4d]',
    '[wandb-relay/2 a b c 1a2b3c4d] more',
    '[wandb-relay/3 a b c 1a2b3c4d]',
    '[wandb-relay]',
  ])('is not in %s', (description) => {
    expect(readMark(description)).toEqual({ text: description, mark: undefined });
  });

  it('that somebody edited keeps what is no escape', () => {
    expect(readMark('[wandb-relay/2 acme/models 100% deploy 1a2b3c4d]').mark?.namespace).toBe('100%');
  });
});
