import type { DigestFacts } from '../../../src/digest/facts.ts';
import { MINUTE, T0 } from './message-samples.ts';

const DAY = 24 * 60 * MINUTE;
const named = (i: number, user = 'ada') => ({ run: `k3v9x${i}`, name: `nightly-train-${400 + i}`, entity: 'acme', project: 'train', user });
const LOSS = [0.41, 0.38, 0.402, 0.361, 0.344, 0.35, 0.329, 0.337, 0.318, 0.305, 0.322, 0.291];

/** A weekday's digest of a project: one of everything. */
export const DIGEST_FACTS: DigestFacts = {
  digest: 'daily',
  about: 'acme/train',
  since: T0 - DAY,
  dueAt: T0,
  madeAt: T0 + 2000,
  timezone: 'Europe/Berlin',
  skipped: 0,
  runs: {
    total: 42,
    states: { finished: 30, failed: 3, crashed: 2, killed: 1, running: 6 },
    projects: 1,
    isCut: false,
    failed: [
      { ...named(31), state: 'failed' },
      { ...named(27, 'bob'), state: 'crashed' },
      { ...named(24), state: 'crashed' },
    ],
  },
  metrics: [
    {
      metric: 'val/loss',
      best: 'min',
      runs: 12,
      top: [12, 10, 9].map((i) => ({ ...named(i, i === 9 ? 'bob' : 'ada'), value: LOSS[i - 1] ?? 0 })),
      before: 0.304,
      latest: LOSS.map((value, i) => ({ name: `nightly-train-${401 + i}`, value })),
    },
    { metric: 'val/accuracy', best: 'max', runs: 12, top: [{ ...named(12), value: 0.9134 }], before: 0.9134, latest: [] },
  ],
  alerts: [
    { automation: 'loss-too-high', count: 8 },
    { automation: 'run-died', count: 5 },
  ],
  versions: {
    count: 9,
    latest: [
      { collection: 'resnet50', version: 'v13' },
      { collection: 'resnet50', version: 'v12' },
      { collection: 'tokens', version: 'v40' },
    ],
  },
  promotions: {
    count: 2,
    latest: [
      { collection: 'resnet50', version: 'v12', alias: 'production', replaces: 'v11', by: 'ada' },
      { collection: 'resnet50', version: 'v13', alias: 'staging', by: 'bob' },
    ],
  },
  failures: {
    count: 1,
    latest: [{ what: 'resnet50 v12 → production', target: 'acme/deploy', url: 'https://github.com/acme/deploy/actions/runs/99' }],
  },
  notes: [],
};

/** Nothing happened. */
export const QUIET_FACTS: DigestFacts = {
  ...DIGEST_FACTS,
  runs: { total: 0, states: {}, projects: 1, isCut: false, failed: [] },
  metrics: [{ metric: 'val/loss', best: 'min', runs: 0, top: [], before: 0.291, latest: [] }],
  alerts: [],
  versions: { count: 0, latest: [] },
  promotions: { count: 0, latest: [] },
  failures: { count: 0, latest: [] },
};

/** After an outage, while W&B was away. */
export const LATE_FACTS: DigestFacts = {
  ...DIGEST_FACTS,
  since: T0 - 3 * DAY,
  madeAt: T0 + 5 * 60 * MINUTE,
  skipped: 2,
  runs: null,
  metrics: [],
  notes: ['Runs are not shown: W&B answered 503 (Service Unavailable).'],
};
