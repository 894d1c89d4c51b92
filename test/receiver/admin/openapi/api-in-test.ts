import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqliteStore } from '../../../../receiver/store/sqlite/sqlite-store.ts';
import type { RelayEvent } from '../../../../src/event/event.ts';
import { promotionOf } from '../../../../src/event/promotion.ts';
import { digest } from '../../../../src/lib/digest.ts';
import { openMigrated } from '../../../stand-ins/sqlite-in-test.ts';
import { temporaryFolder } from '../../../stand-ins/temporary-folder.ts';
import { realReceiver, takingDispatches } from '../../cli/real-receiver.ts';
import { heldEvent, reportOf } from '../../store/conversation-samples.ts';
import { advance, lease, ruleOf } from '../../store/engine-samples.ts';
import { accept, bury, claim, deliveryOf, eventOf, retryAt, succeed } from '../../store/samples.ts';

export const TOKENS = { ada: 'token-of-ada-in-tests', shared: 'token-of-all-admins', viewer: 'token-of-viewers' } as const;

const CONFIG = `
version: 1
entity: acme
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
  - name: guarded
    on: { event: add_artifact_alias, alias: guarded }
    approval: { slack: "#ml", approvals: 2 }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-guarded }
automations:
  - name: loss-too-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 8 } }
    action: { relay: { to: [{ slack: { channel: "#ml" } }] } }
`;

const ALIAS: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'train',
  collection: 'resnet50',
  alias: 'production',
};
export const ALIAS_KEY = digest(promotionOf({ ...ALIAS, version: 'v1' })?.aliasKey ?? '');

export interface TestApi {
  /** `http://127.0.0.1:PORT/relay/api` */
  readonly api: string;
  readonly log: readonly Record<string, unknown>[];
  readonly folder: string;
  call(method: string, path: string, options?: { as?: keyof typeof TOKENS; body?: unknown }): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

/** `serve` in a process of its own, whose database has something of everything. All is paused, so that nothing moves. */
export async function testApi(): Promise<TestApi> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'wandb-relay.yaml'), CONFIG);
  await fill(join(folder, 'relay.db'));
  const github = await takingDispatches();
  const environment = {
    RELAY_ADMIN_TOKENS: `ada:${TOKENS.ada}`,
    RELAY_ADMIN_TOKEN: TOKENS.shared,
    RELAY_VIEWER_TOKEN: TOKENS.viewer,
    BASE_PATH: '/relay',
  };
  const { url, log } = await realReceiver({ folder, github: github.url, environment });
  const api = `${new URL(url).origin}/relay/api`;
  return {
    api,
    log,
    folder,
    call: async (method, path, { as = 'ada', body } = {}) => {
      const response = await fetch(`${api}${path}`, {
        method: method.toUpperCase(),
        headers: { authorization: `Bearer ${TOKENS[as]}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const type = response.headers.get('content-type') ?? '';
      return { status: response.status, type, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

async function fill(path: string): Promise<void> {
  const store = sqliteStore(openMigrated(path));
  const now = Date.now() - 3_600_000;
  for (const version of ['v1', 'v2']) {
    const event = { ...ALIAS, version, author: 'ada' };
    const promotion = { aliasKey: ALIAS_KEY, version, replacing: () => ({ event, firings: [] }) };
    const deliveries = version === 'v1' ? [deliveryOf('d-v1')] : [];
    await store.accept([{ ...eventOf(version, { at: now, event, deliveries }), promotion }], { dedupeWindowMs: 0 });
    for (const claimed of await claim(store, now)) await succeed(store, claimed, now);
    if (version === 'v1')
      await store.recordRuns([reportOf('completed', { title: 'd-v1', createdAt: now, startedAt: now, endedAt: now })], now, () => []);
  }
  for (const id of ['dead-1', 'dead-2', 'dead-3']) await accept(store, eventOf(id, { at: now, subject: id, body: `{"id":"${id}"}` }));
  for (const claimed of await claim(store, now)) await bury(store, claimed, now);
  await accept(store, eventOf('retried', { at: now, subject: 'retried' }));
  for (const claimed of await claim(store, now)) await retryAt(store, claimed, now, now + 60_000);
  for (const id of ['h1', 'h2', 'h3', 'h4'])
    await accept(store, heldEvent(id, { at: Date.now(), subject: id, approval: { approvals: 2 } }));
  await accept(store, eventOf('none', { at: now, firings: [], event: { type: 'unknown', source: 'default' } }));
  await store.keepRejected({ receivedAt: now, source: 'prod', status: 400, reason: 'line 1, column 2: nonsense', body: '{"' });
  await lease(store, now);
  const at = { run: 'r1', display_name: 'happy-dawn-1', at: now };
  const detail = {
    name: 'loss-too-high',
    runs: 1,
    logged: true,
    condition: { kind: 'threshold' },
    current: { ...at, value: 9, met: true },
    last: { ...at, step: 3, value: 9 },
  };
  await advance(store, { now, problem: 'W&B answered 502', rules: [ruleOf('loss-too-high', { detail })] });
  await store.throttle({ credential: 'github', until: Date.now() + 3_600_000, reason: 'GitHub: secondary rate limit' });
  await store.mute({ route: 'deploy', subjectKey: 'dead-1', until: Date.now() + 3_600_000, by: 'ben' }, 'dead-1', now);
  await store.pause({ scope: { kind: 'everything' }, by: 'ben', at: now, reason: 'a test' });
  await store.close();
}
