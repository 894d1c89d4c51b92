import { describe, expect, test } from 'vitest';
import { accountFor, brokenInvariants } from '../../../scripts/torture/accounting.ts';
import type { Arrival, Decision, Ledger, StoredDelivery, StoredEvent, StoredRecord, StoredState } from '../../../scripts/torture/ledger.ts';

/** A run in which all went well: three events of one subject, one of which waits for an approval. */
interface Facts {
  acknowledged: Ledger['acknowledged'];
  arrivals: Arrival[];
  arrivedMeanwhile: Arrival[];
  kills: Ledger['kills'];
  disturbances: Ledger['disturbances'];
  decisions: Decision[];
  crashes: Ledger['crashes'];
  events: StoredEvent[];
  deliveries: StoredDelivery[];
  records: Map<string, StoredRecord>;
}

const RULES = { deliveriesOf: { deploy: 1, gated: 1 } } as const;

function arrivalOf(deliveryId: string, at: number, changes: Partial<Arrival> = {}): Arrival {
  return { deliveryId, receiver: 'sqlite-0.1', at, mood: 'ok', tookEffect: true, answered: true, ...changes };
}

function deliveryOf(number: number, changes: Partial<StoredDelivery> = {}): StoredDelivery {
  const target = 'repository_dispatch:acme/deploy';
  return { id: `d${number}`, eventId: `e${number}`, target, state: 'delivered', reason: null, dueAt: null, ...changes };
}

function goodRun(): Facts {
  return {
    acknowledged: [1, 2].map((sequence) => ({
      kind: 'deploy',
      subject: 'model',
      sequence,
      eventId: `e${sequence}`,
      tries: 1,
      unrouted: sequence === 1,
    })),
    arrivals: [arrivalOf('d1', 1_000), arrivalOf('d2', 2_000)],
    arrivedMeanwhile: [],
    kills: [],
    disturbances: [],
    decisions: [],
    crashes: [],
    events: [1, 2].map((sequence) => ({ id: `e${sequence}`, outcome: 'routed', subject: 'model', sequence })),
    deliveries: [deliveryOf(1), deliveryOf(2)],
    records: new Map(),
  };
}

function broken(change: (facts: Facts) => void, rules: Parameters<typeof accountFor>[2] = RULES): string[] {
  const facts = goodRun();
  change(facts);
  const stored: StoredState = { events: facts.events, deliveries: facts.deliveries, records: facts.records };
  return brokenInvariants(accountFor(facts, stored, rules));
}

/** The first delivery arrives once more. */
function repeat(facts: Facts, first: Partial<Arrival>, outcomes: readonly string[] = ['ambiguous', 'delivered'], durationMs = 20): void {
  facts.arrivals = [arrivalOf('d1', 1_000, first), arrivalOf('d1', 8_000), arrivalOf('d2', 9_000)];
  facts.records.set('d1', { attempts: outcomes.map((outcome) => ({ outcome, durationMs })), notes: [] });
}

/** A held delivery, with what its notes say. */
function hold(facts: Facts, decisions: readonly Pick<Decision, 'word' | 'answer'>[], notes: readonly string[]): void {
  facts.acknowledged.push({ kind: 'gated', subject: 'gated', sequence: 1, eventId: 'e3', tries: 1, unrouted: false });
  facts.events.push({ id: 'e3', outcome: 'routed', subject: 'gated', sequence: 1 });
  facts.deliveries.push(deliveryOf(3));
  facts.arrivals.push(arrivalOf('d3', 3_000));
  facts.decisions = decisions.map((decision) => ({ ...decision, deliveryId: 'd3', through: 'api' }));
  facts.records.set('d3', { attempts: [], notes });
}

test('a run in which all went well has broken nothing', () => {
  expect(broken(() => undefined)).toEqual([]);
});

test('bursts that were all routed before they were stored have tested nothing', () => {
  const rules = { ...RULES, hasBursts: true };
  expect(broken(() => undefined, rules)).toEqual([]);
  const routed = (facts: Facts) => {
    facts.acknowledged = facts.acknowledged.map((each) => ({ ...each, unrouted: false }));
  };
  expect(broken(routed, rules)).toEqual(['no event of a burst was stored as it came: that was not tested']);
  expect(broken(routed)).toEqual([]);
});

