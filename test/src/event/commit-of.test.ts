import { describe, expect, it } from 'vitest';
import { commitOf } from '../../../src/event/commit-of.ts';
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts';
import { eventWith } from './samples.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
const OTHER = 'f'.repeat(40);
const place = { repository: 'acme/model', sha: SHA };
const ofPayload = (payload: JsonValue, wandb: JsonObject | null = null) => commitOf({ ...eventWith(), payload }, wandb);
const ofRemote = (git_remote: string) => commitOf(eventWith(), { run: { commit: SHA, git_remote } });

describe('the commit of an event', () => {
  it.each([
    'https://github.com/acme/model.git',
    'https://github.com/acme/model',
    'https://github.com/acme/model/',
    'https://GitHub.com/acme/model',
    'https://www.github.com/acme/model',
    'https://user:secret@github.com/acme/model.git',
    'ssh://git@github.com/acme/model.git',
    'ssh://git@ssh.github.com:443/acme/model.git',
    'git://github.com/acme/model.git',
    'git@github.com:acme/model.git',
    'github.com:acme/model',
    'git@github.com:/acme/model.git',
  ])('is found by the remote %s', (remote) => {
    expect(ofRemote(remote)).toEqual(place);
  });

  it.each([
    'https://gitlab.com/acme/model.git',
    'https://github.com.evil.example/acme/model',
    'https://evil.example/github.com/acme/model',
    'https://github.com@evil.example/acme/model',
    'git@evil.example:acme/model',
    'https://github.com/acme',
    'https://github.com/acme/model/tree/main',
    'https://github.com/acme/..',
    'file:///acme/model',
    '../acme/model',
    'acme/model',
    '/acme/model',
    '',
  ])('is not found by the remote %s', (remote) => {
    expect(ofRemote(remote)).toBeUndefined();
  });

  it.each(['https://github.com/ada_acme/my_model.git', 'git@github.com:ada_acme/my_model.git', 'ssh://git@github.com/ada_acme/my_model'])(
    'has an owner of Enterprise Managed Users: %s',
    (remote) => {
      const managed = { repository: 'ada_acme/my_model', sha: SHA };
      expect(ofRemote(remote)).toEqual(managed);
      expect(ofPayload({ commit: SHA, git_remote: remote })).toEqual(managed);
      expect(ofPayload({ commit: SHA, repository: 'ada_acme/my_model' })).toEqual(managed);
    },
  );

  it('is at the GitHub that it is asked for', () => {
    const wandb = { run: { commit: SHA, git_remote: 'git@github.acme.example:ml/model.git' } };
    expect(commitOf(eventWith(), wandb)).toBeUndefined();
    expect(commitOf(eventWith(), wandb, 'github.acme.example')).toEqual({ repository: 'ml/model', sha: SHA });
  });

  it.each<[string, JsonObject]>([
    ['commit and repository', { commit: SHA, repository: 'acme/model' }],
    ['git_commit and git_remote', { git_commit: SHA, git_remote: 'git@github.com:acme/model.git' }],
    ['sha, in capitals', { sha: SHA.toUpperCase(), repository: 'https://github.com/acme/model' }],
    ['the client_payload', { event_type: 'LINK_ARTIFACT', client_payload: { commit: SHA, repository: 'acme/model' } }],
  ])('is read from the body: %s', (_what, payload) => {
    expect(ofPayload(payload)).toEqual(place);
  });

  it("is W&B's before the body's, part by part", () => {
    expect(ofPayload({ commit: OTHER, repository: 'acme/model' }, { run: { commit: SHA } })).toEqual(place);
    expect(ofPayload({ commit: SHA }, { run: { git_remote: 'git@github.com:acme/model' } })).toEqual(place);
    expect(ofPayload({ commit: SHA, repository: 'acme/model' }, { run: { commit: 'none', git_remote: '/home/ada' } })).toEqual(place);
  });

  it.each<[string, JsonValue, JsonObject | null]>([
    ['a short commit', { commit: SHA.slice(0, 7), repository: 'acme/model' }, null],
    ['a commit that is not hexadecimal', { commit: 'g'.repeat(40), repository: 'acme/model' }, null],
    ['a variable that was not filled in', { commit: '${commit}', repository: 'acme/model' }, null],
    ['no repository', { commit: SHA }, { run: { commit: SHA } }],
    ['a repository with a path', { commit: SHA, repository: 'acme/model/x' }, null],
    ['a body that is no object', [SHA], null],
    ['a run that is no object', {}, { run: 'r1' }],
  ])('is unknown with %s', (_what, payload, wandb) => {
    expect(ofPayload(payload, wandb)).toBeUndefined();
  });
});
