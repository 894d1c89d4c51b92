import { clientPayloadSchema } from '../event/client-payload.ts';
import { EVENT_FIELDS } from '../event/event.ts';
import { err, ok, type Result } from '../lib/result.ts';

/**
 * Reads the payload of the dispatch that started this workflow as outputs: `delivery-id`, `route`, `type` and the fields of
 * the event. Each output is one line of limited length. Passed through `env:`, none can inject code into a script.
 *
 * @returns an error for a payload that does not match `clientPayloadSchema`
 */
export function readEventOutputs(clientPayload: unknown): Result<Readonly<Record<string, string>>, string> {
  if (clientPayload === undefined) return err('this workflow was not started by a repository_dispatch: there is no client_payload');
  const parsed = clientPayloadSchema.safeParse(clientPayload);
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'client_payload'}: ${issue.message}`);
    return err(`the client_payload is not what wandb-relay sends: ${issues.join('; ')}`);
  }
  const { delivery_id, route, event } = parsed.data;
  const fields = EVENT_FIELDS.map((field): [string, string] => [field, event[field] ?? '']);
  return ok({ 'delivery-id': delivery_id, route, type: event.type, ...Object.fromEntries(fields) });
}
