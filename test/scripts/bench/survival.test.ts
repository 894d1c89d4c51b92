import { expect, test } from 'vitest';
import { numberIn, survivalText } from '../../../scripts/bench/peers/survival.ts';
import { githubForm, requestBytes, wandbForm } from '../../../scripts/bench/requests.ts';

test("an event's number is found in both forms of request, and in the calls that come of them", () => {
  expect(numberIn(requestBytes(wandbForm(), 123).toString())).toBe('000000123');
  expect(numberIn(requestBytes(githubForm('/hooks/bench'), 123).toString())).toBe('000000123');
  expect(numberIn('{"id":"000000123"}')).toBe('000000123');
  expect(numberIn('{"id":"acme/wandb-registry-model/model-123:v000000123"}')).toBe('000000123');
  expect(numberIn('{"client_payload":{"delivery_id":"019ac123-4567-7123-8123-000000999123","version":"v1"}}')).toBeUndefined();
});

test('events that were refused are no promise that was broken', () => {
  expect(
    survivalText([
      { mode: 'up', acknowledged: 20, refused: 0, reached: 20 },
      { mode: 'down', acknowledged: 0, refused: 20, reached: 0 },
      { mode: 'hanging', acknowledged: 15, refused: 5, reached: 3 },
    ]),
  ).toBe('up: 20 of 20, down: all 20 refused, hanging: 3 of 15 (5 refused)');
});
