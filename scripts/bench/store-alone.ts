import { join } from 'node:path';
import type { NewEvent } from '../../receiver/store/delivery.ts';
import { openSqlite } from '../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';

const EVENTS = 6_400;

/** Events a second that the store alone accepts durably, `batch` of them to a commit. */
export async function acceptedPerSecond(folder: string, batch: number): Promise<number> {
  const store = sqliteStore(openSqlite(join(folder, `store-alone-${batch}-${performance.now()}.db`)));
  const events = Array.from({ length: EVENTS }, (_, i) => newEvent(i));
  const start = performance.now();
  for (let i = 0; i < EVENTS; i += batch) await store.accept(events.slice(i, i + batch), { dedupeWindowMs: 0 });
  const seconds = (performance.now() - start) / 1000;
  await store.close();
  return EVENTS / seconds;
}

function newEvent(i: number): NewEvent {
  const id = `event-${i}`;
  const request = {
    kind: 'repository_dispatch',
    repository: 'acme/deploy',
    event_type: 'go',
    client_payload: { delivery_id: id },
  } as const;
  const common = {
    route: 'deploy',
    target: 'repository_dispatch:acme/deploy',
    credential: 'github',
    replacesOlder: false,
    state: 'pending',
  } as const;
  return {
    id,
    receivedAt: 1_800_000_000_000 + i,
    subjectKey: `subject-${i}`,
    bodyHash: `body-${i}`,
    event: { type: 'add_artifact_alias', source: 'default', alias: 'production' },
    body: JSON.stringify({ filler: 'x'.repeat(300) }),
    firings: [
      {
        route: 'deploy',
        cooldownKey: null,
        cooldownMs: 0,
        deliveries: [{ ...common, id: `delivery-${i}`, orderKey: `subject-${i}`, request }],
      },
    ],
  };
}
