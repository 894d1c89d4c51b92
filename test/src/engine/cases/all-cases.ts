import type { Cases } from './case-words.ts';
import { CONDITION_CASES } from './condition-cases.ts';
import { FIRING_CASES } from './firing-cases.ts';
import { STATE_CASES } from './state-cases.ts';
import { VALUE_CASES } from './value-cases.ts';

/** Every case of the table in docs/engine.md. */
export const CASES: readonly Cases[] = [VALUE_CASES, CONDITION_CASES, FIRING_CASES, STATE_CASES];
