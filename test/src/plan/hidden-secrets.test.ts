import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/lib/json.ts';
import { HIDDEN, hideSecrets } from '../../../src/plan/hidden-secrets.ts';

const PAYLOAD = ['action', 'webhook', 'payload'];
const random = Array.from('aB3xK9mQ7zR2tY5wL8nP4vJ6').join('');

describe('literal secrets in what is sent', () => {
  it.each<[string, JsonValue]>([
    ['token', 'abc'],
    ['GITHUB_TOKEN', 'abc'],
    ['password', 'hunter2'],
    ['Authorization', 'Bearer abc'],
    ['x-api-key', 'abc'],
    ['apiKey', 12345],
    ['client_secret', 'abc'],
    ['accessKey', 'abc'],
    ['auth', ['a', 'b']],
    ['credentials', { user: 'ada', more: 'abc' }],
  ])('hides the value of %s', (key, value) => {
    expect(JSON.stringify(hideSecrets({ [key]: value }, PAYLOAD))).not.toMatch(/abc|hunter2|12345|ada/);
  });

  it.each([
    `ghp_${'a'.repeat(36)}`,
    `github_pat_${'a'.repeat(30)}`,
    'xoxb-1234-5678-abcdef',
    `sk-proj-${'a'.repeat(24)}`,
    'AKIAIOSFODNN7EXAMPLE',
    `AIza${'x'.repeat(35)}`,
    `glpat-${'x'.repeat(20)}`,
    `hf_${'x'.repeat(30)}`,
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijk',
    '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----',
  ])('hides what is known as a token anywhere in a definition: %s', (secret) => {
    expect(hideSecrets(`see ${secret} here`, ['description'])).toBe(`see ${HIDDEN} here`);
  });

  it('hides passwords and secret paths in addresses', () => {
    expect(hideSecrets('https://ada:hunter2@host/x', ['description'])).toBe('https://(hidden)@host/x');
    expect(hideSecrets('https://hooks.slack.com/services/T0/B0/abc', PAYLOAD)).toBe('https://hooks.slack.com/services/(hidden)');
  });

  it.each([random, 'd41d8cd98f00b204e9800998ecf8427e', `key is ${random}`])('hides what nobody chose: %s', (text) => {
    expect(hideSecrets({ value: text }, PAYLOAD)).toEqual({ value: HIDDEN });
  });

  it('hides it in a text that is no JSON, and in JSON inside of a text', () => {
    expect(hideSecrets('token: abcdef, env: prod', PAYLOAD)).toBe('token: (hidden), env: prod');
    expect(hideSecrets('{"password": "hunter2", "env": "prod"}', PAYLOAD)).toBe('{"password": "(hidden)", "env": "prod"}');
  });

  it.each<[string, JsonValue]>([
    ['token', `\${ACCESS_TOKEN}`],
    ['Authorization', `Bearer \${ACCESS_TOKEN}`],
    ['token', '{{ event.payload.token }}'],
    ['token', null],
    ['has_token', true],
    ['secret_name', 'deploy'],
    ['max_tokens', 512],
    ['artifact_collection_name', 'resnet50-production-europe-west-2026'],
    ['model', 'registry/wandb-registry-model/resnet50:v12'],
    ['ref', 'refs/heads/feature/some-long-branch-name'],
    ['when', '2026-11-26T10:02:00.000Z'],
    ['keyboard', 'qwerty'],
  ])('shows %s: %j', (key, value) => {
    expect(hideSecrets({ [key]: value }, PAYLOAD)).toEqual({ [key]: value });
  });

  it('reads keys below a payload only: a metric may be called tokens', () => {
    expect(hideSecrets({ run_metric: { metric: 'token', above: 1 } }, ['event'])).toEqual({ run_metric: { metric: 'token', above: 1 } });
  });
});
