import { describe, expect, test } from 'vitest';
import { limitConnections } from '../../../receiver/worker/connections.ts';
import { neverSent } from '../../../src/lib/never-sent.ts';

type Service = 'github' | 'slack' | 'wandb';

/** Requests that are answered one by one, and which of them have left. */
function limited() {
  const sent: { url: string; answer: () => void }[] = [];
  const fetch: typeof globalThis.fetch = (input) =>
    new Promise((resolve) => sent.push({ url: String(input), answer: () => resolve(new Response('x')) }));
  const pools = [
    { size: 2, most: { slack: 2 } },
    { size: 4, most: { github: 3, wandb: 3 } },
  ];
  const send = limitConnections<Service>(fetch, (url) => new URL(url).hostname as Service, pools);
  return {
    sent,
    ask: (service: Service, init?: RequestInit) => send(`http://${service}/`, init),
    hosts: () => sent.map(({ url }) => new URL(url).hostname),
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

describe('connections', () => {
  test('are never more than six, and none waits for another service', async () => {
    const { ask, hosts, sent } = limited();
    for (let request = 0; request < 10; request++) void ask('github');
    await turn();
    expect(hosts()).toEqual(['github', 'github', 'github']);
    for (let request = 0; request < 10; request++) void ask('wandb');
    for (let request = 0; request < 10; request++) void ask('slack');
    await turn();
    expect(hosts().slice(3)).toEqual(['wandb', 'slack', 'slack']);
    expect(sent).toHaveLength(6);
  });

  test('are given on when the response headers have come, in the order in which they were asked for', async () => {
    const { ask, hosts, sent } = limited();
    for (let request = 0; request < 4; request++) void ask('github');
    void ask('wandb');
    for (let request = 0; request < 2; request++) void ask('wandb');
    await turn();
    sent[0]?.answer();
    await turn();
    expect(hosts()).toEqual(['github', 'github', 'github', 'wandb', 'github']);
    sent[1]?.answer();
    await turn();
    expect(hosts().at(-1)).toBe('wandb');
  });

  test('are given on after a failure, too', async () => {
    let calls = 0;
    const fetch = async () => {
      calls += 1;
      throw new Error('no');
    };
    const send = limitConnections(fetch, () => 'slack', [{ size: 1, most: { slack: 1 } }]);
    for (let request = 0; request < 3; request++) await expect(send('http://slack/')).rejects.toThrow('no');
    expect(calls).toBe(3);
  });

  test('what is ended while it waits was never sent, and leaves the line', async () => {
    const { ask, sent, hosts } = limited();
    for (let request = 0; request < 2; request++) void ask('slack');
    const aborter = new AbortController();
    const ended = ask('slack', { signal: aborter.signal }).catch((error: unknown) => error);
    void ask('slack');
    aborter.abort(new Error('enough'));
    expect(neverSent(await ended)).toBe(true);
    sent[0]?.answer();
    await turn();
    expect(hosts()).toHaveLength(3);
    expect(neverSent(await ask('github', { signal: AbortSignal.abort() }).catch((error: unknown) => error))).toBe(true);
  });
});
