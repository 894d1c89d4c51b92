import { expect, test } from 'vitest';
import { CASES } from '../src/engine/cases/all-cases.ts';
import { page, tableRows } from './pages.ts';

const [heading, ...rows] = tableRows(page('docs/engine.md'), '## What is evaluated');

test('each row of the table of what is evaluated is a case with a test, and each case has a row', () => {
  expect(heading).toEqual(['case', 'what happens', 'W&B']);
  const named = rows.map(([name = '']) => name.replaceAll('`', ''));
  expect(new Set(named).size).toBe(named.length);
  expect(named.toSorted()).toEqual(CASES.flatMap((cases) => Object.keys(cases)).toSorted());
});

test('each row says whether W&B documents it', () => {
  for (const [name, , documented] of rows) expect(documented, name).toMatch(/^(yes|open|ours)\b/);
});
