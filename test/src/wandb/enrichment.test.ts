import { describe, expect, it } from 'vitest';
import { enrichmentSchema } from '../../../src/event/enrichment.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts';
import { canBeEnriched, fetchEnrichment } from '../../../src/wandb/enrichment.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { ADA, addArtifact, addRun } from '../../stand-ins/wandb-artifacts.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WorldArtifact, WorldRun } from '../../stand-ins/wandb-world.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
const APP = 'https://wandb.example';
const unhurried = () => AbortSignal.timeout(20_000);

/** A model that run `r1` of project train logged, linked as v12 to the registry's resnet50. */
function modelWorld(fields: Partial<WorldArtifact> = {}, runFields: Partial<WorldRun> = {}) {
  const world = acmeWorld();
  const train = world.project('train');
  const sequence = world.addCollection(train, 'resnet50');
  const registered = world.collections.find(({ name, project }) => name === 'resnet50' && project !== train)!;
  const run = addRun(world, train, 'r1', {
    displayName: 'brave-sun-7',
    tags: ['sweep'],
    commit: SHA,
    summaryMetrics: JSON.stringify({ accuracy: 0.93, _step: 10, _wandb: { runtime: 3600 } }),
    ...runFields,
  });
  const artifact = addArtifact(world, sequence, {
    versionIndex: 4,
    metadata: JSON.stringify({ layers: 50, data: { split: 'v2' } }),
    createdBy: run,
    links: new Map([[registered, 12]]),
    aliases: [
      { alias: 'production', collection: registered },
      { alias: 'latest', collection: sequence },
    ],
    ...fields,
  });
  return { world, artifact, sequence };
}

const REGISTRY_EVENT: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme-org-entity',
  project: 'wandb-registry-model',
  registry: 'model',
  collection: 'resnet50',
  version: 'v12',
};
const RUN_EVENT: RelayEvent = { type: 'run_state', source: 'default', entity: 'acme', project: 'train', run: 'r1', status: 'finished' };

async function ask(world: ReturnType<typeof acmeWorld>, event: RelayEvent, payload: JsonValue = {}) {
  const server = await wandbServer({ world });
  const { client } = testClient(server);
  const answer = await fetchEnrichment(client, { ...event, payload }, { signal: unhurried(), appUrl: APP });
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  if (answer.value !== null) expect(enrichmentSchema.safeParse(JSON.parse(JSON.stringify(answer.value))).error).toBeUndefined();
  return { wandb: answer.value, server, requests: client.requests };
}

const partOf = (wandb: JsonObject | null, part: 'artifact' | 'run') => wandb?.[part] as JsonObject;

