import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OpenStore, withStore } from './samples.ts';
import { type Command, type Outcome, StoreModel } from './store-model.ts';

const pick = fc.nat({ max: 50 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('accept' as const), key: fc.nat({ max: 2 }), latest: fc.boolean(), held: fc.nat({ max: 4 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 4 }), paceMs: fc.constantFrom(0, 0, 500) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      pick,
      outcome: fc.constantFrom<Outcome[]>('delivered', 'failed', 'ambiguous', 'refused', 'limited'),
      delay: fc.nat({ max: 3_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('replay' as const, 'cancel' as const, 'approve' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('decide' as const), pick, approve: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('recover' as const, 'expire' as const) }) },
);

export function invariantsContract(open: OpenStore): void {
  describe('whatever happens, in whatever order', () => {
    test('order, leases, pace and throttles are kept, and in the end nothing is stuck', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), (commands) =>
          withStore(open, async (store) => {
            const model = new StoreModel(store);
            for (const each of commands) {
              await model.run(each);
              await model.check();
            }
            await model.drain();
          }),
        ),
        { numRuns: 60 },
      );
    });

    test('deliveries that only succeed or fail leave each order key in the order of arrival', async () => {
      const arrivals = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(arrivals, fc.infiniteStream(fc.boolean()), (keys, dice) =>
          withStore(open, async (store) => {
            const model = new StoreModel(store);
            for (const key of keys) {
              await model.run({ do: 'accept', key, latest: false, held: 1 });
              if (dice.next().value === true) await model.run({ do: 'claim', limit: 1, paceMs: 0 });
              if (dice.next().value === true) await model.run({ do: 'settle', pick: 0, outcome: 'failed', delay: 10 });
            }
            await model.drain();

            const firsts = [...new Set(model.sent)];
            for (const key of new Set(keys)) {
              expect(firsts.filter((id) => model.keyOf(id) === key)).toEqual(model.accepted.filter((id) => model.keyOf(id) === key));
            }
          }),
        ),
        { numRuns: 30 },
      );
    });
  });
}
