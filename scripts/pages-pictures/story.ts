import { liveRun } from '../../test/stand-ins/wandb-runs.ts';
import { aboutDataset, aboutModel, aboutRun, HOUR, MINUTE, NOW, TOKENS } from './acme.ts';
import type { World } from './world.ts';

/** Events that pictures and tests are about, by id. */
export interface Told {
  /** Its dispatch failed for good. */
  readonly failed: string;
  /** Waits for an approval. */
  readonly held: string;
  /** Its workflow failed, and was started again. */
  readonly rerun: string;
  /** No route takes it. */
  readonly unmatched: string;
  /** The relay's own engine found it. */
  readonly metric: string;
}

const MODELS = ['resnet50', 'bert-ranker', 'fraud-trees', 'speech-small'] as const;
const PEOPLE = ['ada', 'grace', 'lin', 'ben'] as const;

const before = (milliseconds: number): number => NOW - milliseconds;
const of = <T>(all: readonly T[], index: number): T => all[index % all.length] as T;

/** Two days of acme: the same ones each time. Ends at `NOW`, with something of every kind on the page. */
export async function tellStory(world: World): Promise<Told> {
  await tellHistory(world);
  await promote(world, { model: 'resnet50', version: 'v11', by: 'ada', at: before(21 * HOUR), ends: 'success' });
  const rerun = await promote(world, { model: 'fraud-trees', version: 'v40', by: 'lin', at: before(20 * HOUR), ends: 'failure' });
  await sendAgain(world, rerun, before(19 * HOUR));
  await reject(world);
  const metric = await watchRun(world);
  await world.until(before(3 * HOUR));
  const failed = await world.event(aboutModel('add_artifact_tag', 'speech-small', 'v7', 'lin', { tag: 'edge' }));
  await world.until(before(2 * HOUR));
  const unmatched = await world.event(aboutModel('add_collection_tag', 'resnet50', 'v12', 'grace', { tag: 'vision' }));
  await world.until(before(90 * MINUTE));
  await world.event(aboutRun('run_state', 'finetune-88', 'grace', { run_status: 'failed' }));
  await world.until(before(70 * MINUTE));
  await world.event(aboutModel('link_artifact', 'resnet50', 'v12', 'ada'));
  await world.until(before(69 * MINUTE));
  await world.event(aboutModel('link_artifact', 'resnet50', 'v13', 'ada'));
  await world.until(before(40 * MINUTE));
  await endRuns(world, 'success');
  const held = await world.event(aboutModel('add_artifact_alias', 'resnet50', 'v12', 'ada', { alias: 'production' }));
  await stage(world, 'bert-ranker', 'v19', 'grace', before(31 * MINUTE));
  await endRuns(world, 'success');
  await stage(world, 'speech-small', 'v8', 'lin', before(17 * MINUTE));
  await startRuns(world);
  world.slack.fail({ method: 'chat.postMessage', status: 429, headers: { 'retry-after': '900' }, error: 'ratelimited' });
  await world.until(before(9 * MINUTE));
  await world.event(aboutRun('run_state', 'finetune-91', 'lin', { run_status: 'failed' }));
  await world.until(before(8 * MINUTE));
  world.github.fail(...Array.from({ length: 20 }, () => ({ status: 503, message: 'Service unavailable' })));
  await world.event(aboutDataset('dataset-imagenet', 'v31', 'lin'));
  for (const minutes of [7, 6, 4, 2]) await world.until(before(minutes * MINUTE));
  await world.until(NOW);
  return { failed, held, rerun, unmatched, metric };
}

/** What lies behind. */
async function tellHistory(world: World): Promise<void> {
  for (let i = 0; i < 24; i++) {
    await world.until(before(47 * HOUR) + i * HOUR);
    const [model, by, version] = [of(MODELS, i * 3 + 1), of(PEOPLE, i), `v${Math.floor(i / 4) + 2}`];
    if (i % 6 === 5) await stage(world, model, version, by, world.now());
    else if (i % 6 === 4) await world.event(aboutRun('run_state', `nightly-${i}`, by, { run_status: i % 4 === 0 ? 'failed' : 'finished' }));
    else if (i % 6 === 3) await world.event(aboutDataset(i % 4 === 1 ? 'dataset-speech' : 'dataset-imagenet', `v${i}`, by));
    else await world.event(aboutModel(i % 3 === 0 ? 'link_artifact' : 'create_artifact', model, version, by));
  }
  await world.until(before(22 * HOUR));
  await endRuns(world, 'success');
}

