import { describe, expect, test } from 'vitest';
import type { UnroutedEvent } from '../../../receiver/store/unrouted.ts';
import { planUnrouted } from '../../../receiver/webhook/plan-unrouted.ts';
import { readConfig } from '../../../src/config/config.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { indexRoutes } from '../../../src/route/route-index.ts';
import { testReceiver } from '../../stand-ins/receiver-in-process.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { T0 } from '../store/samples.ts';

const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
      - repository_dispatch: { repository: acme/audit, event_type: deployed }
`;

function planned(changes: Partial<UnroutedEvent> = {}) {
  const config = readConfig(CONFIG, 'wandb-relay.yaml');
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const event = { id: 'e1', receivedAt: T0, source: 'default', bodyHash: 'hash', body: JSON.stringify(aliasBody('v12')), ...changes };
  return planUnrouted(event, {
    matchRoutes: indexRoutes(config.value.routes.map(compileRoute)),
    credentialFor: () => 'github',
    connected: { slack: false, wandb: false },
  });
}

const idsOf = (event: ReturnType<typeof planned>) => event.firings.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));

describe('what follows from a stored body', () => {
  test('has the same ids each time, and others for another event', () => {
    const ids = idsOf(planned());

    expect(new Set(ids).size).toBe(2);
    expect(idsOf(planned())).toEqual(ids);
    expect(idsOf(planned({ id: 'e2' })).filter((id) => ids.includes(id))).toEqual([]);
  });

  test('is what follows when it is routed at once, but for the ids', async () => {
    const { post, store } = testReceiver({ config: CONFIG });
    const { id } = (await post(aliasBody('v12'))).body as { id: string };
    const stored = (await store.event(id))!;
    const requests = (await store.deliveries({ limit: 9 })).map(({ request }) => request);

    const { event, body, bodyHash, receivedAt, firings } = planned({ id, receivedAt: stored.receivedAt });

    expect({ event, body, receivedAt }).toEqual({ event: stored.event, body: stored.body, receivedAt: stored.receivedAt });
    expect(bodyHash).toBe('hash');
    const without = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one).replace(/"delivery_id":"[^"]+"/, '')).sort();
    expect(without(firings.flatMap(({ deliveries }) => deliveries.map(({ request }) => request)))).toEqual(without(requests));
  });

  test.each([
    ['no JSON', '{', /^its stored body is not JSON: /],
    ['a test of W&B', '{"ping":true}', /^its stored body is a test, not an event$/],
  ])('is not made of %s', (_, body, why) => {
    expect(() => planned({ body })).toThrow(why);
  });
});
