import { describe, expect, it } from 'vitest';
import { checkBearer, checkSignature } from '../../../src/lib/signature.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { commandLine } from './command-io.ts';

describe('send-test', () => {
  it('sends what W&B would, signed, with the fields that were set', async () => {
    const server = await scriptedServer({ status: 202, body: { status: 'accepted' } });
    const variables = { WANDB_WEBHOOK_SECRET: 'one-secret,two', WANDB_WEBHOOK_TOKEN: 'the-token' };
    const { code, out } = await commandLine({}, variables).run(
      'send-test',
      '--url',
      server.url,
      '--event',
      'ADD_ARTIFACT_ALIAS',
      '--set',
      'alias=staging',
      'version=v7',
      'collection=bert',
    );
    expect([code, out]).toEqual([0, expect.stringContaining('202 {"status":"accepted"}')]);
    const [request] = server.requests;
    expect(request).toMatchObject({
      url: '/webhooks/wandb',
      body: {
        relay: 1,
        event: 'add_artifact_alias',
        alias: 'staging',
        artifact_collection_name: 'bert',
        artifact_version_string: 'acme/wandb-registry-model/bert:v7',
      },
    });
    const body = new TextEncoder().encode(JSON.stringify(request?.body));
    expect(checkSignature(String(request?.headers['x-wandb-signature']), body, ['one-secret'])).toBeUndefined();
    expect(checkBearer(request?.headers.authorization, ['the-token'])).toBeUndefined();
    expect(out).not.toContain('the-token');
    expect(out).not.toContain('one-secret');
  });

  it.each(['', '/', '/relay', '/relay/', '/relay/webhooks/wandb'])('knows BASE_PATH: %j', async (path) => {
    const server = await scriptedServer({ status: 202, body: {} });
    const { run } = commandLine({}, { BASE_PATH: 'relay' });
    expect((await run('send-test', '--url', `${server.url}${path}`, '--event', 'run_state')).code).toBe(0);
    expect(server.requests).toMatchObject([{ url: '/relay/webhooks/wandb' }]);
  });

  it('signs with the secret of the source in the address', async () => {
    const server = await scriptedServer({ status: 401, body: {} });
    const { run } = commandLine({}, { WANDB_WEBHOOK_SECRET_PROD: 'of-prod' });
    expect((await run('send-test', '--url', `${server.url}/webhooks/wandb/prod`, '--event', 'run_state')).code).toBe(1);
    const [request] = server.requests;
    expect(
      checkSignature(String(request?.headers['x-wandb-signature']), new TextEncoder().encode(JSON.stringify(request?.body)), ['of-prod']),
    ).toBeUndefined();
  });

  it.each([
    [['--url', 'nowhere', '--event', 'run_state'], /--url: "nowhere" is not an address/],
    [['--url', 'http://127.0.0.1:1', '--event', 'run_stat'], /no event is called "run_stat" \(did you mean "run_state"\?\)/],
    [['--url', 'http://127.0.0.1:1', '--event', 'run_state', '--set', 'alas=x'], /nothing is called "alas" \(did you mean "alias"\?\)/],
    [['--url', 'http://127.0.0.1:1', '--event', 'run_state', '--set', 'alias'], /must be name=value/],
  ])('says what is wrong with %j', async (words, message) => {
    expect(await commandLine().run('send-test', ...words)).toMatchObject({ code: 1, complaints: expect.stringMatching(message) });
  });

  it('says when nobody answers', async () => {
    const { run } = commandLine();
    expect(await run('send-test', '--url', 'http://no-such-host.invalid', '--event', 'run_state')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('no answer from http://no-such-host.invalid'),
    });
  });
});
