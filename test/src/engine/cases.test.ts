import { describe, test } from 'vitest';
import { CONDITION_CASES } from './cases/condition-cases.ts';
import { FIRING_CASES } from './cases/firing-cases.ts';
import { STATE_CASES } from './cases/state-cases.ts';
import { VALUE_CASES } from './cases/value-cases.ts';

describe('what is evaluated, case by case: the rows of the table in docs/engine.md', () => {
  for (const cases of [VALUE_CASES, CONDITION_CASES, FIRING_CASES, STATE_CASES])
    test.each(Object.entries(cases))('%s', (_name, check) => check());
});
