import { env } from 'cloudflare:workers';
import { describe, expect, inject, test } from 'vitest';
import { bundledConfig, setUp } from '../../../receiver/worker/setup.ts';
import text from './tested-config.ts';
import { ADMIN_TOKEN, PROD_EU_SECRET, SECRET } from './worker-in-test.ts';

const config = bundledConfig(text);
const WORKING = { WANDB_WEBHOOK_SECRET: SECRET, GITHUB_TOKEN: 'ghp_of_a_test_only' };

function problems(bindings: Readonly<Record<string, unknown>>): string[] {
  const setup = setUp(config, bindings);
  return setup.ok ? [] : setup.error;
}

describe('the config that is bundled', () => {
  test('ends the deployment when it is not valid, with the place of each problem', () => {
    expect(() => bundledConfig('version: 1\nroutes:\n  - nam: deploy\n')).toThrow(/wandb-relay\.yaml:3:\d+: /);
  });
});

describe('the bindings of a Worker', () => {
  test('are read like an environment; what is no text is somebody else’s', () => {
    const setup = setUp(config, { ...env, RELAY_ADMIN_TOKEN: ADMIN_TOKEN });

    expect(setup).toMatchObject({
      ok: true,
      value: { sandbox: false, sources: ['default', 'prod-eu'], environment: { github: { kind: 'app' } } },
    });
  });

  test('must have a secret: everybody can reach a Worker', () => {
    expect(problems({ GITHUB_TOKEN: WORKING.GITHUB_TOKEN })).toEqual([
      expect.stringMatching(/^WANDB_WEBHOOK_SECRET: .*wrangler secret put/),
    ]);
  });

  test('must have credentials for what the routes send, except in a sandbox', () => {
    const { GITHUB_TOKEN: _, ...without } = WORKING;
    expect(problems(without)).toEqual([expect.stringMatching(/^GITHUB_TOKEN: .*\(deploy, release\)/)]);
    expect(problems({ ...without, RELAY_SANDBOX: 'true' })).toEqual([]);
  });

  test('must have no token for the pages that could be guessed, except in a sandbox', () => {
    const short = { ...WORKING, RELAY_ADMIN_TOKENS: 'ada:fifteen-letters' };
    expect(problems(short)).toEqual([expect.stringMatching(/^RELAY_ADMIN_TOKENS: the token of ada has fewer than 16 characters/)]);
    expect(problems({ ...short, RELAY_SANDBOX: 'true' })).toEqual([]);
  });

  test("take the App's key in PKCS#8 only, and say how to convert one", () => {
    const app = { WANDB_WEBHOOK_SECRET: SECRET, GITHUB_APP_ID: '4711' };
    const pkcs8 = inject('workerBindings').GITHUB_APP_PRIVATE_KEY;

    expect(problems({ ...app, GITHUB_APP_PRIVATE_KEY: pkcs8 })).toEqual([]);
    expect(problems({ ...app, GITHUB_APP_PRIVATE_KEY: pkcs8?.replaceAll('\n', '\\n') })).toEqual([]);
    expect(problems({ ...app, GITHUB_APP_PRIVATE_KEY: inject('pkcs1Key') })).toEqual([
      expect.stringContaining('openssl pkcs8 -topk8 -inform PEM -outform PEM -nocrypt'),
    ]);
    expect(problems({ ...app, GITHUB_APP_PRIVATE_KEY: 'no key' })).toEqual([expect.stringContaining('is not a private key')]);
  });

  test('say which variables of a process have no effect, whatever these hold', () => {
    const setup = setUp(config, { ...WORKING, PORT: 'x', DATABASE_URL: ' ', https_proxy: 'socks://p', NO_PROXY: '' });
    expect(setup).toMatchObject({
      ok: true,
      value: { warnings: expect.arrayContaining(['PORT, https_proxy: no effect on Workers, remove it']) },
    });
    expect(problems({ ...WORKING, DATABASE_URL: 'mysql://db' })).toEqual([expect.stringMatching(/^DATABASE_URL: is not for Workers, /)]);
  });

  test('are a sandbox only when RELAY_SANDBOX is true, and nothing else than true and false', () => {
    const isSandbox = (value: string) => {
      const setup = setUp(config, { ...WORKING, RELAY_SANDBOX: value });
      return setup.ok ? setup.value.sandbox : setup.error;
    };
    expect(['true', ' true ', 'false', ''].map(isSandbox)).toEqual([true, true, false, false]);
    for (const value of ['True', '1', 'yes'])
      expect(isSandbox(value)).toEqual([`RELAY_SANDBOX: "${value}" is neither true nor false: set it to one of them`]);
  });

  test('may name a jurisdiction that Cloudflare has', () => {
    const jurisdiction = (value: string) => {
      const setup = setUp(config, { ...WORKING, RELAY_JURISDICTION: value });
      return setup.ok ? setup.value.environment.jurisdiction : setup.error;
    };
    expect(['eu', 'us', 'EU', ''].map(jurisdiction)).toEqual(['eu', 'us', 'eu', undefined]);
    expect(jurisdiction('de')).toEqual(['RELAY_JURISDICTION: "de" is not a jurisdiction: set it to eu or us']);
  });

  test('have neither a database nor Socket Mode', () => {
    const slack = { SLACK_BOT_TOKEN: 'xoxb-of-a-test', SLACK_APP_TOKEN: 'xapp-of-a-test' };
    expect(problems({ ...WORKING, DATABASE_URL: 'file:relay.db' })).toEqual([expect.stringMatching(/^DATABASE_URL: /)]);
    expect(problems({ ...WORKING, ...slack })).toEqual([expect.stringMatching(/^SLACK_APP_TOKEN: .*SLACK_SIGNING_SECRET/)]);
  });

  test('take no body that an object could not store', () => {
    const settings = { ...config.settings, maxBodyBytes: 10_000_000 };
    const setup = setUp({ ...config, settings }, WORKING);

    expect(setup).toMatchObject({
      ok: true,
      value: {
        settings: { maxBodyBytes: 1_000_000 },
        warnings: expect.arrayContaining([expect.stringMatching(/^settings\.max_body_bytes: /)]),
      },
    });
    expect(setUp(config, WORKING)).toMatchObject({ ok: true, value: { settings: { maxBodyBytes: config.settings.maxBodyBytes } } });
  });

  test("share GitHub's published limit out among the sources", () => {
    const paceOf = (bindings: Readonly<Record<string, unknown>>) => {
      const setup = setUp(config, bindings);
      if (!setup.ok) throw new Error(setup.error.join());
      return [setup.value.settings.githubWritesPerSecond, setup.value.warnings.some((line) => line.includes('github_writes_per_second'))];
    };
    const configured = config.settings.githubWritesPerSecond;

    expect(paceOf(WORKING)).toEqual([configured, false]);
    expect(paceOf({ ...WORKING, WANDB_WEBHOOK_SECRET_A: SECRET, WANDB_WEBHOOK_TOKEN_B: PROD_EU_SECRET })).toEqual([1, true]);
    expect(paceOf({ ...WORKING, WANDB_WEBHOOK_SECRET_A: SECRET, GITHUB_API_URL: 'https://ghe.test/api/v3' })).toEqual([configured, false]);
  });
});