describe('an event about an artifact', () => {
  it('is answered by one query, by name, with the artifact and the run that made it', async () => {
    const { wandb, requests } = await ask(modelWorld().world, REGISTRY_EVENT);
    expect(requests).toBe(1);
    expect(wandb).toEqual({
      artifact: {
        type: 'model',
        version: 'v12',
        source: 'acme/train/resnet50:v4',
        aliases: ['production'],
        tags: [],
        size: 1024,
        digest: '0123456789abcdef0123456789abcdef',
        created_at: '2026-02-01T11:00:05Z',
        metadata: { layers: 50, data: { split: 'v2' } },
        url: `${APP}/acme/train/artifacts/model/resnet50/v4`,
      },
      run: {
        name: 'r1',
        display_name: 'brave-sun-7',
        state: 'finished',
        user: 'ada',
        tags: ['sweep'],
        created_at: '2026-02-01T10:00:00Z',
        duration_seconds: 3600,
        summary: { accuracy: 0.93, _step: 10 },
        commit: SHA,
        url: `${APP}/acme/train/runs/r1`,
      },
    });
  });

  it.each(['flat', 'nested'])('is queried by the id in the %s body, whatever the names are', async (form) => {
    const { world, artifact } = modelWorld();
    const variables = { artifact_version: `wandb-artifact://_id/${artifact.id}` };
    const payload = form === 'flat' ? variables : { event_type: 'LINK_ARTIFACT', client_payload: variables };
    const { wandb, server } = await ask(world, { type: 'link_artifact', source: 'default' }, payload);
    expect(server.requests.map(({ variables }) => variables)).toEqual([{ id: artifact.id }]);
    expect(partOf(wandb, 'artifact')).toMatchObject({ version: 'v4', aliases: ['latest'] });
  });

  it('gets the version of its own project from W&B, and none of a registry where only an alias arrived', async () => {
    const { world } = modelWorld();
    const own = { ...REGISTRY_EVENT, entity: 'acme', project: 'train', version: 'latest' };
    expect(partOf((await ask(world, own)).wandb, 'artifact')).toMatchObject({ version: 'v4', aliases: ['latest'] });
    const linked = partOf((await ask(world, { ...REGISTRY_EVENT, version: 'production' })).wandb, 'artifact');
    expect(linked).not.toHaveProperty('version');
    expect(linked).toMatchObject({ source: 'acme/train/resnet50:v4' });
  });

  it('names the user who made it where no run did', async () => {
    const { wandb } = await ask(modelWorld({ createdBy: ADA }).world, REGISTRY_EVENT);
    expect(partOf(wandb, 'artifact')).toMatchObject({ created_by: 'ada' });
    expect(wandb).not.toHaveProperty('run');
  });

  it('that W&B does not have is null', async () => {
    const { wandb, requests } = await ask(acmeWorld(), REGISTRY_EVENT);
    expect([wandb, requests]).toEqual([null, 1]);
  });

  it('gets names that would break an address or a line made harmless', async () => {
    const { wandb } = await ask(modelWorld({ type: 'a/b ?#\n\ud800' }).world, REGISTRY_EVENT);
    expect(partOf(wandb, 'artifact')).toMatchObject({ type: 'a/b ?#', url: `${APP}/acme/train/artifacts/a%2Fb%20%3F%23/resnet50/v4` });
  });

  it('keeps as much of large metadata as fits, and marks it as truncated', async () => {
    const metadata = { small: 1, large: 'x'.repeat(900), deep: Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`k${i}`, i])) };
    const { wandb } = await ask(modelWorld({ metadata: JSON.stringify(metadata) }).world, REGISTRY_EVENT);
    const artifact = partOf(wandb, 'artifact');
    expect(artifact).toMatchObject({ truncated: true, metadata: { small: 1, large: metadata.large } });
    expect(Object.keys((artifact.metadata as JsonObject).deep as JsonObject).length).toBeGreaterThan(100);
    expect(JSON.stringify(artifact.metadata).length).toBeLessThanOrEqual(4_096);
  });

  it('keeps every digit of metadata and summaries', async () => {
    const metadata = '{"id":9007199254740993,"deep":[{"loss":0.12345678901234567890,"lr":1.0}]}';
    const { wandb } = await ask(modelWorld({ metadata }).world, REGISTRY_EVENT);
    expect(JSON.stringify(partOf(wandb, 'artifact').metadata)).toBe(metadata);
  });

  it('is not spoiled by metadata that no JSON is, or that reaches for a prototype', async () => {
    const broken = await ask(modelWorld({ metadata: '{"loss": NaN}' }).world, REGISTRY_EVENT);
    expect(partOf(broken.wandb, 'artifact')).toMatchObject({ type: 'model' });
    expect(partOf(broken.wandb, 'artifact')).not.toHaveProperty('metadata');
    const hostile = await ask(modelWorld({ metadata: '{"__proto__": {"admin": true}, "big": 1e999, "n": 1}' }).world, REGISTRY_EVENT);
    const metadata = partOf(hostile.wandb, 'artifact').metadata as JsonObject & { admin?: unknown };
    expect(metadata.admin).toBeUndefined();
    expect(JSON.stringify(metadata)).toBe('{"n":1}');
  });

  it.each<[string, Partial<RelayEvent>, JsonValue]>([
    ['nothing but its type', { entity: undefined, project: undefined, collection: undefined, version: undefined } as never, {}],
    ['no version', { version: undefined } as never, {}],
    ['an id that is none', { version: undefined } as never, { artifact_version: 'wandb-artifact://_id/a b' }],
    ['an id that is another variable', { version: undefined } as never, { artifact_version: '${artifact_version}' }],
  ])('is not asked about with %s', async (_what, fields, payload) => {
    const event = { ...REGISTRY_EVENT, ...fields };
    expect(canBeEnriched({ ...event, payload })).toBe(false);
    const { wandb, requests } = await ask(modelWorld().world, event, payload);
    expect([wandb, requests]).toEqual([null, 0]);
  });
});