async function stage(world: World, model: string, version: string, by: string, at: number): Promise<void> {
  await world.until(at);
  await world.event(aboutModel('add_artifact_alias', model, version, by, { alias: 'staging' }));
  await world.until(at + 10_000);
}

async function startRuns({ github }: World): Promise<void> {
  for (const { id, status } of github.runs) if (status === 'queued') await github.advance(id, 'in_progress');
}

async function endRuns({ github }: World, conclusion: string): Promise<void> {
  for (const run of github.runs) {
    if (run.status === 'completed') continue;
    await github.advance(run.id, 'in_progress');
    await github.advance(run.id, { conclusion });
  }
}

interface Promotion {
  readonly model: string;
  readonly version: string;
  readonly by: string;
  readonly at: number;
  readonly ends: 'success' | 'failure';
}

async function promote(world: World, { model, version, by, at, ends }: Promotion): Promise<string> {
  await world.until(at);
  const id = await world.event(aboutModel('add_artifact_alias', model, version, by, { alias: 'production' }));
  await world.until(at + 6 * MINUTE);
  await change(world, await dispatchOf(world, id), 'approve', 'ben', { reason: 'evaluation looks good' });
  await world.until(at + 7 * MINUTE);
  for (const { id: run } of world.github.runs.filter(({ status }) => status !== 'completed')) {
    await world.github.advance(run, 'in_progress');
    await world.until(at + 11 * MINUTE);
    await world.github.advance(run, { conclusion: ends });
  }
  return id;
}

async function sendAgain(world: World, event: string, at: number): Promise<void> {
  await world.until(at);
  await change(world, await dispatchOf(world, event), 'replay', 'ada', {});
  await world.until(at + MINUTE);
  await endRuns(world, 'success');
}

async function reject(world: World): Promise<void> {
  await world.until(before(18 * HOUR));
  const id = await world.event(aboutModel('add_artifact_alias', 'bert-ranker', 'v17', 'grace', { alias: 'production' }));
  await world.until(before(17 * HOUR));
  await change(world, await dispatchOf(world, id), 'reject', 'ben', { reason: 'recall is down by two points' });
}

/** A run whose loss grows; the engine of the relay sees it. */
async function watchRun(world: World): Promise<string> {
  await world.until(before(6 * HOUR));
  const { wandb } = world;
  await world.watch();
  const run = liveRun(wandb.world, wandb.world.project('train'), 'k3v9x2', { now: world.now, displayName: 'brisk-falcon-131' });
  for (let step = 0; step < 24; step++) {
    world.moveTo(before(6 * HOUR) + (step + 1) * 20_000);
    run.log({ loss: step < 16 ? Number((4.2 - 0.1 * step).toFixed(2)) : Number((5.2 + (step - 16) / 10).toFixed(2)) });
    if (step % 3 === 2) await world.watch();
  }
  run.setState('finished');
  await world.until(before(5 * HOUR));
  const { items } = await world.store.searchEvents({ type: 'run_metric' }, { limit: 1 });
  const [found] = items;
  if (found === undefined) throw new Error('the engine has found nothing');
  return found.event.id;
}

async function dispatchOf({ store }: World, eventId: string): Promise<string> {
  const deliveries = await store.deliveries({ eventId, limit: 10 });
  const dispatch = deliveries.find(({ target }) => !target.startsWith('slack'));
  if (dispatch === undefined) throw new Error(`the event ${eventId} has no dispatch`);
  return dispatch.id;
}

/** By a form of the pages, as people do it. */
async function change(
  { request }: World,
  id: string,
  what: string,
  by: 'ada' | 'ben',
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  const answer = await request(`/deliveries/${id}/${what}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { authorization: `Bearer ${TOKENS[by]}` },
  });
  if (answer.status !== 303) throw new Error(`${what} was answered ${answer.status}: ${await answer.text()}`);
}
