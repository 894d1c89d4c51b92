import { describe, expect, it } from 'vitest';
import { wandbIntegrations } from '../../../src/wandb/integrations.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbStandInOptions } from '../../stand-ins/wandb-server.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';
import { errorOf, SLACK_ML_ALERTS, successOf, WEBHOOK_RELAY } from './trigger-samples.ts';

async function session(options: WandbStandInOptions = {}) {
  const server = await wandbServer(options);
  const { client } = testClient(server);
  return { server, client, integrations: wandbIntegrations(client) };
}

describe('a Slack integration', () => {
  it('is found by its channel, with or without #', async () => {
    const world = acmeWorld();
    const ops = world.addSlack(world.entity('acme'), 'ops');
    const { integrations } = await session({ world });
    expect(successOf(await integrations.slack('acme', '#ml-alerts'))).toBe(SLACK_ML_ALERTS);
    expect(successOf(await integrations.slack('acme', 'ml-alerts'))).toBe(SLACK_ML_ALERTS);
    expect(successOf(await integrations.slack('acme', '#ops'))).toBe(ops.id);
  });

  it('that does not exist is answered with those that do', async () => {
    const world = acmeWorld();
    world.addSlack(world.entity('acme'), '#ops');
    const { integrations } = await session({ world });
    expect(errorOf(await integrations.slack('acme', '#ml-alert'))).toEqual({
      kind: 'not_found',
      status: null,
      message: 'no Slack channel #ml-alert in team acme; there are #ml-alerts, #ops (did you mean #ml-alerts?)',
    });
  });

  it('is not guessed between two workspaces', async () => {
    const world = acmeWorld();
    world.addSlack(world.entity('acme'), '#ml-alerts', 'Acme Labs');
    const error = errorOf(await (await session({ world })).integrations.slack('acme', 'ml-alerts'));
    expect(error).toMatchObject({ kind: 'invalid', message: expect.stringContaining('Acme, Acme Labs') });
    expect(error.message).toContain('write "Acme/#ml-alerts" or "Acme Labs/#ml-alerts"');
  });

  it('is found in its workspace', async () => {
    const world = acmeWorld();
    const acme = world.entity('acme');
    const labs = world.addSlack(acme, '#ml-alerts', 'Acme Labs');
    const only = world.addSlack(acme, '#only', 'Acme Labs');
    const { integrations } = await session({ world });
    expect(await integrations.slack('acme', 'Acme Labs/#ml-alerts')).toEqual({ ok: true, value: labs.id });
    expect(await integrations.slack('acme', 'Acme Labs/ml-alerts')).toEqual({ ok: true, value: labs.id });
    expect(await integrations.slack('acme', 'Acme Labs/#only')).toEqual({ ok: true, value: only.id });
    const missing = errorOf(await integrations.slack('acme', 'Acme Lab/#ml-alerts'));
    expect(missing.message).toContain('did you mean Acme Labs/#ml-alerts?');
    const names = await integrations.slackNames('acme');
    expect(names.ok && [names.value.get(labs.id), names.value.get(only.id)]).toEqual(['Acme Labs/#ml-alerts', '#only']);
  });
});

describe('a webhook integration', () => {
  it('is found by its name', async () => {
    const { integrations } = await session();
    expect(successOf(await integrations.webhook('acme', 'relay'))).toBe(WEBHOOK_RELAY);
    expect(successOf(await integrations.webhooks('acme'))).toEqual([
      { id: WEBHOOK_RELAY, name: 'relay', urlEndpoint: 'https://relay.example/webhooks/wandb' },
    ]);
  });

  it('that does not exist is answered with those that do', async () => {
    const { integrations } = await session();
    expect(errorOf(await integrations.webhook('acme', 'realy')).message).toBe(
      'no webhook integration realy in team acme; there is relay (did you mean relay?)',
    );
  });

  it('can be created, by the names of team secrets, and is then known', async () => {
    const { integrations, server } = await session();
    expect((await integrations.webhook('acme', 'second')).ok).toBe(false);
    const created = await integrations.createWebhook({
      entityName: 'acme',
      name: 'second',
      urlEndpoint: 'https://second.example/',
      secretRef: 'RELAY_SECRET',
    });
    expect(successOf(created)).toMatchObject({ name: 'second', urlEndpoint: 'https://second.example/' });
    expect(successOf(await integrations.webhook('acme', 'second'))).toBe(successOf(created).id);
    expect(server.world.integrations.at(-1)).toMatchObject({ accessTokenRef: null, secretRef: 'RELAY_SECRET' });
  });

  it('is a conflict when the name is taken, and unclear when the answer is lost', async () => {
    const { integrations, server } = await session();
    const input = { entityName: 'acme', name: 'relay', urlEndpoint: 'https://x.example/' };
    expect(errorOf(await integrations.createWebhook(input)).kind).toBe('conflict');
    server.fail({ on: 'mutation', reset: true, applied: true });
    expect(errorOf(await integrations.createWebhook({ ...input, name: 'third' })).kind).toBe('unclear');
    expect(await integrations.webhook('acme', 'third')).toMatchObject({ ok: true });
  });
});

describe('the integrations of a team', () => {
  it('are listed once, to the last page, whatever other kinds are among them', async () => {
    const world = acmeWorld();
    const acme = world.entity('acme');
    world.addGitHub(acme);
    for (let i = 0; i < 12; i++) world.addWebhook(acme, `hook-${i}`, 'https://x.example/');
    const { integrations, client } = await session({ world, pageSize: 5 });
    const found = await Promise.all([
      integrations.webhook('acme', 'hook-11'),
      integrations.slack('acme', '#ml-alerts'),
      integrations.webhook('acme', 'x'),
    ]);
    expect(found.map((one) => one.ok)).toEqual([true, true, false]);
    expect(client.requests).toBe(3);
  });

  it('are an error for a team that does not exist', async () => {
    expect(errorOf(await (await session()).integrations.webhook('acne', 'relay')).message).toContain('no team acne');
  });
});
