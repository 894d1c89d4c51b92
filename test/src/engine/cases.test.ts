import { describe, test } from 'vitest';
import { CASES } from './cases/all-cases.ts';

describe('what is evaluated, case by case: the rows of the table in docs/engine.md', () => {
  test.each(CASES.flatMap((cases) => Object.entries(cases)))('%s', (_name, check) => check());
});