describe('a loss is found', () => {
  test.each<[string, (facts: Facts) => void, string]>([
    [
      'an event that the store does not know',
      (facts) => facts.events.splice(1, 1) && facts.deliveries.splice(1, 1),
      'the store does not know it',
    ],
    ['an event whose delivery is gone', (facts) => void facts.deliveries.splice(1, 1), 'has 0 deliveries instead of 1'],
    [
      'a delivery that GitHub never got',
      (facts) => void facts.arrivals.splice(1, 1),
      'model number 2 is delivered, and GitHub never got it',
    ],
    [
      'a delivery whose request had no effect',
      (facts) => void facts.arrivals.splice(1, 1, arrivalOf('d2', 2_000, { mood: 'error', tookEffect: false })),
      'GitHub never got it',
    ],
    [
      'a failure without a reason',
      (facts) => void facts.deliveries.splice(1, 1, deliveryOf(2, { state: 'dead' })),
      'model number 2 is dead',
    ],
    [
      'a state that nothing here leads to',
      (facts) => void facts.deliveries.splice(1, 1, deliveryOf(2, { state: 'superseded' })),
      'is superseded',
    ],
  ])('%s', (_name, change, line) => {
    expect(broken(change).filter((each) => each.startsWith('lost: ') && each.includes(line))).toHaveLength(1);
  });

  test('and a run that acknowledged nothing has tested nothing', () => {
    expect(broken((facts) => facts.acknowledged.splice(0))).toEqual(['nothing was acknowledged: nothing was tested']);
  });
});

test('what failed visibly, was cancelled or waits is accounted for', () => {
  for (const change of [{ state: 'dead', reason: 'GitHub answered 422' }, { state: 'cancelled' }, { state: 'pending', dueAt: 5 }]) {
    expect(
      broken((facts) => {
        facts.deliveries[1] = deliveryOf(2, change);
        facts.arrivals.pop();
      }),
    ).toEqual([]);
  }
});

test('what arrives while the store is read is no loss, and no sign of a wrong order', () => {
  expect(
    broken((facts) => {
      facts.arrivedMeanwhile = facts.arrivals.splice(0).toReversed();
      facts.deliveries[0] = deliveryOf(1, { state: 'pending', dueAt: 5 });
    }),
  ).toEqual([]);
});

describe('a violation of the order is found', () => {
  test('a delivery that arrived before an older one', () => {
    expect(broken((facts) => facts.arrivals.reverse())).toEqual([
      'out of order: d2: arrived before an older one of model at repository_dispatch:acme/deploy',
    ]);
  });

  test('a delivery that arrived while an older one waited', () => {
    const lines = broken((facts) => {
      facts.deliveries[0] = deliveryOf(1, { state: 'pending', dueAt: 5 });
      facts.arrivals.shift();
    });
    expect(lines).toEqual(['out of order: d2: arrived while the older d1 of model at repository_dispatch:acme/deploy waited']);
  });

  test('an event that was stored before one that was acknowledged earlier', () => {
    expect(broken((facts) => facts.events.reverse())).toEqual([
      'out of order: e2: stored before an event of model that was acknowledged earlier',
    ]);
  });

  test('but not where only a repeat is late', () => {
    expect(
      broken((facts) => {
        repeat(facts, { mood: 'accepted-502' });
        facts.arrivals = [facts.arrivals[0]!, facts.arrivals[2]!, facts.arrivals[1]!];
      }),
    ).toEqual([]);
  });
});

describe('a double decision is found', () => {
  const done = { word: 'approve', answer: 'done' } as const;
  const refused = { word: 'approve', answer: 'refused' } as const;

  test('two people get the answer that it was theirs', () => {
    expect(broken((facts) => hold(facts, [done, done], ['approved by hand']))).toEqual([
      'decided twice: d3: 2 people were told that theirs was the decision to approve',
      'decided twice: d3: somebody was told of a decision to approve that the store does not know',
    ]);
  });

  test('two decisions are noted', () => {
    expect(broken((facts) => hold(facts, [done, refused], ['approved by hand', 'approved by hand']))).toEqual([
      'decided twice: d3: "approve" is noted 2 times',
    ]);
  });

  test('an approval after a cancellation', () => {
    expect(broken((facts) => hold(facts, [], ['cancelled by hand', 'approved by hand']))).toEqual([
      'decided twice: d3: was approved after it had been cancelled',
    ]);
  });

  test('but not where the second one is refused, lost, or stops what the first one approved', () => {
    expect(broken((facts) => hold(facts, [done, refused], ['approved by hand']))).toEqual([]);
    expect(broken((facts) => hold(facts, [{ ...done, answer: 'lost' }, refused], ['approved by hand']))).toEqual([]);
    expect(broken((facts) => hold(facts, [done, { word: 'cancel', answer: 'done' }], ['approved by hand', 'cancelled by hand']))).toEqual(
      [],
    );
  });

  test('what nobody approved and arrived all the same', () => {
    expect(broken((facts) => hold(facts, [], []))).toEqual(['sent without approval: d3: reached GitHub, and no approval is noted']);
  });
});

