import { describe, expect, it } from 'vitest';
import { readMark, withMark } from '../../../src/automation/ownership.ts';
import { REPOSITORY, repositoryInPath } from '../../../src/lib/repository.ts';
import { compileTarget } from '../../../src/route/target.ts';
import { targetSchema } from '../../../src/route/target-schema.ts';
import { contextWith, theValue } from '../event/samples.ts';

describe('a repository', () => {
  it.each(['acme/deploy', 'ada_acme/deploy', 'a/b', 'Ada-B_acme-1/my.repo_x-', `${'a'.repeat(39)}/${'b'.repeat(100)}`])(
    'may be %s',
    (name) => {
      expect(REPOSITORY.test(name)).toBe(true);
      expect(repositoryInPath(`/${name}.git/`)).toBe(name);
    },
  );

  it.each([
    'acme',
    '_acme/deploy',
    '-acme/deploy',
    'ac.me/deploy',
    'acme/..',
    'acme/.',
    'acme/a b',
    'acme/deploy/x',
    '/deploy',
    'acme/',
    `${'a'.repeat(40)}/b`,
    `a/${'b'.repeat(101)}`,
  ])('may not be %s', (name) => {
    expect(REPOSITORY.test(name)).toBe(false);
  });

  it('of an owner with an underscore may be the target of both dispatches', () => {
    for (const definition of [
      { repository_dispatch: { repository: 'ada_acme/deploy', event_type: 'go' } },
      { repository_dispatch: { repository: 'ada_acme/deploy', passthrough: true } },
      { workflow_dispatch: { repository: 'ada_acme/deploy', workflow: 'x.yml', ref: 'main' } },
    ]) {
      const request = compileTarget(targetSchema.parse(definition)).build(contextWith({}, { event_type: 'go', client_payload: {} }));
      expect(theValue(request)).toMatchObject({ repository: 'ada_acme/deploy' });
    }
  });

  it('of an owner with an underscore may own an automation', () => {
    const mark = { repository: 'ada_acme/deploy', namespace: 'wandb relay.yaml', key: 'deploy', applied: '1a2b3c4d' };
    expect(readMark(withMark('Deploys.', mark))).toEqual({ text: 'Deploys.', mark });
  });
});
