import { describe, expect, it } from 'vitest';
import { proxyStandIn } from '../../stand-ins/proxy.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { runAction } from './run-action.ts';

const CONFIG = `
version: 1
entity: acme
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }]
`;
const portOf = (url: string) => Number(new URL(url).port);

/** A plan for a pull request: it asks W&B, and writes a comment with GitHub's API. */
function plan(environment: Readonly<Record<string, string>>) {
  return runAction({
    isAlone: true,
    inputs: { command: 'plan', 'wandb-api-key': 'a-key', 'wandb-base-url': 'http://wandb.internal', 'github-token': 'a-token' },
    files: { 'wandb-relay.yaml': CONFIG },
    event: { pull_request: { number: 7 } },
    apiUrl: 'http://github.internal',
    environment,
  });
}

describe('the Action on a runner behind a proxy', () => {
  it('reaches W&B and GitHub through it, and masks its password', async () => {
    const wandb = await scriptedServer(...Array.from({ length: 9 }, () => ({ status: 401, body: { errors: ['no'] } })));
    const github = await scriptedServer(
      { status: 200, body: { login: 'relay', type: 'User' } },
      { status: 200, body: [] },
      { status: 201, body: { id: 1 } },
    );
    const hosts = { 'wandb.internal': portOf(wandb.url), 'github.internal': portOf(github.url) };
    const proxy = await proxyStandIn({ credentials: 'relay:p@ssw0rd', hosts });
    const { log } = await plan({ HTTP_PROXY: `http://relay:p%40ssw0rd@${proxy.host}` });
    expect(new Set(proxy.asked)).toEqual(new Set(['wandb.internal:80', 'github.internal:80']));
    expect(wandb.requests[0]).toMatchObject({ method: 'POST', url: '/graphql' });
    expect(github.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST']);
    const masked = ['p@ssw0rd', 'p%2540ssw0rd', Buffer.from('relay:p@ssw0rd').toString('base64')];
    for (const secret of masked) expect(log).toContain(`::add-mask::${secret}`);
    expect(log.replaceAll(/^::add-mask::.*$/gm, '')).not.toMatch(/ssw0rd/);
  });

  it('names it when it fails', async () => {
    const proxy = await proxyStandIn({ behaves: 'refuse' });
    const { code, outputs, log } = await plan({ http_proxy: `http://${proxy.host}` });
    expect(code).toBe(1);
    expect(outputs['failure-reason']).toMatch(/W&B: the proxy 127\.0\.0\.1:\d+ refused the connection to wandb\.internal:80 \(403\)/);
    expect(log).toMatch(/the comment could not be written: the proxy 127\.0\.0\.1:\d+ refused/);
  });

  it('reports the variable that has no proxy address', async () => {
    const { code, outputs } = await plan({ HTTPS_PROXY: 'socks5://127.0.0.1:1080' });
    expect(code).toBe(1);
    expect(outputs['failure-reason']).toMatch(/^HTTPS_PROXY: is not the address of an HTTP proxy/);
  });
});
