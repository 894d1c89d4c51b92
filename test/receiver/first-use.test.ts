import { expect, it } from 'vitest';
import { atFirstUse, NotLoadedError } from '../../receiver/first-use.ts';

it('a part is loaded once, when it is first asked for', async () => {
  let loads = 0;
  const part = atFirstUse('the part', async () => ++loads);
  expect(loads).toBe(0);
  expect(await Promise.all([part(), part()])).toEqual([1, 1]);
  expect(await part()).toBe(1);
});

it('a part that could not be loaded says so, and is tried again the next time', async () => {
  const results = [Promise.reject(new Error('Cannot find module chunks/pages.js')), Promise.resolve('the pages')];
  const part = atFirstUse('the pages', () => results.shift() ?? Promise.resolve('once more'));
  await expect(part()).rejects.toThrow(NotLoadedError);
  expect(await part()).toBe('the pages');
  expect(await part()).toBe('the pages');
  const broken = atFirstUse('the pages', () => Promise.reject(new Error('Cannot find module chunks/pages.js')));
  await expect(broken()).rejects.toThrow(
    "the pages cannot be loaded: Cannot find module chunks/pages.js (were the program's files replaced? Restart it)",
  );
});
