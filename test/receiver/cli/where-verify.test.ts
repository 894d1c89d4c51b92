import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { planEvent } from '../../../receiver/webhook/route-event.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { addArtifact } from '../../stand-ins/wandb-artifacts.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';
import { accept, T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const PATH = 'acme/wandb-registry-model/resnet50';

function given(alias: string, version: string | undefined, more: Partial<RelayEvent> = {}): RelayEvent {
  return {
    type: 'add_artifact_alias',
    source: 'default',
    entity: 'acme',
    project: 'wandb-registry-model',
    registry: 'model',
    collection: 'resnet50',
    alias,
    ...(version === undefined ? {} : { version, artifact: `${PATH}:${version}` }),
    ...more,
  };
}

/** As it comes in by the webhook, which knows who did it. */
function arrived(event: RelayEvent) {
  const body = JSON.stringify(event);
  const connected = { slack: false, wandb: false };
  const known = { matchRoutes: () => [], credentialFor: () => 'github', newId: () => 'e1', connected };
  return planEvent({ event, payload: {}, body, bodyHash: body, receivedAt: T0 }, known);
}

/** At W&B the registry's resnet50 v0 is staging, v2 production and canary, v3 latest. */
async function wandbWithAliases() {
  const world = acmeWorld();
  const sequence = world.addCollection(world.project('train'), 'resnet50');
  const registered = world.collections.find(({ name, project }) => name === 'resnet50' && project.name === 'wandb-registry-model')!;
  for (const [i, aliases] of [['staging'], [], ['production', 'canary'], ['latest']].entries()) {
    addArtifact(world, sequence, {
      links: new Map([[registered, i]]),
      aliases: aliases.map((alias) => ({ alias, collection: registered })),
    });
  }
  return await wandbServer({ world });
}

/** A database whose ledger has these aliases, of events those that have an author, and the command line in its folder. */
async function relayThatKnows(server: { readonly url: string; readonly apiKey: string }, ...events: RelayEvent[]) {
  const { cwd, run } = commandLine({}, { WANDB_API_KEY: server.apiKey, WANDB_BASE_URL: server.url });
  const open = () => sqliteStore(openMigrated(join(cwd, 'relay.db')));
  const store = open();
  for (const event of events) {
    if (event.author === undefined) await store.correctAlias({ event, at: T0 });
    else await accept(store, arrived(event));
  }
  await store.close();
  const verified = async (...words: string[]) => {
    const { code, out, complaints } = await run('where', ...words, '--verify');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    return { code, rows: lines.slice(1).map((cells) => [cells[1], cells[2], ...cells.slice(-2)]), out, complaints };
  };
  return { run, verified };
}

describe('where --verify', () => {
  it('says of each known alias whether W&B agrees, corrects what is wrong, and is right the next time', async () => {
    const { run, verified } = await relayThatKnows(
      await wandbWithAliases(),
      given('production', 'v1'),
      given('staging', 'v0', { author: 'ada' }),
      given('removed', 'v2'),
      given('canary', 'v2', { source: 'prod' }),
    );
    const first = await verified('resnet50');
    expect([first.code, first.complaints]).toEqual([0, '']);
    expect(first.rows).toEqual([
      ['production', 'v2', "W&B's API", 'corrected, was v1'],
      ['removed', 'none', "W&B's API", 'corrected, was v2'],
      ['staging', 'v0', 'event', 'agrees'],
      ['canary', 'v2', "W&B's API", 'agrees'],
    ]);
    expect((await verified()).rows.map((row) => row.at(-1))).toEqual(['agrees', 'agrees', 'agrees', 'agrees']);
    expect((await run('where', '--alias', 'production')).out).toMatch(/production +v2 .*v1/);
  });

  it('adds all aliases of a collection that is named by its path, but latest', async () => {
    const { verified, run } = await relayThatKnows(await wandbWithAliases(), given('production', 'v2'));
    const { code, rows, complaints } = await verified(PATH);
    expect(code).toBe(0);
    expect(rows.map(([alias, version, , check]) => [alias, version, check])).toEqual([
      ['canary', 'v2', 'added'],
      ['production', 'v2', 'agrees'],
      ['staging', 'v0', 'added'],
    ]);
    expect(complaints).toContain('latest is left out');
    expect((await verified(PATH, '--alias', 'latest')).rows.map((row) => row.at(-1))).toEqual(['added']);
    const json = JSON.parse((await run('where', PATH, '--verify', '--json', '--alias', 'canary')).out) as unknown[];
    expect(json).toEqual([
      expect.objectContaining({
        registry: 'model',
        alias: 'canary',
        check: { result: 'agrees' },
        holder: expect.objectContaining({ version: 'v2', origin: 'api' }),
      }),
    ]);
  });

  it('leaves what it cannot verify as it is, and says so', async () => {
    const { project: _none, entity: _neither, ...nowhere } = given('production', 'v1', { collection: 'odd' });
    const { verified } = await relayThatKnows(
      await wandbWithAliases(),
      given('production', 'v2'),
      given('production', 'v7', { project: 'gone', collection: 'gone' }),
      nowhere,
    );
    const { code, rows, complaints } = await verified();
    expect([code, complaints]).toEqual([4, '2 of 3 could not be verified.\n']);
    expect(rows.map(([, version, , check]) => [version, check]).toSorted()).toEqual([
      ['v1', 'not verified: its events do not say the entity and project'],
      ['v2', 'agrees'],
      ['v7', 'not verified: W&B shows no project gone of acme: it is gone, or the key may not see it'],
    ]);
    expect(await verified('gone')).toMatchObject({ code: 1 });
  });

  it('says in a sentence what is missing', async () => {
    const server = await wandbWithAliases();
    const { verified } = await relayThatKnows(server);
    expect(await verified()).toMatchObject({ code: 0, out: expect.stringContaining('name a collection as entity/project/collection') });
    expect(await verified('acme/train/nothing')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('W&B shows no version of acme/train/nothing'),
    });
    expect(await verified('--url', 'https://relay.example')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('leave out --url'),
    });
    const { run } = commandLine();
    expect(await run('where', '--verify')).toMatchObject({ code: 1, complaints: expect.stringContaining('WANDB_API_KEY: is not set') });
    server.fail({ status: 401 });
    expect(await verified()).toMatchObject({ code: 1, complaints: expect.stringContaining('check WANDB_API_KEY') });
  });
});
