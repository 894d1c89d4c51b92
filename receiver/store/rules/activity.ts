import type { RelayEvent } from '../../../src/event/event.ts';
import type { ActivityFacts, CountedEvent, FailedDelivery } from '../activity.ts';
import { rows, type Work } from './work.ts';

interface PageOf {
  readonly limit: number;
  readonly before?: number;
}

/** Larger than any `seq`. */
const END = Number.MAX_SAFE_INTEGER;

export function* countedEvents({ limit, before = END }: PageOf): Work<CountedEvent[]> {
  const found = yield* rows<{ seq: number; id: string; received_at: number; outcome: string; event: string }>(
    'SELECT seq, id, received_at, outcome, event FROM events WHERE seq < $1 ORDER BY seq DESC LIMIT $2',
    before,
    limit,
  );
  const ids = found.filter(({ outcome }) => outcome === 'routed').map(({ id }) => id);
  const routes = yield* routesOf(ids);
  return found.map(({ seq, id, received_at, outcome, event }) => ({
    seq,
    receivedAt: received_at,
    isDuplicate: outcome === 'duplicate',
    facts: factsOf(event),
    routes: [...(routes.get(id) ?? [])],
  }));
}

function* routesOf(ids: readonly string[]): Work<ReadonlyMap<string, ReadonlySet<string>>> {
  const routes = new Map<string, Set<string>>();
  if (ids.length === 0) return routes;
  const found = yield* rows<{ event_id: string; route: string }>(
    'SELECT event_id, route FROM deliveries WHERE event_id = ANY ($1) AND ephemeral = 0',
    ids,
  );
  for (const { event_id, route } of found) {
    const known = routes.get(event_id);
    if (known === undefined) routes.set(event_id, new Set([route]));
    else known.add(route);
  }
  return routes;
}

export function* failedDeliveries({ limit, before = END }: PageOf): Work<FailedDelivery[]> {
  // The condition on states is that of the index of what ended without success.
  const found = yield* rows<{ seq: number; event_id: string; route: string; received_at: number; event: string }>(
    `SELECT d.seq, d.event_id, d.route, e.received_at, e.event FROM deliveries d JOIN events e ON e.id = d.event_id
     WHERE d.state NOT IN ('delivered', 'pending', 'in_flight') AND d.state = 'dead' AND d.ephemeral = 0 AND d.seq < $1
     ORDER BY d.seq DESC LIMIT $2`,
    before,
    limit,
  );
  return found.map(({ seq, event_id, route, received_at, event }) => ({
    seq,
    eventId: event_id,
    route,
    receivedAt: received_at,
    facts: factsOf(event),
  }));
}

function factsOf(text: string): ActivityFacts {
  const { automation, entity, project, registry } = JSON.parse(text) as RelayEvent;
  return {
    ...(automation === undefined ? {} : { automation }),
    ...(entity === undefined ? {} : { entity }),
    ...(project === undefined ? {} : { project }),
    ...(registry === undefined ? {} : { registry }),
  };
}