describe('an event about a run', () => {
  it.each(['r1', 'brave-sun-7'])('is answered by one query, whether W&B sends the id or the display name: %s', async (run) => {
    const { wandb, requests } = await ask(modelWorld().world, { ...RUN_EVENT, run });
    expect(requests).toBe(1);
    expect(wandb).toEqual({ run: expect.objectContaining({ name: 'r1', display_name: 'brave-sun-7', state: 'finished', commit: SHA }) });
  });

  it('prefers the run with that id to one with that display name', async () => {
    const { world } = modelWorld();
    addRun(world, world.project('train'), 'r2', { displayName: 'r1' });
    expect(partOf((await ask(world, RUN_EVENT)).wandb, 'run')).toMatchObject({ name: 'r1' });
  });

  it('is not answered with one of several runs of a display name', async () => {
    const { world } = modelWorld();
    addRun(world, world.project('train'), 'r2', { displayName: 'brave-sun-7' });
    expect((await ask(world, { ...RUN_EVENT, run: 'brave-sun-7' })).wandb).toBeNull();
  });

  it('of a project that does not exist is null', async () => {
    expect((await ask(acmeWorld(), { ...RUN_EVENT, project: 'none' })).wandb).toBeNull();
  });

  it.each([
    ['https://github.com/acme/model.git', 'https://github.com/acme/model.git'],
    ['https://x-access-token:ghs_secret@github.com/acme/model', 'https://github.com/acme/model'],
    ['https://user:p@ss@github.com/acme/model?token=secret', 'https://github.com/acme/model'],
    ['ssh://git@github.com/acme/model.git', 'ssh://github.com/acme/model.git'],
    ['git@github.com:acme/model.git', 'git@github.com:acme/model.git'],
    ['https://user:p/secret@github.com/acme/model', undefined],
    ['user:secret@github.com:acme/model', undefined],
    ['/home/ada/model', undefined],
  ])('has the git remote of its config without passwords: %s', async (remote, expected) => {
    const config = JSON.stringify({ lr: { value: 0.1 }, _wandb: { value: { e: { abc: { git: { remote, commit: SHA } } } } } });
    const { wandb } = await ask(modelWorld({}, { config }).world, RUN_EVENT);
    expect(partOf(wandb, 'run').git_remote).toBe(expected);
    expect(JSON.stringify(wandb)).not.toContain('secret');
  });

  it('has no duration when its last sign of life is before its start', async () => {
    const { wandb } = await ask(modelWorld({}, { heartbeatAt: '2026-01-01T00:00:00' }).world, RUN_EVENT);
    expect(partOf(wandb, 'run')).not.toHaveProperty('duration_seconds');
  });
});

describe('W&B in trouble', () => {
  it.each([
    ['a server error', { status: 503 }, 503],
    ['a rate limit', { status: 429, headers: { 'retry-after': '1' } }, 429],
    ['a broken connection', { reset: true }, null],
  ])('%s is an error after one attempt', async (_what, fault, status) => {
    const server = await wandbServer(modelWorld());
    server.fail(fault);
    const { client, sleeps } = testClient(server);
    const answer = await fetchEnrichment(client, { ...RUN_EVENT, payload: {} }, { signal: unhurried(), appUrl: APP });
    expect(answer).toMatchObject({ ok: false, error: { kind: 'unavailable', status } });
    expect([client.requests, sleeps]).toEqual([1, []]);
  });

  it('an answer that does not come ends with the signal', async () => {
    const server = await scriptedServer('silence');
    const { client } = testClient(server);
    const aborter = new AbortController();
    const asked = fetchEnrichment(client, { ...RUN_EVENT, payload: {} }, { signal: aborter.signal, appUrl: APP });
    await expect.poll(() => server.requests.length).toBe(1);
    aborter.abort();
    expect(await asked).toMatchObject({ ok: false, error: { kind: 'unavailable', message: 'W&B: no response in time' } });
  });

  it('a used-up rate limit sends no request', async () => {
    const server = await wandbServer(modelWorld());
    Object.assign(server.answerHeaders, { 'ratelimit-remaining': '0', 'ratelimit-reset': '20' });
    const { client, sleeps } = testClient(server);
    const once = () => fetchEnrichment(client, { ...RUN_EVENT, payload: {} }, { signal: unhurried(), appUrl: APP });
    expect((await once()).ok).toBe(true);
    expect(await once()).toMatchObject({
      ok: false,
      error: { message: "W&B's rate limit is used up for another 20 s: no request was sent" },
    });
    expect([client.requests, sleeps]).toEqual([1, []]);
  });

  it.each<[string, unknown]>([
    ['no JSON', 'hello'],
    ['no data', { data: null }],
    ['something else where the project is', { data: { project: 7 } }],
    ['a list where the run is', { data: { project: { run: [] } } }],
  ])('%s is an error, never an exception', async (_what, body) => {
    const { client } = testClient(await scriptedServer({ status: 200, body }));
    const answer = await fetchEnrichment(client, { ...RUN_EVENT, payload: {} }, { signal: unhurried(), appUrl: APP });
    expect(answer).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
  });

  it('a field of another type than known spoils only itself', async () => {
    const run = {
      name: 'r1',
      displayName: 7,
      state: 'Finished',
      tags: 'x',
      user: [],
      project: null,
      createdAt: 'then',
      heartbeatAt: 'now',
    };
    const { client } = testClient(await scriptedServer({ status: 200, body: { data: { project: { run } } } }));
    const answer = await fetchEnrichment(client, { ...RUN_EVENT, payload: {} }, { signal: unhurried(), appUrl: APP });
    expect(answer).toEqual({ ok: true, value: { run: { name: 'r1', state: 'finished', created_at: 'then' } } });
  });
});
