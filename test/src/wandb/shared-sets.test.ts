import { expect, it } from 'vitest';
import { sharedSets } from '../../../src/wandb/shared-sets.ts';

it('gives equal names the same set, in any order, and others their own', () => {
  const shared = sharedSets();
  const first = shared(['loss', 'acc']);
  expect(shared(['acc', 'loss'])).toBe(first);
  expect([...shared(['loss'])]).toEqual(['loss']);
  expect([...shared(['loss', 'lr'])]).toEqual(['loss', 'lr']);
  expect(shared(['loss', 'acc'])).toBe(first);
});

it('keeps few', () => {
  const shared = sharedSets();
  const first = shared(['loss']);
  for (let i = 0; i < 100; i++) shared([`metric-${i}`]);
  expect(shared(['loss'])).not.toBe(first);
});
