import type { RelayEvent } from '../../../src/event/event.ts';
import type { JsonValue } from '../../../src/lib/json.ts';
import type { Result } from '../../../src/lib/result.ts';
import type { TemplateContext } from '../../../src/route/template.ts';

/** An alias event with the fields that a test cares about. */
export function eventWith(fields: Partial<RelayEvent> = {}): RelayEvent {
  return { type: 'add_artifact_alias', source: 'default', ...fields };
}

/** What a template sees. */
export function contextWith(fields: Partial<RelayEvent> = {}, payload: JsonValue = {}): TemplateContext {
  return { delivery_id: 'delivery-1', route: 'deploy', event: { ...eventWith(fields), payload } };
}

/** The value of a result that a test expects to be good. */
export function theValue<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`expected a value, got the error ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The error of a result that a test expects to be bad. */
export function theError<E>(result: Result<unknown, E>): E {
  if (result.ok) throw new Error(`expected an error, got the value ${JSON.stringify(result.value)}`);
  return result.error;
}
