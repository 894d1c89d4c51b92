import { expect, it } from 'vitest';
import { createWake } from '../../receiver/wake.ts';

it('wakes every sender, also one that registers after the wake was handed out', () => {
  const woken: string[] = [];
  const { wake, register } = createWake();
  wake();
  register(() => woken.push('first'));
  wake();
  register(() => woken.push('second'));
  wake();
  expect(woken).toEqual(['first', 'first', 'second']);
});
