import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { problemsIn } from '../config/config-samples.ts';
import { theValue } from '../event/samples.ts';

const configOf = (webhook: string) => `version: 1\nintegrations:\n  webhooks:\n    - ${webhook}\n`;
const URL_PART = 'url: "https://relay.example.com/webhooks/wandb/prod"';

describe('a webhook integration may have', () => {
  it.each([
    `{ name: relay, ${URL_PART} }`,
    `{ name: "my relay_1 - two", ${URL_PART}, access_token_secret: TOKEN, secret: SIGNING }`,
    `{ name: ${'x'.repeat(64)}, url: "http://localhost:3000" }`,
  ])('%s', (webhook) => {
    expect(theValue(readConfig(configOf(webhook), 'relay.yaml')).integrations.webhooks).toHaveLength(1);
  });
});

describe('a webhook integration may not have', () => {
  const AT = 'integrations.webhooks[0]';
  it.each([
    [`{ ${URL_PART} }`, `7: ${AT}.name: is missing`],
    ['{ name: x }', `7: ${AT}.url: is missing`],
    [`{ name: ${'x'.repeat(65)}, ${URL_PART} }`, `15: ${AT}.name: must be at most 64 characters`],
    [`{ name: " x", ${URL_PART} }`, `15: ${AT}.name: must be letters, digits, "_" and "-", with spaces between words only`],
    [`{ name: a/b, ${URL_PART} }`, `15: ${AT}.name: must be letters, digits, "_" and "-", with spaces between words only`],
    ['{ name: x, url: relay.example.com }', `23: ${AT}.url: must be a URL that begins with https:// or http://`],
    ['{ name: x, url: "ftp://x" }', `23: ${AT}.url: must be a URL that begins with https:// or http://`],
    ['{ name: x, url: "https://" }', `23: ${AT}.url: must be a URL that begins with https:// or http://`],
    [`{ name: x, ${URL_PART}, secret: "" }`, `80: ${AT}.secret: must not be empty`],
    [`{ name: x, ${URL_PART}, acces_token_secret: T }`, `72: ${AT}.acces_token_secret: unknown key (did you mean "access_token_secret"?)`],
  ])('%s', (webhook, problem) => {
    expect(problemsIn(configOf(webhook))).toEqual([`relay.yaml:4:${problem}`]);
  });
});
