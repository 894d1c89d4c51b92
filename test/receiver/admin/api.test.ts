import { describe, expect, it } from 'vitest';
import { testReceiver } from '../../stand-ins/receiver-in-process.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';

const TOKEN = 'the-token-of-the-admin';

function admin() {
  const { receiver, post, log } = testReceiver({ adminToken: TOKEN });
  const call = async (method: string, path: string, token = TOKEN) => {
    const response = await receiver.app.request(`/api${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { post, log, call };
}

describe('the admin API', () => {
  it('is there only for the token', async () => {
    const { call, log } = admin();
    expect(await call('GET', '/status', 'a-guess')).toMatchObject({ status: 401 });
    expect(log.at(-1)).toMatchObject({ level: 'warn', msg: expect.stringContaining('admin token is wrong') });
    expect(await call('GET', '/status')).toMatchObject({ status: 200 });
  });

  it('is not there at all without a token', async () => {
    const { receiver } = testReceiver();
    expect((await receiver.app.request('/api/status')).status).toBe(404);
  });

  it('shows deliveries by state and one with its attempts', async () => {
    const { call, post } = admin();
    const { body } = await post(aliasBody('v12'));
    const [delivery] = body.deliveries as { id: string }[];
    expect((await call('GET', '/deliveries?state=pending')).body).toMatchObject({ deliveries: [{ id: delivery?.id, state: 'pending' }] });
    expect((await call('GET', '/deliveries?state=dead')).body).toEqual({ deliveries: [] });
    expect((await call('GET', '/deliveries?state=ded')).body).toMatchObject({ status: 400, detail: expect.stringContaining('"ded"') });
    expect((await call('GET', `/deliveries/${delivery?.id}`)).body).toMatchObject({ delivery: { id: delivery?.id }, attempts: [] });
    expect((await call('GET', '/deliveries/none')).status).toBe(404);
    expect((await call('GET', '/events')).body).toMatchObject({ events: [{ id: body.id, outcome: 'routed' }] });
    expect((await call('GET', '/status')).body).toMatchObject({ deliveries: { pending: 1 }, events: { routed: 1 } });
  });

  it('cancels and replays', async () => {
    const { call, post } = admin();
    const { body } = await post(aliasBody('v12'));
    const [delivery] = body.deliveries as { id: string }[];
    const path = `/deliveries/${delivery?.id}`;
    expect(await call('POST', `${path}/replay`)).toMatchObject({ status: 400, body: { detail: expect.stringContaining('it is pending') } });
    expect(await call('POST', `${path}/cancel`)).toMatchObject({ status: 200 });
    expect(await call('POST', `${path}/replay`)).toMatchObject({ status: 200 });
    expect((await call('GET', path)).body).toMatchObject({ delivery: { state: 'pending' } });
  });
});
