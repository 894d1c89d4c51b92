import { describe, expect, it } from 'vitest';
import { commitOfEvent, gitHostOf, githubWebUrlOf } from '../../../receiver/github/commit-of-event.ts';

const SHA = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';
const event = { type: 'run_state', source: 'default' } as const;
const ofBody = JSON.stringify({ commit: SHA, repository: 'acme/train' });

describe('the commit of a stored event', () => {
  it('is what W&B said', () => {
    const wandb = { run: { commit: SHA, git_remote: 'git@github.example:acme/models.git' } };
    expect(commitOfEvent({ event, wandb, body: ofBody }, 'github.example')).toEqual({ repository: 'acme/models', sha: SHA });
  });

  it.each([null, undefined])('is what the body says when W&B said %s', (wandb) => {
    expect(commitOfEvent({ event, wandb, body: ofBody }, 'github.com')).toEqual({ repository: 'acme/train', sha: SHA });
  });

  it.each(['{}', 'not JSON', ''])('is not known from %j', (body) => {
    expect(commitOfEvent({ event, wandb: null, body }, 'github.com')).toBeUndefined();
  });
});

it.each([
  ['https://api.github.com', 'https://github.com'],
  ['https://api.acme.ghe.com', 'https://acme.ghe.com'],
  ['https://git.acme.example/api/v3', 'https://git.acme.example'],
  ['https://git.acme.example:8443/api/v3', 'https://git.acme.example:8443'],
  ['http://git.acme.example:8080/api/v3', 'http://git.acme.example:8080'],
])('pages of %s are at %s', (apiUrl, url) => {
  expect(githubWebUrlOf(apiUrl)).toBe(url);
});

it.each([
  ['https://api.github.com', 'github.com'],
  ['https://api.acme.ghe.com', 'acme.ghe.com'],
  ['https://git.acme.example/api/v3', 'git.acme.example'],
])('remotes of %s are at %s', (apiUrl, host) => {
  expect(gitHostOf(apiUrl)).toBe(host);
});
