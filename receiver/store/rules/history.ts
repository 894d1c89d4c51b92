import { isJsonObject, type JsonObject, readExactJson } from '../../../src/lib/json.ts';
import { refreshConversations } from './conversations.ts';
import { locksOfEvents } from './order-keys.ts';
import { exec, firstRow, lock, type Work } from './work.ts';

/** See `DeliveryQueue.keepHistory`. */
export function* keepHistory(eventId: string, history: JsonObject, now: number): Work<boolean> {
  yield* lock(() => locksOfEvents([eventId]));
  const row = yield* firstRow<{ wandb: string | null }>('SELECT wandb FROM events WHERE id = $1', eventId);
  const known = row?.wandb ? readExactJson(row.wandb) : undefined;
  if (!isJsonObject(known) || known.history !== undefined) return false;
  const kept = yield* exec(
    'UPDATE events SET wandb = $1 WHERE id = $2 AND wandb = $3',
    JSON.stringify({ ...known, history }),
    eventId,
    row?.wandb ?? '',
  );
  if (kept === 0) return false;
  yield* refreshConversations(eventId, now);
  return true;
}