describe('a repeat', () => {
  const lineOf = (lines: readonly string[]) => lines.map((line) => line.split(':').slice(0, 2).join(':'));
  const UNKNOWN = ['arrived again without a known cause: d1'];

  test('without a cause is found', () => {
    expect(lineOf(broken((facts) => repeat(facts, {})))).toEqual(UNKNOWN);
  });

  test.each<[string, Partial<Arrival>, (facts: Facts) => void]>([
    ['an ambiguous answer', { mood: 'accepted-reset' }, () => undefined],
    ['a kill of its sender', {}, ({ kills }) => void kills.push({ receiver: 'sqlite-0.1', cause: 'after-send', at: 1_500 })],
    [
      'a store that was away',
      {},
      ({ disturbances }) => void disturbances.push({ kind: 'database', detail: 'stopped', from: 900, until: 2_000 }),
    ],
    [
      'a clock that jumped',
      {},
      ({ disturbances }) => void disturbances.push({ kind: 'clock', detail: 'jumped', from: 1_500, until: 1_500 }),
    ],
  ])('with %s as its cause is none', (_name, first, change) => {
    expect(
      broken((facts) => {
        repeat(facts, first);
        change(facts);
      }),
    ).toEqual([]);
  });

  test('because the machine was too busy is none', () => {
    expect(broken((facts) => repeat(facts, {}, ['ambiguous', 'delivered'], 10_020))).toEqual([]);
  });

  test.each<[string, (facts: Facts) => void]>([
    ['a kill of another process', ({ kills }) => void kills.push({ receiver: 'sqlite-0.2', cause: 'random', at: 1_500 })],
    ['a kill before it was sent', ({ kills }) => void kills.push({ receiver: 'sqlite-0.1', cause: 'random', at: 900 })],
    ['a kill after it was sent again', ({ kills }) => void kills.push({ receiver: 'sqlite-0.1', cause: 'random', at: 9_500 })],
    [
      'a store that was away at another time',
      ({ disturbances }) => void disturbances.push({ kind: 'disk', detail: 'full', from: 8_500, until: 9_000 }),
    ],
  ])('is not explained by %s', (_name, change) => {
    const lines = broken((facts) => {
      repeat(facts, {});
      change(facts);
    });
    expect(lineOf(lines)).toEqual(UNKNOWN);
  });

  test('after a success that was written down is never explained', () => {
    const lines = broken((facts) => repeat(facts, { mood: 'accepted-502' }, ['ambiguous', 'delivered', 'delivered']));
    expect(lineOf(lines)).toEqual(UNKNOWN);
  });
});

describe('one body that is stored as two events', () => {
  const twice = (facts: Facts): void => {
    facts.events.push({ id: 'e9', outcome: 'routed', subject: 'model', sequence: 2 });
  };

  test('is found', () => {
    expect(broken(twice)).toEqual(['stored twice: e9: model number 2 was stored before']);
  });

  test('is explained by a clock that was set, and is none when it is kept as a duplicate', () => {
    expect(
      broken((facts) => {
        twice(facts);
        facts.disturbances.push({ kind: 'clock', detail: 'jumped', from: 1, until: 1 });
      }),
    ).toEqual([]);
    expect(broken((facts) => void facts.events.push({ id: 'e9', outcome: 'duplicate', subject: 'model', sequence: 2 }))).toEqual([]);
  });
});

test('a delivery that has long been due and is first of its order key is stuck', () => {
  const stuck = (dueAt: number) =>
    broken(
      (facts) => {
        facts.deliveries[1] = deliveryOf(2, { state: 'pending', dueAt });
        facts.arrivals.pop();
      },
      { ...RULES, overdueBefore: 5_000 },
    );
  expect(stuck(4_000)).toEqual(['stuck: d2: has been due for 1 s and more, first of model at repository_dispatch:acme/deploy']);
  expect(stuck(6_000)).toEqual([]);
});

test('a receiver that ends by itself is found, unless it could not start because its store was away', () => {
  const crash = (isStarting: boolean, at: number) => (facts: Facts) => {
    facts.disturbances.push({ kind: 'disk', detail: 'the disk was full', from: 1_000, until: 2_000 });
    facts.crashes.push({ receiver: 'sqlite-0.1', at, isStarting, detail: '1: a bug' });
  };
  expect(broken(crash(true, 1_500))).toEqual([]);
  expect(broken(crash(false, 1_500))).toEqual(['ended by itself: sqlite-0.1: ended while it was serving: 1: a bug']);
  expect(broken(crash(true, 9_000))).toEqual(['ended by itself: sqlite-0.1: did not start: 1: a bug']);
});
