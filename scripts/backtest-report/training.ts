import { type LoggedRow, madeRows } from '../../test/stand-ins/wandb-rows.ts';
import { liveRun } from '../../test/stand-ins/wandb-runs.ts';
import { acmeWorld, type WandbWorld } from '../../test/stand-ins/wandb-world.ts';

/** When the pictures are taken: milliseconds since 1970. */
export const NOW = Date.parse('2026-11-27T09:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RUNS = 60;
const STEP_MS = 12_000;

/** Four automations that acme thinks about, among them one with a metric of the wrong name. */
export const CONFIG = `version: 1
entity: acme
automations:
  - name: loss-too-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: train/loss, aggregate: average, window: 5, above: 8 } }
    for_points: 3
    action: { relay: { to: [{ slack: { channel: "#ml-alerts" } }] } }
  - name: accuracy-drops
    scope: { project: train }
    event: { run_metric_change: { metric: val/acc, aggregate: average, window: 20, prior_window: 100, decreases_by: 10% } }
    action: { notification: { slack: "#ml-alerts", severity: warn } }
  - name: run-failed
    scope: { project: train }
    event: { run_state: { states: [failed] } }
    runs: { name: { regex: "^nightly" } }
    action: { notification: { slack: "#ml-alerts" } }
  - name: val-loss-nan
    engine: relay
    scope: { project: train }
    event: { run_metric_nonfinite: { metric: val_loss } }
    action: { relay: { to: [{ slack: { channel: "#ml-alerts" } }] } }
`;

const NAMES = ['brisk-falcon', 'nightly', 'quiet-river', 'resnet-sweep', 'nightly', 'amber-fox', 'finetune'];
const PEOPLE = [
  { username: 'ada', name: 'Ada Lovelace' },
  { username: 'grace', name: 'Grace Hopper' },
  { username: 'lin', name: 'Lin Chen' },
];

/** A month of runs of acme's project train: most learn, some explode, some forget, some fail. The same ones each time. */
export function trainingWorld(): WandbWorld {
  const world = acmeWorld();
  const project = world.project('train');
  for (let i = 0; i < RUNS; i++) {
    const random = randomFrom(i + 1);
    const steps = 600 + Math.floor(random() * 1800);
    const createdAt = NOW - Math.floor(((i + 0.4) * 30 * DAY) / RUNS) - 9 * HOUR;
    const explodes = i % 17 === 4;
    const forgets = i % 13 === 6;
    const state = explodes || i % 23 === 1 ? 'failed' : i % 29 === 11 ? 'crashed' : i % 31 === 8 ? 'killed' : 'finished';
    liveRun(world, project, `${i.toString(36)}${Math.floor(random() * 36 ** 6).toString(36)}`, {
      displayName: `${NAMES[i % NAMES.length]}-${140 - i}`,
      state,
      user: PEOPLE[i % PEOPLE.length] ?? null,
      createdAt,
      heartbeatAt: createdAt + steps * STEP_MS,
      rows: madeRows(steps, rowMaker({ seed: i, steps, createdAt, explodes, forgets })),
    });
  }
  return world;
}

interface Story {
  readonly seed: number;
  readonly steps: number;
  readonly createdAt: number;
  readonly explodes: boolean;
  readonly forgets: boolean;
}

function rowMaker({ seed, steps, createdAt, explodes, forgets }: Story): (step: number) => LoggedRow {
  const random = randomFrom(7919 * (seed + 1));
  const turn = Math.floor(steps * (0.5 + 0.3 * random()));
  const [top, pace, floor] = [0.62 + 0.25 * random(), steps / (4 + 3 * random()), 0.8 + 0.5 * random()];
  const bump = seed % 5 === 0 ? 3.5 + 2 * random() : 0;
  return (step) => {
    const noise = randomFrom(seed * 100_003 + step)() - 0.5;
    const after = Math.max(0, step - turn);
    const rise = explodes ? Math.min(13, after * 0.035) * (1 + 0.3 * noise) : 0;
    const spike = bump * Math.exp(-(((step - turn) / 14) ** 2));
    const loss = floor + 5.8 * Math.exp(-step / pace) + 0.3 * noise + rise + spike;
    const forgotten = forgets ? Math.min(0.3, after * 0.0012) : 0;
    const accuracy = top * (1 - Math.exp((-1.6 * step) / pace)) - forgotten + 0.012 * noise;
    return {
      _step: step,
      _timestamp: (createdAt + step * STEP_MS) / 1000,
      _runtime: (step * STEP_MS) / 1000,
      'train/loss': explodes && step > steps - 20 ? Number.NaN : Number(loss.toFixed(4)),
      'val/acc': Number(Math.max(0, accuracy).toFixed(4)),
    };
  };
}

/** Numbers from 0 to 1 that look random, always the same ones (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
